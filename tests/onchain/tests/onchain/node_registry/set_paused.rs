use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_refused, key, profile};
use node_registry::{RegistryError, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_the_admin_pauses() {
    let mut world = World::new();
    for stranger in [&key("stranger"), &world.coordinator.insecure_clone()] {
        let sent = world.set_registry_paused(true, stranger);
        assert_refused(sent, RegistryError::NotAdmin);
    }
}

#[test]
fn a_pause_stops_registrations_and_locks() {
    let mut scene = Scene::open().paused();
    let newcomer = scene.world.wallet("newcomer", 0);
    let accounts = scene.world.register_accounts(&newcomer.pubkey());
    let sent = scene.world.register(accounts, profile(), &[&newcomer.key]);
    assert_refused(sent, RegistryError::Paused);

    let admin = scene.world.admin.insecure_clone();
    scene
        .world
        .set_escrow_paused(false, &admin)
        .expect("the admin resumes");
    let coordinator = scene.world.coordinator.insecure_clone();
    let accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, RegistryError::Paused);
}

#[test]
fn a_pause_keeps_no_stake() {
    let mut scene = Scene::open().paused();
    let node = address::node(&scene.node.pubkey());
    scene
        .world
        .request_unstake(node, CYXWIZ, &scene.node.key)
        .expect("request_unstake");
    scene.world.advance(30 * 86_400);
    let accounts = scene.world.withdraw_accounts(&scene.node);
    scene
        .world
        .withdraw(accounts, &[&scene.node.key])
        .expect("withdraw");
    assert_eq!(scene.world.balance(&scene.node.token), CYXWIZ);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Administer {
        admin: crowd.scene.world.admin.pubkey(),
        config: address::registry_config(),
    };
    crowd.try_registry("set_paused", accounts, ix::SetPaused { paused: true });
}
