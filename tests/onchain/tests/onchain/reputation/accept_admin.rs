use cyxwiz_tests_onchain::{World, assert_refused, key};
use reputation::ReputationError;
use solana_signer::Signer;

#[test]
fn nobody_accepts_what_was_not_proposed() {
    let mut world = World::new();
    for stranger in [&key("stranger"), &world.admin.insecure_clone()] {
        let sent = world.accept_reputation_admin(stranger);
        assert_refused(sent, ReputationError::NotPendingAdmin);
    }
}

#[test]
fn the_hand_over_takes_two_steps_and_ends_the_old_admin() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let next = key("next-admin");
    world
        .propose_reputation_admin(next.pubkey(), &admin)
        .expect("the admin may");
    world
        .accept_reputation_admin(&next)
        .expect("it was proposed");
    let sent = world.set_reputation_paused(true, &admin);
    assert_refused(sent, ReputationError::NotAdmin);
    world
        .set_reputation_paused(true, &next)
        .expect("it is the admin now");
    // a proposal is accepted once
    let sent = world.accept_reputation_admin(&next);
    assert_refused(sent, ReputationError::NotPendingAdmin);
}
