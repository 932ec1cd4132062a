use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_refused};
use node_registry::{RegistryError, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::Scene;

const DAY: i64 = 86_400;

#[test]
fn the_cool_down_starts_with_the_request() {
    let mut world = World::new();
    let owner = world.node("node", 100 * CYXWIZ);
    let address = address::node(&owner.pubkey());
    world.advance(60 * DAY);
    world
        .request_unstake(address, 100 * CYXWIZ, &owner.key)
        .expect("all is free");
    let withdraw = world.withdraw_accounts(&owner);
    world.advance(14 * DAY - 1);
    let sent = world.withdraw(withdraw, &[&owner.key]);
    assert_refused(sent, RegistryError::StillLocked);
    world.advance(1);
    world
        .withdraw(withdraw, &[&owner.key])
        .expect("14 days have passed");
    assert_eq!(world.node_of(&owner).stake, 0);
}

#[test]
fn another_nodes_vault_is_refused() {
    let mut world = World::new();
    let rich = world.node("rich", 100 * CYXWIZ);
    let poor = world.node("poor", 10 * CYXWIZ);
    let mut accounts = world.withdraw_accounts(&poor);
    accounts.stake_vault = address::stake_vault(&address::node(&rich.pubkey()));
    let sent = world.withdraw(accounts, &[&poor.key]);
    assert_refused(sent, RegistryError::VaultMismatch);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::open();
    let node = scene.node_address();
    scene
        .world
        .request_unstake(node, CYXWIZ, &scene.node.key)
        .expect("the stake is free");
    let mut crowd = Crowd::around(scene);
    crowd.scene.world.advance(60 * DAY);
    let accounts = crowd.scene.world.withdraw_accounts(&crowd.scene.node);
    crowd.try_registry("withdraw", accounts, ix::Withdraw {});
}
