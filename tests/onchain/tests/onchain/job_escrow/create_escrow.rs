use anchor_lang::error::ErrorCode;
use cyxwiz_tests_onchain::{CYXWIZ, Job, World, assert_anchor_error, assert_refused, job_args};
use job_escrow::{CreateEscrowArgs, EscrowError, State, instruction as ix};

use crate::crowd::Crowd;
use crate::scene::{AMOUNT, Scene};

#[test]
fn an_escrow_holds_the_money_and_knows_the_job() {
    let scene = Scene::open();
    let escrow = scene.world.escrow_of(&scene.job);
    let args = job_args(1);
    assert_eq!(escrow.state, State::Open);
    assert_eq!(escrow.user, scene.user.pubkey());
    assert_eq!(escrow.node, Default::default());
    assert_eq!(escrow.mint, scene.world.mint);
    assert_eq!((escrow.amount, escrow.job_id), (AMOUNT, args.job_id));
    assert_eq!(
        (escrow.spec_hash, escrow.dataset_root),
        (args.spec_hash, args.dataset_root)
    );
    assert_eq!((escrow.created_at, escrow.seq), (scene.world.now(), 1));
    assert_eq!(scene.balances().vault, AMOUNT);
    scene.balances().assert_conserved();
}

fn refusal(edit: impl Fn(&mut CreateEscrowArgs), error: EscrowError) {
    let mut world = World::new();
    let user = world.user("user", 100 * CYXWIZ);
    let mut args = job_args(1);
    edit(&mut args);
    let job = Job::new(&user.pubkey(), &args.job_id);
    let accounts = world.create_escrow_accounts(&user, &job);
    assert_refused(world.create_escrow(accounts, args, &[&user.key]), error);
}

#[test]
fn incomplete_jobs_are_refused() {
    refusal(|args| args.amount = 0, EscrowError::ZeroAmount);
    refusal(|args| args.required_epochs = 0, EscrowError::IncompleteJob);
    refusal(
        |args| args.estimated_seconds = 0,
        EscrowError::IncompleteJob,
    );
    refusal(|args| args.spec_hash = [0; 32], EscrowError::IncompleteJob);
    refusal(
        |args| args.dataset_root = [0; 32],
        EscrowError::IncompleteJob,
    );
    refusal(
        |args| args.timeout_seconds = 59,
        EscrowError::TimeoutOutOfBounds,
    );
    refusal(
        |args| args.timeout_seconds = u32::MAX,
        EscrowError::TimeoutOutOfBounds,
    );
}

#[test]
fn amounts_above_the_balance_are_refused_and_leave_nothing() {
    let mut world = World::new();
    let user = world.user("user", 100 * CYXWIZ);
    for amount in [100 * CYXWIZ + 1, u64::MAX] {
        let mut args = job_args(1);
        args.amount = amount;
        let job = Job::new(&user.pubkey(), &args.job_id);
        let accounts = world.create_escrow_accounts(&user, &job);
        let sent = world.create_escrow(accounts, args, &[&user.key]);
        // the token program's InsufficientFunds
        assert_refused(sent, 1u32);
        assert!(!world.exists(&job.escrow) && !world.exists(&job.vault));
    }
    assert_eq!(world.balance(&user.token), 100 * CYXWIZ);
}

#[test]
fn an_id_is_used_once_and_only_by_its_user() {
    let mut scene = Scene::open();
    let args = job_args(1);
    let accounts = scene.world.create_escrow_accounts(&scene.user, &scene.job);
    let sent = scene
        .world
        .create_escrow(accounts, args.clone(), &[&scene.user.key]);
    // the system program's AccountAlreadyInUse
    assert_refused(sent, 0u32);

    let squatter = scene.world.user("squatter", 100 * CYXWIZ);
    let mut theirs = args;
    theirs.job_id = [2; 16];
    let job = Job::new(&scene.user.pubkey(), &theirs.job_id);
    let accounts = scene.world.create_escrow_accounts(&squatter, &job);
    let sent = scene
        .world
        .create_escrow(accounts, theirs, &[&squatter.key]);
    assert_anchor_error(sent, ErrorCode::ConstraintSeeds);
}

#[test]
fn another_mint_is_refused() {
    let mut world = World::new();
    let user = world.user("user", CYXWIZ);
    let other = world.create_mint("other-mint", 9, None);
    let args = job_args(1);
    let job = Job::new(&user.pubkey(), &args.job_id);
    let mut accounts = world.create_escrow_accounts(&user, &job);
    accounts.mint = other;
    accounts.user_token = world.do_create_token_account(&user.pubkey(), &other);
    let sent = world.create_escrow(accounts, args, &[&user.key]);
    assert_refused(sent, EscrowError::MintMismatch);
}

#[test]
fn another_users_tokens_are_refused() {
    let mut world = World::new();
    let user = world.user("user", CYXWIZ);
    let victim = world.user("victim", 100 * CYXWIZ);
    let args = job_args(1);
    let job = Job::new(&user.pubkey(), &args.job_id);
    let mut accounts = world.create_escrow_accounts(&user, &job);
    accounts.user_token = victim.token;
    let sent = world.create_escrow(accounts, args, &[&user.key]);
    assert_anchor_error(sent, ErrorCode::ConstraintTokenOwner);
}

#[test]
fn no_wrong_account_is_taken() {
    let mut crowd = Crowd::around(Scene::open());
    let scene = &crowd.scene;
    let args = job_args(2);
    let job = Job::new(&scene.user.pubkey(), &args.job_id);
    let accounts = scene.world.create_escrow_accounts(&scene.user, &job);
    crowd.try_escrow("create_escrow", accounts, ix::CreateEscrow { args });
}
