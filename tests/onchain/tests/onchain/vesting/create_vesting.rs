use super::scene::{Scene, TOTAL, YEAR, args};
use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::Pubkey;
use cyxwiz_tests_onchain::{CYXWIZ, START, assert_anchor_error, assert_refused};
use vesting::{CreateVestingArgs, VestingError, instruction as ix};

use crate::crowd::Crowd;

#[test]
fn the_funder_parts_with_the_whole_allocation_at_once() {
    let scene = Scene::created();
    assert_eq!(scene.held(), TOTAL);
    assert_eq!(scene.world.balance(&scene.funder.token), 2 * TOTAL);
    let vesting = scene.world.vesting_of(&scene.allocation);
    assert_eq!(vesting.mint, scene.world.mint);
    assert_eq!(
        (vesting.funder, vesting.rent_payer),
        (scene.funder.pubkey(), scene.funder.pubkey())
    );
    assert_eq!(
        (vesting.beneficiary, vesting.first_beneficiary),
        (scene.beneficiary.pubkey(), scene.beneficiary.pubkey())
    );
    assert_eq!((vesting.total, vesting.claimed), (TOTAL, 0));
    assert_eq!((vesting.version, vesting.seq, vesting.id), (1, 1, 1));
    assert_eq!(vesting.pending_beneficiary, None);
}

#[test]
fn allocations_are_told_apart_by_funder_beneficiary_and_number() {
    let mut scene = Scene::created();
    let beneficiary = scene.beneficiary.pubkey();
    let accounts = scene
        .world
        .create_vesting_accounts(&scene.funder, &beneficiary, 1);
    let sent = scene
        .world
        .create_vesting(accounts, args(1), &[&scene.funder.key]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
    let second = scene
        .world
        .do_create_vesting(&scene.funder, &beneficiary, args(2));
    let rival = scene.world.wallet("rival", TOTAL);
    let other = scene.world.do_create_vesting(&rival, &beneficiary, args(1));
    assert_eq!(scene.world.balance(&second.vault), TOTAL);
    assert_eq!(scene.world.balance(&other.vault), TOTAL);
}

#[test]
fn schedules_stay_within_their_bounds() {
    let mut scene = Scene::before();
    let beneficiary = scene.beneficiary.pubkey();
    let (year, decade) = (YEAR as u64, 10 * YEAR);
    type Edit = fn(&mut CreateVestingArgs);
    let cases: [(Edit, VestingError); 7] = [
        (|args| args.total = 0, VestingError::ZeroTotal),
        (
            |args| args.cliff_seconds = args.duration_seconds + 1,
            VestingError::ScheduleOutOfBounds,
        ),
        (
            |args| args.duration_seconds = 20 * YEAR as u64 + 1,
            VestingError::ScheduleOutOfBounds,
        ),
        (
            |args| (args.cliff_seconds, args.duration_seconds) = (u64::MAX, u64::MAX),
            VestingError::ScheduleOutOfBounds,
        ),
        // milliseconds
        (|args| args.start *= 1_000, VestingError::StartOutOfBounds),
        (|args| args.start = 0, VestingError::StartOutOfBounds),
        (|args| args.start = i64::MIN, VestingError::StartOutOfBounds),
    ];
    for (edit, error) in cases {
        let mut args = args(1);
        edit(&mut args);
        let accounts = scene
            .world
            .create_vesting_accounts(&scene.funder, &beneficiary, 1);
        let sent = scene
            .world
            .create_vesting(accounts, args, &[&scene.funder.key]);
        assert_refused(sent, error);
    }
    let allowed = [
        (1, START - decade, 0, 0),
        (2, START + decade, 0, 20 * year),
        (3, START, 20 * year, 20 * year),
    ];
    for (id, start, cliff_seconds, duration_seconds) in allowed {
        let args = CreateVestingArgs {
            id,
            total: 1,
            start,
            cliff_seconds,
            duration_seconds,
        };
        scene
            .world
            .do_create_vesting(&scene.funder, &beneficiary, args);
    }
}

#[test]
fn only_what_the_funder_has_and_signs_for_is_allocated() {
    let mut scene = Scene::before();
    let beneficiary = scene.beneficiary.pubkey();
    let right = scene
        .world
        .create_vesting_accounts(&scene.funder, &beneficiary, 1);
    let mut too_much = args(1);
    too_much.total = 3 * TOTAL + 1;
    let sent = scene
        .world
        .create_vesting(right, too_much, &[&scene.funder.key]);
    assert_refused(sent, 1u32); // the token program's InsufficientFunds

    // a thief's signature under the funder's tokens
    let thief = scene.world.wallet("thief", 0);
    let mut wrong = scene
        .world
        .create_vesting_accounts(&thief, &thief.pubkey(), 1);
    wrong.funder_token = scene.funder.token;
    let sent = scene.world.create_vesting(wrong, args(1), &[&thief.key]);
    assert_anchor_error(sent, ErrorCode::ConstraintTokenOwner);
}

#[test]
fn nobody_is_no_beneficiary_and_a_mint_that_freezes_no_token() {
    let mut scene = Scene::before();
    let nobody = Pubkey::default();
    let accounts = scene
        .world
        .create_vesting_accounts(&scene.funder, &nobody, 1);
    let sent = scene
        .world
        .create_vesting(accounts, args(1), &[&scene.funder.key]);
    assert_refused(sent, VestingError::NoBeneficiary);

    let freezer = scene.funder.pubkey();
    scene.world.mint = scene.world.create_mint("frozen", 9, Some(&freezer));
    let mint = scene.world.mint;
    scene.funder.token = scene.world.do_create_token_account(&freezer, &mint);
    scene.world.do_mint(&scene.funder.token.clone(), TOTAL);
    let beneficiary = scene.beneficiary.pubkey();
    let accounts = scene
        .world
        .create_vesting_accounts(&scene.funder, &beneficiary, 1);
    let sent = scene
        .world
        .create_vesting(accounts, args(1), &[&scene.funder.key]);
    assert_refused(sent, VestingError::UnsuitableMint);
}

#[test]
fn no_wrong_account_is_taken() {
    let (mut crowd, _) = Crowd::with_allocation();
    let scene = &crowd.scene;
    let beneficiary = scene.node.pubkey();
    let mut accounts = scene
        .world
        .create_vesting_accounts(&scene.user, &beneficiary, 3);
    accounts.payer = crowd.stranger;
    let args = CreateVestingArgs {
        total: CYXWIZ,
        ..args(3)
    };
    crowd.try_vesting("create_vesting", accounts, ix::CreateVesting { args });
}
