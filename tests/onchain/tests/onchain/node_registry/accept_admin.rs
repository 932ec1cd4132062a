use cyxwiz_tests_onchain::{World, address, assert_refused, key};
use node_registry::{RegistryError, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn nobody_accepts_what_was_not_proposed() {
    let mut world = World::new();
    for stranger in [&key("stranger"), &world.admin.insecure_clone()] {
        let sent = world.accept_registry_admin(stranger);
        assert_refused(sent, RegistryError::NotPendingAdmin);
    }
}

#[test]
fn the_hand_over_takes_two_steps_and_ends_the_old_admin() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let next = key("next-admin");
    world
        .propose_registry_admin(next.pubkey(), &admin)
        .expect("the admin may");
    world.accept_registry_admin(&next).expect("it was proposed");
    let sent = world.set_registry_paused(true, &admin);
    assert_refused(sent, RegistryError::NotAdmin);
    world
        .set_registry_paused(true, &next)
        .expect("it is the admin now");
    // a proposal is accepted once
    let sent = world.accept_registry_admin(&next);
    assert_refused(sent, RegistryError::NotPendingAdmin);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::open();
    let (admin, next) = (scene.world.admin.insecure_clone(), key("next-admin"));
    scene
        .world
        .propose_registry_admin(next.pubkey(), &admin)
        .expect("the admin may");
    let mut crowd = Crowd::around(scene).with_wallet("next admin", &next);
    let accounts = accounts::AcceptAdmin {
        new_admin: next.pubkey(),
        config: address::registry_config(),
    };
    crowd.try_registry("accept_admin", accounts, ix::AcceptAdmin {});
}
