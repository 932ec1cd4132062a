use cyxwiz_tests_onchain::{World, address, assert_refused, profile};
use node_registry::{RegistryError, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_the_owner_updates() {
    let mut world = World::new();
    let owner = world.node("node", 0);
    let stranger = world.wallet("stranger", 0);
    let node = address::node(&owner.pubkey());
    let mut moved = profile();
    moved.endpoint = "elsewhere:7443".to_owned();
    let sent = world.update(node, moved.clone(), &stranger.key);
    assert_refused(sent, RegistryError::NotNodeOwner);
    world
        .update(node, moved, &owner.key)
        .expect("the owner may");
    assert_eq!(world.node_of(&owner).endpoint, "elsewhere:7443");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Update {
        owner: crowd.scene.node.pubkey(),
        config: address::registry_config(),
        node: crowd.scene.node_address(),
    };
    let profile = profile();
    crowd.try_registry("update", accounts, ix::Update { profile });
}
