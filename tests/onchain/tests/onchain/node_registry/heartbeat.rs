use cyxwiz_tests_onchain::{World, address, assert_refused};
use node_registry::{RegistryError, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn a_heartbeat_is_noted_at_most_hourly() {
    let mut world = World::new();
    let owner = world.node("node", 0);
    let node = address::node(&owner.pubkey());
    world.heartbeat(node, &owner.key).expect("the first");
    let first = world.node_of(&owner);
    assert_eq!(first.last_heartbeat_at, world.now());

    for wait in [0, 3_599] {
        world.advance(wait);
        let sent = world.heartbeat(node, &owner.key);
        assert_refused(sent, RegistryError::HeartbeatTooEarly);
    }
    world.advance(1);
    world.heartbeat(node, &owner.key).expect("an hour later");
    let second = world.node_of(&owner);
    assert_eq!(second.last_heartbeat_at, first.last_heartbeat_at + 3_600);
    assert_eq!(second.seq, first.seq + 1);
}

#[test]
fn only_the_owner_sends_it() {
    let mut world = World::new();
    let owner = world.node("node", 0);
    let stranger = world.node("stranger", 0);
    let sent = world.heartbeat(address::node(&owner.pubkey()), &stranger.key);
    assert_refused(sent, RegistryError::NotNodeOwner);
}

#[test]
fn a_pause_does_not_silence_a_node() {
    let mut world = World::new();
    let owner = world.node("node", 0);
    let admin = world.admin.insecure_clone();
    world
        .set_registry_paused(true, &admin)
        .expect("the admin pauses");
    world
        .heartbeat(address::node(&owner.pubkey()), &owner.key)
        .expect("heartbeat");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Heartbeat {
        owner: crowd.scene.node.pubkey(),
        node: crowd.scene.node_address(),
    };
    crowd.try_registry("heartbeat", accounts, ix::Heartbeat {});
}
