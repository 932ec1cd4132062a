use super::scene::Scene;
use cyxwiz_tests_onchain::assert_refused;
use vesting::{VestingError, accounts, instruction as ix};

use crate::crowd::Crowd;

#[test]
fn only_the_beneficiary_proposes_another() {
    let mut scene = Scene::created();
    let next = scene.world.wallet("next", 0);
    for stranger in [&scene.funder, &next] {
        let sent = scene
            .world
            .propose_beneficiary(&scene.allocation, next.pubkey(), stranger);
        assert_refused(sent, VestingError::NotBeneficiary);
    }
    scene
        .world
        .propose_beneficiary(&scene.allocation, next.pubkey(), &scene.beneficiary)
        .expect("the beneficiary may");
    let vesting = scene.world.vesting_of(&scene.allocation);
    assert_eq!(vesting.pending_beneficiary, Some(next.pubkey()));
    assert_eq!(
        (vesting.beneficiary, vesting.seq),
        (scene.beneficiary.pubkey(), 2)
    );
}

#[test]
fn a_proposal_can_be_taken_back() {
    let mut scene = Scene::created();
    let next = scene.world.wallet("next", 0);
    for proposed in [next.pubkey(), scene.beneficiary.pubkey()] {
        scene
            .world
            .propose_beneficiary(&scene.allocation, proposed, &scene.beneficiary)
            .expect("the beneficiary may");
    }
    let vesting = scene.world.vesting_of(&scene.allocation);
    assert_eq!(vesting.pending_beneficiary, None);
    let sent = scene.world.accept_beneficiary(&scene.allocation, &next);
    assert_refused(sent, VestingError::NotPendingBeneficiary);
}

#[test]
fn no_wrong_account_is_taken() {
    let (mut crowd, allocation) = Crowd::with_allocation();
    let accounts = accounts::ProposeBeneficiary {
        beneficiary: crowd.scene.node.pubkey(),
        vesting: allocation.vesting,
    };
    let next = crowd.stranger;
    crowd.try_vesting(
        "propose_beneficiary",
        accounts,
        ix::ProposeBeneficiary { next },
    );
}
