use anchor_lang::{error::ErrorCode, prelude::Pubkey};
use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_anchor_error, assert_refused, key};
use job_escrow::{EscrowError, Params, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

/// Opens the token accounts of both wallets.
fn open_accounts(world: &mut World) -> [Pubkey; 2] {
    let mint = world.mint;
    ["development", "liquidity"]
        .map(|name| world.do_create_token_account(&key(name).pubkey(), &mint))
}

#[test]
fn the_fee_of_a_job_is_split_forty_thirty_twenty_ten() {
    let mut scene = Scene::paid();
    let world = &mut scene.world;
    let [development, liquidity] = open_accounts(world);
    let supply = world.supply();
    let accounts = world.distribute_accounts();
    world.distribute(accounts).expect("there are fees");
    assert_eq!(world.balance(&address::platform_vault()), 0);
    assert_eq!(world.balance(&address::reward_vault()), 400_000_000);
    assert_eq!(world.balance(&development), 300_000_000);
    assert_eq!(world.balance(&liquidity), 200_000_000);
    assert_eq!(supply - world.supply(), 100_000_000);

    let sent = world.distribute(accounts);
    assert_refused(sent, EscrowError::NothingToDistribute);
}

#[test]
fn whatever_there_is_leaves_to_the_unit() {
    let mut world = World::new();
    let [development, liquidity] = open_accounts(&mut world);
    let accounts = world.distribute_accounts();
    let sent = world.distribute(accounts);
    assert_refused(sent, EscrowError::NothingToDistribute);

    let places = |world: &World| {
        [address::reward_vault(), development, liquidity].map(|at| world.balance(&at))
    };
    for collected in [
        1,
        2,
        3,
        7,
        9,
        1_001,
        123_456_789_123,
        18_000_000_000_000_000_000,
    ] {
        world.do_mint(&address::platform_vault(), collected);
        let (before, supply) = (places(&world), world.supply());
        world.distribute(accounts).expect("there are fees");
        let after = places(&world);
        let share = |index: usize| after[index] - before[index];
        let burned = supply - world.supply();
        let part = |bps: u128| (u128::from(collected) * bps / 10_000) as u64;
        assert_eq!(share(1), part(3_000), "development of {collected}");
        assert_eq!(share(2), part(2_000), "liquidity of {collected}");
        assert_eq!(burned, part(1_000), "burned of {collected}");
        assert_eq!(share(0), collected - share(1) - share(2) - burned);
        assert_eq!(world.balance(&address::platform_vault()), 0);
    }
}

#[test]
fn the_shares_are_parameters_that_make_a_whole() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    open_accounts(&mut world);
    for fee_split_bps in [
        [4_000, 3_000, 2_000, 999],
        [4_000, 3_000, 2_000, 1_001],
        [0; 4],
        [u16::MAX; 4],
    ] {
        let params = Params {
            fee_split_bps,
            ..Params::default()
        };
        let sent = world.update_escrow_config(params, &admin);
        assert_refused(sent, EscrowError::ParameterOutOfBounds);
    }
    let params = Params {
        fee_split_bps: [0, 0, 0, 10_000],
        ..Params::default()
    };
    world
        .update_escrow_config(params, &admin)
        .expect("it is a whole");
    world.do_mint(&address::platform_vault(), CYXWIZ);
    let supply = world.supply();
    let accounts = world.distribute_accounts();
    world.distribute(accounts).expect("there are fees");
    assert_eq!(world.supply(), supply - CYXWIZ);
}

#[test]
fn a_closed_account_blocks_nothing_as_any_other_of_its_owner_will_do() {
    let mut scene = Scene::paid();
    let world = &mut scene.world;
    open_accounts(world);
    let owner = key("development").pubkey();
    let other = world.do_create_other_token_account("more-development", &owner);
    let mut accounts = world.distribute_accounts();
    accounts.development_token = other;
    world.distribute(accounts).expect("it is development's");
    assert_eq!(world.balance(&other), 300_000_000);
}

#[test]
fn it_is_all_or_nothing() {
    let mut scene = Scene::paid();
    let world = &mut scene.world;
    let mint = world.mint;
    world.do_create_token_account(&key("development").pubkey(), &mint);
    let accounts = world.distribute_accounts();
    // liquidity has no account
    let sent = world.distribute(accounts);
    assert_anchor_error(sent, ErrorCode::AccountNotInitialized);
    assert_eq!(world.balance(&address::platform_vault()), CYXWIZ);
}

#[test]
fn a_pause_stops_no_distribution() {
    let mut scene = Scene::paid();
    let world = &mut scene.world;
    open_accounts(world);
    let admin = world.admin.insecure_clone();
    world
        .set_escrow_paused(true, &admin)
        .expect("the admin may");
    let accounts = world.distribute_accounts();
    world.distribute(accounts).expect("there are fees");
}

#[test]
fn no_wrong_account_is_taken() {
    let mut scene = Scene::paid();
    let [development, liquidity] = open_accounts(&mut scene.world);
    let accounts = scene.world.distribute_accounts();
    let mut crowd = Crowd::around(scene)
        .with_account("development's tokens", development)
        .with_account("liquidity's tokens", liquidity)
        .with_account("reward vault", address::reward_vault());
    crowd.try_escrow("distribute", accounts, ix::Distribute {});
}
