use cyxwiz_tests_onchain::{World, address, assert_refused, key};
use reputation::{ReputationError, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn only_the_admin_pauses() {
    let mut world = World::new();
    for stranger in [&key("stranger"), &world.coordinator.insecure_clone()] {
        let sent = world.set_reputation_paused(true, stranger);
        assert_refused(sent, ReputationError::NotAdmin);
    }
}

#[test]
fn a_pause_stops_new_records_and_ratings() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let mut scene = scene.paused();
    let newcomer = scene.world.wallet("newcomer", 0);
    let sent = scene.world.open_user(&newcomer.pubkey());
    assert_refused(sent, ReputationError::Paused);
    let sent = scene.world.open_node(&newcomer.pubkey());
    assert_refused(sent, ReputationError::Paused);
    let accounts = scene.world.rate_accounts(&scene.job, &scene.node.pubkey());
    let sent = scene.world.rate(accounts, 5, &[&scene.user.key]);
    assert_refused(sent, ReputationError::Paused);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Administer {
        admin: crowd.scene.world.admin.pubkey(),
        config: address::reputation_config(),
    };
    crowd.try_reputation("set_paused", accounts, ix::SetPaused { paused: true });
}
