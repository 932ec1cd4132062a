use cyxwiz_tests_onchain::{World, assert_refused};
use reputation::math::Tier;

#[test]
fn anyone_opens_the_empty_record_of_a_node_once() {
    let mut world = World::new();
    let owner = world.wallet("owner", 0);
    world.do_open_node(&owner.pubkey());
    let record = world.reputation_of(&owner);
    assert_eq!((record.owner, record.score), (owner.pubkey(), 0));
    assert_eq!(record.tier(), Tier::Bronze);
    assert_eq!(record.last_change, world.now());
    let sent = world.open_node(&owner.pubkey());
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}
