use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_refused};
use node_registry::{RegistryError, accounts, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn dust_in_the_stake_vault_is_no_stake() {
    let mut world = World::new();
    let owner = world.node("node", 10 * CYXWIZ);
    let stranger = world.wallet("stranger", CYXWIZ);
    let node = address::node(&owner.pubkey());
    world.do_transfer(
        &stranger.token,
        &stranger.key,
        &address::stake_vault(&node),
        3,
    );
    let sent = world.request_unstake(node, 10 * CYXWIZ + 3, &owner.key);
    assert_refused(sent, RegistryError::InsufficientStake);
    world
        .request_unstake(node, 10 * CYXWIZ, &owner.key)
        .expect("the stake itself is free");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::RequestUnstake {
        owner: crowd.scene.node.pubkey(),
        config: address::registry_config(),
        node: crowd.scene.node_address(),
    };
    crowd.try_registry(
        "request_unstake",
        accounts,
        ix::RequestUnstake { amount: 1 },
    );
}
