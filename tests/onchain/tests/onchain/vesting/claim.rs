use super::scene::{Scene, TOTAL, YEAR, args};
use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{START, assert_anchor_error, assert_refused};
use vesting::{CreateVestingArgs, VestingError, instruction as ix};

use crate::crowd::Crowd;

#[test]
fn what_has_vested_is_paid_and_nothing_twice() {
    let mut scene = Scene::created();
    scene.world.advance(YEAR - 1);
    let claim = scene
        .world
        .claim_accounts(&scene.allocation, &scene.beneficiary);
    let sent = scene.world.claim(claim, &scene.beneficiary.key);
    assert_refused(sent, VestingError::NothingVested);

    scene.world.advance(1);
    scene.world.do_claim(&scene.allocation, &scene.beneficiary);
    assert_eq!((scene.paid(), scene.held()), (TOTAL / 4, TOTAL / 4 * 3));
    let sent = scene.world.claim(claim, &scene.beneficiary.key);
    assert_refused(sent, VestingError::NothingVested);

    scene.world.advance(1);
    scene.world.do_claim(&scene.allocation, &scene.beneficiary);
    // one second of four years
    let second = TOTAL / (4 * YEAR as u64);
    assert!((second..=second + 1).contains(&(scene.paid() - TOTAL / 4)));

    scene.world.advance(10 * YEAR);
    scene.world.do_claim(&scene.allocation, &scene.beneficiary);
    assert_eq!((scene.paid(), scene.held()), (TOTAL, 0));
    let vesting = scene.world.vesting_of(&scene.allocation);
    assert_eq!((vesting.claimed, vesting.seq), (TOTAL, 4));
    let sent = scene.world.claim(claim, &scene.beneficiary.key);
    assert_refused(sent, VestingError::NothingVested);
}

#[test]
fn odd_amounts_add_up_to_the_unit() {
    let mut scene = Scene::before();
    let beneficiary = scene.beneficiary.pubkey();
    let odd = CreateVestingArgs {
        id: 7,
        total: 1_000_003,
        start: START,
        cliff_seconds: 0,
        duration_seconds: 97,
    };
    scene.allocation = scene
        .world
        .do_create_vesting(&scene.funder, &beneficiary, odd);
    for second in 1..=97u64 {
        scene.world.advance(1);
        scene.world.do_claim(&scene.allocation, &scene.beneficiary);
        assert_eq!(scene.paid(), 1_000_003 * second / 97);
        assert_eq!(scene.paid() + scene.held(), 1_000_003);
    }
}

#[test]
fn without_duration_all_is_there_from_the_start() {
    let mut scene = Scene::before();
    let beneficiary = scene.beneficiary.pubkey();
    let later = CreateVestingArgs {
        start: START + 100,
        cliff_seconds: 0,
        duration_seconds: 0,
        ..args(1)
    };
    scene
        .world
        .do_create_vesting(&scene.funder, &beneficiary, later);
    let claim = scene
        .world
        .claim_accounts(&scene.allocation, &scene.beneficiary);
    scene.world.advance(99);
    let sent = scene.world.claim(claim, &scene.beneficiary.key);
    assert_refused(sent, VestingError::NothingVested);
    scene.world.advance(1);
    scene.world.do_claim(&scene.allocation, &scene.beneficiary);
    assert_eq!((scene.paid(), scene.held()), (TOTAL, 0));
}

#[test]
fn only_the_beneficiary_claims_and_only_from_its_vault() {
    let mut scene = Scene::created();
    let beneficiary = scene.beneficiary.pubkey();
    let other = scene
        .world
        .do_create_vesting(&scene.funder, &beneficiary, args(2));
    scene.world.advance(2 * YEAR);
    let right = scene
        .world
        .claim_accounts(&scene.allocation, &scene.beneficiary);

    // neither its funder
    let mut wrong = right;
    wrong.beneficiary = scene.funder.pubkey();
    let sent = scene.world.claim(wrong, &scene.funder.key);
    assert_refused(sent, VestingError::NotBeneficiary);
    wrong = right;
    wrong.vault = other.vault;
    let sent = scene.world.claim(wrong, &scene.beneficiary.key);
    assert_refused(sent, VestingError::AddressMismatch);
    wrong = right;
    wrong.to = scene.allocation.vault;
    let sent = scene.world.claim(wrong, &scene.beneficiary.key);
    assert_refused(sent, VestingError::AddressMismatch);

    let stray = scene.world.create_mint("other-mint", 9, None);
    wrong = right;
    wrong.to = scene.world.do_create_token_account(&beneficiary, &stray);
    let sent = scene.world.claim(wrong, &scene.beneficiary.key);
    assert_anchor_error(sent, ErrorCode::ConstraintTokenMint);
}

#[test]
fn any_account_of_the_mint_may_be_paid() {
    let mut scene = Scene::created();
    scene.world.advance(4 * YEAR);
    let exchange = scene.world.wallet("exchange", 0);
    let mut claim = scene
        .world
        .claim_accounts(&scene.allocation, &scene.beneficiary);
    claim.to = exchange.token;
    scene
        .world
        .claim(claim, &scene.beneficiary.key)
        .expect("the beneficiary named it");
    assert_eq!(scene.world.balance(&exchange.token), TOTAL);
}

#[test]
fn no_wrong_account_is_taken() {
    let (mut crowd, allocation) = Crowd::with_allocation();
    crowd.scene.world.advance(500);
    let scene = &crowd.scene;
    let accounts = scene.world.claim_accounts(&allocation, &scene.node);
    crowd.try_vesting("claim", accounts, ix::Claim {});
}
