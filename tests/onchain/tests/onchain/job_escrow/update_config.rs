use anchor_lang::prelude::Pubkey;
use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_refused, key};
use job_escrow::{ConfigArgs, EscrowError, Params, accounts, instruction as ix};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::Scene;

#[test]
fn parameters_stay_within_their_bounds() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let edits: [fn(&mut Params); 12] = [
        |params| params.fee_bps = 2_001,
        |params| params.fee_bps_diamond = 2_001,
        |params| params.cancel_fee_bps = 2_001,
        |params| params.acceptance_seconds[0] = 7 * 86_400 + 1,
        |params| params.acceptance_seconds[3] = -1,
        |params| params.assign_window_seconds = 0,
        |params| params.receipt_window_seconds = 86_401,
        |params| params.min_timeout_seconds = 0,
        |params| params.max_timeout_seconds = 90 * 86_400 + 1,
        |params| params.dispute_bond_bps = 2_001,
        |params| params.dispute_window_seconds = 86_399,
        |params| params.dispute_window_seconds = 30 * 86_400 + 1,
    ];
    for edit in edits {
        let mut params = Params::default();
        edit(&mut params);
        let sent = world.update_escrow_config(params, &admin);
        assert_refused(sent, EscrowError::ParameterOutOfBounds);
    }
    let params = Params {
        fee_bps: 2_000,
        ..Params::default()
    };
    world
        .update_escrow_config(params, &admin)
        .expect("20 % is the limit");
}

#[test]
fn a_changed_fee_leaves_assigned_jobs_alone() {
    let mut scene = Scene::assigned();
    let admin = scene.world.admin.insecure_clone();
    let params = Params {
        fee_bps: 2_000,
        ..Params::default()
    };
    scene
        .world
        .update_escrow_config(params, &admin)
        .expect("20 % is the limit");
    scene.world.do_submit_completion(&scene.job, &scene.node);
    scene.world.do_accept(&scene.job, &scene.user);
    assert_eq!(scene.world.escrow_of(&scene.job).paid_platform, CYXWIZ);
}

#[test]
fn every_key_must_be_somebodys() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let edits: [fn(&mut ConfigArgs); 4] = [
        |args| args.coordinator = Pubkey::default(),
        |args| args.dispute_authority = Pubkey::default(),
        |args| args.development = Pubkey::default(),
        |args| args.liquidity = Pubkey::default(),
    ];
    for edit in edits {
        let mut args = world.escrow_config_args(Params::default());
        edit(&mut args);
        let sent = world.update_escrow_config_to(args, &admin);
        assert_refused(sent, EscrowError::MissingKey);
    }
}

#[test]
fn only_the_admin_sets_parameters() {
    let mut world = World::new();
    for stranger in [&key("stranger"), &world.coordinator.insecure_clone()] {
        let sent = world.update_escrow_config(Params::default(), stranger);
        assert_refused(sent, EscrowError::NotAdmin);
    }
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let accounts = accounts::Administer {
        admin: crowd.scene.world.admin.pubkey(),
        config: address::escrow_config(),
    };
    let args = crowd.scene.world.escrow_config_args(Params::default());
    crowd.try_escrow("update_config", accounts, ix::UpdateConfig { args });
}
