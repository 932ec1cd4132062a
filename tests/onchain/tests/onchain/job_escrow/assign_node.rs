use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{
    CYXWIZ, Job, Wallet, World, address, assert_anchor_error, assert_refused, job_args, key,
    terms_of,
};
use job_escrow::{CreateEscrowArgs, EscrowError, State, instruction as ix};
use node_registry::{JobLock, RegistryError};
use solana_signer::Signer;

use crate::crowd::Crowd;
use crate::scene::{STAKE, Scene};
use crate::training_proof::scene::{Scene as Proven, escrow_args};

#[test]
fn assigning_names_the_node_and_locks_its_stake() {
    let scene = Scene::assigned();
    let now = scene.world.now();
    let escrow = scene.world.escrow_of(&scene.job);
    assert_eq!(escrow.state, State::Assigned);
    assert_eq!(escrow.node, scene.node.pubkey());
    assert_eq!((escrow.assigned_at, escrow.deadline), (now, now + 3_600));
    assert_eq!((escrow.fee_bps, escrow.acceptance_seconds), (1_000, 86_400));

    let node = scene.world.node_of(&scene.node);
    // a job of 10 CYXWIZ requires 200
    assert_eq!((node.locked, node.active_jobs), (200 * CYXWIZ, 1));
    let lock: JobLock = scene.world.read(&address::lock(&scene.job.escrow));
    assert_eq!(
        (lock.amount, lock.stake_at_assignment),
        (200 * CYXWIZ, STAKE)
    );
    assert_eq!(lock.payer, scene.world.coordinator.pubkey());
    assert_eq!(lock.node, scene.node_address());
}

#[test]
fn only_the_coordinator_assigns() {
    let mut scene = Scene::open();
    let mut accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    accounts.coordinator = scene.node.pubkey();
    let sent = scene.world.assign_node(accounts, &[&scene.node.key]);
    assert_refused(sent, EscrowError::NotCoordinator);
}

#[test]
fn a_job_is_assigned_once_and_within_its_window() {
    let mut scene = Scene::assigned();
    let coordinator = scene.world.coordinator.insecure_clone();
    let accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, EscrowError::WrongState);

    let late = scene.world.do_create_escrow(&scene.user, job_args(2));
    scene.world.advance(3_601);
    let accounts = scene
        .world
        .assign_node_accounts(&late, &scene.node.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, EscrowError::AssignWindowOver);
}

#[test]
fn a_swapped_escrow_is_not_assigned_on_the_old_terms() {
    let checked = job_args(1);
    let swaps: [fn(&mut CreateEscrowArgs); 6] = [
        |args| args.amount -= 1,
        |args| args.spec_hash = [9; 32],
        |args| args.dataset_root = [9; 32],
        |args| args.required_epochs = 1_000,
        |args| args.estimated_seconds -= 1,
        |args| args.timeout_seconds = 601,
    ];
    for swap in swaps {
        let mut scene = Scene::open();
        let coordinator = scene.world.coordinator.insecure_clone();
        let Scene {
            world,
            user,
            node,
            job,
        } = &mut scene;
        let mut other = job_args(1);
        swap(&mut other);
        swap_escrow(world, user, job, other.clone());

        let accounts = world.assign_node_accounts(job, &node.pubkey());
        let terms = terms_of(&checked, world.now());
        let sent = world.assign_node_on(terms, accounts, &[&coordinator]);
        assert_refused(sent, EscrowError::TermsMismatch);
        assert_eq!(world.escrow_of(job).state, State::Open);
        assert_eq!(world.node_of(node).locked, 0);
        // it is the old terms that are refused
        let terms = terms_of(&other, world.now());
        world
            .assign_node_on(terms, accounts, &[&coordinator])
            .expect("these are its terms");
    }
}

/// What was looked at besides the terms, as the transcript, need not be what is there now.
#[test]
fn an_escrow_created_anew_on_the_same_terms_is_looked_at_anew() {
    let mut scene = Scene::open();
    let coordinator = scene.world.coordinator.insecure_clone();
    let Scene {
        world,
        user,
        node,
        job,
    } = &mut scene;
    let checked = terms_of(&job_args(1), world.escrow_of(job).created_at);
    swap_escrow(world, user, job, job_args(1));
    let accounts = world.assign_node_accounts(job, &node.pubkey());
    let sent = world.assign_node_on(checked, accounts, &[&coordinator]);
    assert_refused(sent, EscrowError::CreatedAnew);
    assert_eq!(world.escrow_of(job).state, State::Open);
    let sent = world.assign_node(accounts, &[&coordinator]);
    sent.expect("these are its terms");
}

/// The user closes the escrow and creates another at its address.
fn swap_escrow(world: &mut World, user: &Wallet, job: &Job, other: CreateEscrowArgs) {
    world.cancel(job, &user.key).expect("the user may cancel");
    world.advance(1);
    let close = world.close_accounts(job, &user.pubkey());
    world.close(close, &[&user.key]).expect("it is settled");
    let swapped = world.do_create_escrow(user, other);
    assert_eq!(swapped.escrow, job.escrow);
}

#[test]
fn a_top_up_does_not_break_the_terms() {
    let mut scene = Scene::open();
    let coordinator = scene.world.coordinator.insecure_clone();
    scene
        .world
        .top_up(&scene.job, &scene.user, 1)
        .expect("an open job may be topped up");
    let terms = terms_of(&job_args(1), scene.world.now());
    let accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    scene
        .world
        .assign_node_on(terms, accounts, &[&coordinator])
        .expect("more than the terms name is enough");
    assert_eq!(scene.world.escrow_of(&scene.job).state, State::Assigned);
}

#[test]
fn a_user_does_not_get_the_own_node() {
    let mut scene = Scene::open();
    let coordinator = scene.world.coordinator.insecure_clone();
    scene.world.do_open_user(&scene.node.pubkey());
    let token = scene.node.token;
    scene.world.do_mint(&token, 10 * CYXWIZ);
    let own = scene.world.do_create_escrow(&scene.node, job_args(2));
    let accounts = scene.world.assign_node_accounts(&own, &scene.node.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, EscrowError::OwnNode);
    assert_eq!(scene.world.escrow_of(&own).state, State::Open);

    let other = scene.world.node("other", STAKE);
    scene.world.do_assign_node(&own, &other);
}

#[test]
fn the_stake_must_cover_the_job() {
    let mut scene = Scene::open();
    let coordinator = scene.world.coordinator.insecure_clone();
    let poor = scene.world.node("poor", 200 * CYXWIZ - 1);
    let accounts = scene.world.assign_node_accounts(&scene.job, &poor.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, RegistryError::InsufficientStake);

    // what is requested back secures nothing either
    let leaving = scene.world.node("leaving", 200 * CYXWIZ);
    let node = address::node(&leaving.pubkey());
    scene
        .world
        .request_unstake(node, 1, &leaving.key)
        .expect("the stake is free");
    let accounts = scene
        .world
        .assign_node_accounts(&scene.job, &leaving.pubkey());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_refused(sent, RegistryError::InsufficientStake);
}

#[test]
fn a_new_node_takes_small_jobs() {
    let mut scene = Scene::open();
    let small = scene.world.node("small", 50 * CYXWIZ);
    let mut args = job_args(2);
    args.amount = 10 * CYXWIZ - 1;
    let job = scene.world.do_create_escrow(&scene.user, args);
    scene.world.do_assign_node(&job, &small);
    assert_eq!(scene.world.node_of(&small).locked, 50 * CYXWIZ);
}

#[test]
fn both_records_must_exist_and_belong_to_the_parties() {
    let mut scene = Scene::open();
    let coordinator = scene.world.coordinator.insecure_clone();
    let stranger = scene.world.node("stranger", 0);
    let right = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());

    let mut wrong = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    wrong.node_reputation = address::reputation(&stranger.pubkey());
    let sent = scene.world.assign_node(wrong, &[&coordinator]);
    assert_refused(sent, EscrowError::NodeMismatch);

    scene.world.do_open_user(&stranger.pubkey());
    let mut wrong = right;
    wrong.user_reputation = address::user_reputation(&stranger.pubkey());
    let sent = scene.world.assign_node(wrong, &[&coordinator]);
    assert_refused(sent, EscrowError::UserMismatch);

    let mut wrong = right;
    wrong.user_reputation = address::user_reputation(&key("nobody").pubkey());
    let sent = scene.world.assign_node(wrong, &[&coordinator]);
    assert_anchor_error(sent, ErrorCode::AccountOwnedByWrongProgram);
}

#[test]
fn the_lock_is_the_one_of_the_escrow() {
    let mut scene = Scene::open();
    let coordinator = scene.world.coordinator.insecure_clone();
    let mut accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    accounts.lock = address::lock(&scene.node_address());
    let sent = scene.world.assign_node(accounts, &[&coordinator]);
    assert_anchor_error(sent, ErrorCode::ConstraintSeeds);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::with_other_transcript(Proven::announced().into_market());
    let scene = &crowd.scene;
    let accounts = scene
        .world
        .assign_node_accounts(&scene.job, &scene.node.pubkey());
    let terms = terms_of(&escrow_args(), scene.world.now());
    crowd.try_escrow("assign_node", accounts, ix::AssignNode { terms });
}
