use super::scene::{Scene, TOTAL, YEAR};
use cyxwiz_tests_onchain::assert_refused;
use vesting::{VestingError, accounts, instruction as ix};

use crate::crowd::Crowd;

#[test]
fn the_next_beneficiary_takes_over_what_is_left() {
    let mut scene = Scene::created();
    scene.world.advance(YEAR);
    scene.world.do_claim(&scene.allocation, &scene.beneficiary);
    scene.world.advance(YEAR);
    let next = scene.world.wallet("next", 0);
    scene
        .world
        .propose_beneficiary(&scene.allocation, next.pubkey(), &scene.beneficiary)
        .expect("the beneficiary may");
    // until it is accepted, nothing has changed
    scene.world.do_claim(&scene.allocation, &scene.beneficiary);
    scene
        .world
        .accept_beneficiary(&scene.allocation, &next)
        .expect("it was proposed");

    scene.world.advance(2 * YEAR);
    let claim = scene
        .world
        .claim_accounts(&scene.allocation, &scene.beneficiary);
    let sent = scene.world.claim(claim, &scene.beneficiary.key);
    assert_refused(sent, VestingError::NotBeneficiary);
    scene.world.do_claim(&scene.allocation, &next);
    assert_eq!(scene.paid(), TOTAL / 2);
    assert_eq!(scene.world.balance(&next.token), TOTAL / 2);
    let sent = scene.world.accept_beneficiary(&scene.allocation, &next);
    assert_refused(sent, VestingError::NotPendingBeneficiary);
}

#[test]
fn nobody_takes_over_unasked() {
    let mut scene = Scene::created();
    let (next, thief) = (
        scene.world.wallet("next", 0),
        scene.world.wallet("thief", 0),
    );
    for stranger in [&thief, &scene.funder, &scene.beneficiary] {
        let sent = scene.world.accept_beneficiary(&scene.allocation, stranger);
        assert_refused(sent, VestingError::NotPendingBeneficiary);
    }
    scene
        .world
        .propose_beneficiary(&scene.allocation, next.pubkey(), &scene.beneficiary)
        .expect("the beneficiary may");
    let sent = scene.world.accept_beneficiary(&scene.allocation, &thief);
    assert_refused(sent, VestingError::NotPendingBeneficiary);
}

#[test]
fn no_wrong_account_is_taken() {
    let (mut crowd, allocation) = Crowd::with_allocation();
    let scene = &mut crowd.scene;
    let next = scene.user.pubkey();
    scene
        .world
        .propose_beneficiary(&allocation, next, &scene.node)
        .expect("the beneficiary may");
    let accounts = accounts::AcceptBeneficiary {
        new_beneficiary: next,
        vesting: allocation.vesting,
    };
    crowd.try_vesting("accept_beneficiary", accounts, ix::AcceptBeneficiary {});
}
