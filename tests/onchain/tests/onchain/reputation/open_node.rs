use cyxwiz_tests_onchain::{World, address, assert_refused};
use reputation::math::Tier;
use reputation::{accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

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

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::open();
    let newcomer = scene.world.wallet("newcomer", 0);
    let owner = newcomer.pubkey();
    let mut crowd = Crowd::around(scene).with_wallet("newcomer", &newcomer.key);
    let accounts = accounts::OpenNode {
        payer: owner,
        config: address::reputation_config(),
        reputation: address::reputation(&owner),
        system_program: solana_sdk_ids::system_program::ID,
    };
    crowd.try_reputation("open_node", accounts, ix::OpenNode { owner });
}
