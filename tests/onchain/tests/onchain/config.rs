use cyxwiz_tests_onchain::{CYXWIZ, World, address, assert_refused, key};
use job_escrow::{EscrowError, Params};
use node_registry::RegistryError;
use reputation::ReputationError;
use solana_signer::Signer;

use crate::scene::Scene;

#[test]
fn only_the_upgrade_authority_initializes() {
    let mut world = World::deployed();
    let thief = world.wallet("thief", 0);
    let mut accounts = world.initialize_escrow_accounts();
    accounts.admin = thief.pubkey();
    let sent = world.initialize_escrow(accounts, Params::default(), &[&thief.key]);
    assert_refused(sent, EscrowError::NotUpgradeAuthority);
    let mut accounts = world.initialize_registry_accounts();
    accounts.admin = thief.pubkey();
    let sent = world.initialize_registry(accounts, Default::default(), &[&thief.key]);
    assert_refused(sent, RegistryError::NotUpgradeAuthority);
    let mut accounts = world.initialize_reputation_accounts();
    accounts.admin = thief.pubkey();
    let sent = world.initialize_reputation(accounts, &[&thief.key]);
    assert_refused(sent, ReputationError::NotUpgradeAuthority);

    // nor with another program's data, of which somebody else is the authority
    let mut accounts = world.initialize_escrow_accounts();
    accounts.program_data = address::program_data(&node_registry::ID);
    let admin = world.admin.insecure_clone();
    let sent = world.initialize_escrow(accounts, Params::default(), &[&admin]);
    assert_refused(sent, EscrowError::NotUpgradeAuthority);
}

#[test]
fn nothing_is_initialized_twice() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let accounts = world.initialize_escrow_accounts();
    let sent = world.initialize_escrow(accounts, Params::default(), &[&admin]);
    assert_refused(sent, 0u32); // the system program's AccountAlreadyInUse
}

#[test]
fn a_mint_that_could_be_frozen_or_counts_otherwise_is_refused() {
    let mut world = World::deployed();
    let admin = world.admin.insecure_clone();
    let frozen = world.create_mint("frozen", 9, Some(&admin.pubkey()));
    let coarse = world.create_mint("coarse", 6, None);
    for mint in [frozen, coarse] {
        let mut accounts = world.initialize_escrow_accounts();
        accounts.mint = mint;
        let sent = world.initialize_escrow(accounts, Params::default(), &[&admin]);
        assert_refused(sent, EscrowError::UnsuitableMint);
        let mut accounts = world.initialize_registry_accounts();
        accounts.mint = mint;
        let sent = world.initialize_registry(accounts, Default::default(), &[&admin]);
        assert_refused(sent, RegistryError::UnsuitableMint);
    }
}

#[test]
fn parameters_stay_within_their_bounds() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let edits: [fn(&mut Params); 9] = [
        |params| params.fee_bps = 2_001,
        |params| params.fee_bps_diamond = 2_001,
        |params| params.cancel_fee_bps = 2_001,
        |params| params.acceptance_seconds[0] = 7 * 86_400 + 1,
        |params| params.acceptance_seconds[3] = -1,
        |params| params.assign_window_seconds = 0,
        |params| params.receipt_window_seconds = 86_401,
        |params| params.min_timeout_seconds = 0,
        |params| params.max_timeout_seconds = 90 * 86_400 + 1,
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

    let params = node_registry::Params {
        slash_timeout_bps: 5_001,
        ..Default::default()
    };
    let sent = world.update_registry_config(params, &admin);
    assert_refused(sent, RegistryError::ParameterOutOfBounds);
    let params = node_registry::Params {
        cooldown_seconds: -1,
        ..Default::default()
    };
    let sent = world.update_registry_config(params, &admin);
    assert_refused(sent, RegistryError::ParameterOutOfBounds);
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
fn only_the_admin_administers_and_hands_over_in_two_steps() {
    let mut world = World::new();
    let admin = world.admin.insecure_clone();
    let next = key("next-admin");
    for stranger in [&next, &world.coordinator.insecure_clone()] {
        assert_refused(
            world.set_escrow_paused(true, stranger),
            EscrowError::NotAdmin,
        );
        assert_refused(
            world.set_registry_paused(true, stranger),
            RegistryError::NotAdmin,
        );
        assert_refused(
            world.set_reputation_paused(true, stranger),
            ReputationError::NotAdmin,
        );
        let sent = world.update_escrow_config(Params::default(), stranger);
        assert_refused(sent, EscrowError::NotAdmin);
        assert_refused(
            world.accept_escrow_admin(stranger),
            EscrowError::NotPendingAdmin,
        );
        assert_refused(
            world.accept_registry_admin(stranger),
            RegistryError::NotPendingAdmin,
        );
        assert_refused(
            world.accept_reputation_admin(stranger),
            ReputationError::NotPendingAdmin,
        );
    }
    world
        .propose_escrow_admin(next.pubkey(), &admin)
        .expect("the admin may");
    world
        .propose_registry_admin(next.pubkey(), &admin)
        .expect("the admin may");
    world
        .propose_reputation_admin(next.pubkey(), &admin)
        .expect("the admin may");
    world
        .set_escrow_paused(true, &admin)
        .expect("a proposal changes nothing yet");
    world.accept_escrow_admin(&next).expect("it was proposed");
    world.accept_registry_admin(&next).expect("it was proposed");
    world
        .accept_reputation_admin(&next)
        .expect("it was proposed");
    assert_refused(
        world.set_escrow_paused(false, &admin),
        EscrowError::NotAdmin,
    );
    world
        .set_escrow_paused(false, &next)
        .expect("it is the admin now");
}

#[test]
fn only_the_admin_collects_fees() {
    let mut scene = Scene::submitted();
    scene.world.do_accept(&scene.job, &scene.user);
    let admin = scene.world.admin.insecure_clone();
    let mint = scene.world.mint;
    let treasury = scene.world.do_create_token_account(&admin.pubkey(), &mint);
    let sent = scene
        .world
        .collect_fees(scene.node.token, 1, &scene.node.key);
    assert_refused(sent, EscrowError::NotAdmin);
    let sent = scene.world.collect_fees(treasury, 0, &admin);
    assert_refused(sent, EscrowError::ZeroAmount);
    let sent = scene.world.collect_fees(treasury, CYXWIZ + 1, &admin);
    assert_refused(sent, 1u32); // the token program's InsufficientFunds
    scene
        .world
        .collect_fees(treasury, CYXWIZ, &admin)
        .expect("the fee of one job");
    assert_eq!(scene.world.balance(&treasury), CYXWIZ);
}
