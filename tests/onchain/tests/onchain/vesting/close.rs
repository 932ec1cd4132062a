use super::scene::{Scene, TOTAL, YEAR, args};
use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{assert_anchor_error, assert_refused};
use vesting::{VestingError, instruction as ix};

use crate::crowd::Crowd;

#[test]
fn the_rent_comes_back_when_all_is_paid() {
    let mut scene = Scene::created();
    let close = scene.world.close_vesting_accounts(&scene.allocation);
    let sent = scene.world.close_vesting(close);
    assert_refused(sent, VestingError::NotEmpty);
    // not even when all has vested: it must be claimed
    scene.world.advance(4 * YEAR);
    let sent = scene.world.close_vesting(close);
    assert_refused(sent, VestingError::NotEmpty);

    scene.world.do_claim(&scene.allocation, &scene.beneficiary);
    let world = &mut scene.world;
    let rent = world.lamports(&scene.allocation.vesting) + world.lamports(&scene.allocation.vault);
    let before = world.lamports(&scene.funder.pubkey());
    // nobody in particular sends it
    world.close_vesting(close).expect("all is paid");
    let after = world.lamports(&scene.funder.pubkey());
    assert_eq!(after - before, rent);
    assert!(!world.exists(&scene.allocation.vesting) && !world.exists(&scene.allocation.vault));
    assert_eq!(scene.paid(), TOTAL);
}

#[test]
fn what_strangers_sent_to_the_vault_is_the_beneficiarys() {
    let mut scene = Scene::claimed();
    scene.world.do_transfer(
        &scene.funder.token,
        &scene.funder.key,
        &scene.allocation.vault,
        5,
    );
    let close = scene.world.close_vesting_accounts(&scene.allocation);
    scene.world.close_vesting(close).expect("all is paid");
    assert_eq!(scene.paid(), TOTAL + 5);
}

#[test]
fn rent_and_tokens_go_nowhere_else() {
    let mut scene = Scene::claimed();
    let beneficiary = scene.beneficiary.pubkey();
    let other = scene
        .world
        .do_create_vesting(&scene.funder, &beneficiary, args(2));
    let right = scene.world.close_vesting_accounts(&scene.allocation);
    let mut wrong = right;
    wrong.rent_payer = scene.beneficiary.pubkey();
    assert_refused(
        scene.world.close_vesting(wrong),
        VestingError::RentPayerMismatch,
    );
    wrong = right;
    wrong.vault = other.vault;
    assert_refused(
        scene.world.close_vesting(wrong),
        VestingError::AddressMismatch,
    );
    wrong = right;
    wrong.beneficiary_token = scene.funder.token;
    assert_anchor_error(
        scene.world.close_vesting(wrong),
        ErrorCode::ConstraintTokenOwner,
    );
}

#[test]
fn a_closed_allocation_pays_nothing_more() {
    let mut scene = Scene::claimed();
    let close = scene.world.close_vesting_accounts(&scene.allocation);
    scene.world.close_vesting(close).expect("all is paid");
    let claim = scene
        .world
        .claim_accounts(&scene.allocation, &scene.beneficiary);
    let sent = scene.world.claim(claim, &scene.beneficiary.key);
    assert_anchor_error(sent, ErrorCode::AccountNotInitialized);
    // created anew it is another one, with tokens of its own
    let beneficiary = scene.beneficiary.pubkey();
    scene
        .world
        .do_create_vesting(&scene.funder, &beneficiary, args(1));
    assert_eq!((scene.paid(), scene.held()), (TOTAL, TOTAL));
}

#[test]
fn no_wrong_account_is_taken() {
    let (mut crowd, allocation) = Crowd::with_allocation();
    let scene = &mut crowd.scene;
    scene.world.advance(1_000);
    scene.world.do_claim(&allocation, &scene.node);
    // what somebody sends afterwards is the beneficiary's too
    scene.world.do_mint(&allocation.vault, 5);
    let accounts = scene.world.close_vesting_accounts(&allocation);
    crowd.try_vesting("close", accounts, ix::Close {});
}
