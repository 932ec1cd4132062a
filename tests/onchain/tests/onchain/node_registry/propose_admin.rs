use cyxwiz_tests_onchain::{World, address, assert_refused, key};
use node_registry::{RegistryError, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_the_admin_proposes_the_next() {
    let mut world = World::new();
    let next = key("next-admin");
    for stranger in [&next, &world.coordinator.insecure_clone()] {
        let sent = world.propose_registry_admin(next.pubkey(), stranger);
        assert_refused(sent, RegistryError::NotAdmin);
    }
}

#[test]
fn a_proposal_changes_nothing_yet_and_the_last_one_counts() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let (first, second) = (key("first"), key("second"));
    for next in [&first, &second] {
        world
            .propose_registry_admin(next.pubkey(), &admin)
            .expect("the admin may");
    }
    let sent = world.set_registry_paused(true, &second);
    assert_refused(sent, RegistryError::NotAdmin);
    world
        .set_registry_paused(true, &admin)
        .expect("a proposal changes nothing yet");
    let sent = world.accept_registry_admin(&first);
    assert_refused(sent, RegistryError::NotPendingAdmin);
    world
        .accept_registry_admin(&second)
        .expect("it was proposed last");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Administer {
        admin: crowd.scene.world.admin.pubkey(),
        config: address::registry_config(),
    };
    let data = ix::ProposeAdmin {
        admin: key("next-admin").pubkey(),
    };
    crowd.try_registry("propose_admin", accounts, data);
}
