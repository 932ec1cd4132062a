//! The ways out of an escrow: none is blocked, none is taken twice, and nobody is
//! told that nothing was paid before that is certain.

use std::time::Duration;

use cyxwiz::{
    commands::job::cancel,
    engine::Engine,
    error::Error,
    flow::{
        Goal, JobRun, RunOptions,
        journal::{self, PendingTransaction},
        settle::{Exit, take},
        store::JobStore,
    },
};
use cyxwiz_chain::{
    ChainError, EscrowState, SignedTransaction, Verification,
    instructions::escrow::{NewEscrow, create},
};
use cyxwiz_domain::{Amount, JobId};

use crate::{
    coordinator::Coordinator,
    node::{Faults, Node},
    world::{EPOCHS, World},
};

const PRICE: u64 = 1_000_000_000;
/// What the coordinator of these tests gives a job.
const TIMEOUT_SECONDS: u32 = 600;

/// A job that is assigned and that no process drives.
async fn funded(world: &World, engine: &Engine) -> JobId {
    let mut run = world.begin(engine);
    assert!(run.drive(Goal::Funded).await.expect("funded").is_none());
    let job = run.job_id();
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Assigned);
    job
}

/// A job whose `create_escrow` is signed and journalled, but not sent.
async fn journalled(world: &World, engine: &Engine) -> (JobId, SignedTransaction) {
    let job = world.begin(engine).job_id();
    let mut store = JobStore::open(&engine.settings.data_dir, job).expect("open");
    let new = NewEscrow {
        job_id: job,
        amount: Amount(PRICE),
        spec_hash: store.journal.spec_hash,
        dataset_root: store.journal.dataset_root,
        required_epochs: EPOCHS,
        estimated_seconds: 10,
        timeout_seconds: TIMEOUT_SECONDS,
        verification: Verification::default(),
    };
    let instruction = create(engine.user(), world.mint, &new);
    let signed = engine.chain.sign(&[instruction], &engine.signer, &[]).await;
    let signed = signed.expect("sign");
    store.journal.create_escrow = Some(PendingTransaction::from(&signed));
    store.save().expect("save");
    (job, signed)
}

fn is_finished(engine: &Engine, job: JobId) -> bool {
    let journal = journal::read(&engine.settings.data_dir, job);
    journal.expect("journal").finished
}

#[tokio::test]
async fn closed_token_accounts_do_not_block_the_payment() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let _node = Node::start(&world, Faults::default()).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let job = funded(&world, &engine).await;
    for wallet in [&world.wallets.user, &world.wallets.nodes[0]] {
        world.close_token_account(wallet).await;
    }
    let mut run = JobRun::resume(&engine, job, RunOptions::default()).expect("resume");
    run.drive(Goal::Paid).await.expect("driven");
    let escrow = world.escrow(&engine, job).await;
    assert_eq!(escrow.state, EscrowState::Paid);
    let paid = world.chain.token_balance(world.node(), world.mint).await;
    assert_eq!(paid.expect("balance"), Amount(900_000_000));
    assert_eq!(world.balance().await, Amount::ZERO);
}

#[tokio::test]
async fn an_overdue_job_is_refunded_rather_than_cancelled() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let _node = Node::start(&world, Faults::default()).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let job = funded(&world, &engine).await;
    for wallet in [&world.wallets.user, &world.wallets.nodes[0]] {
        world.close_token_account(wallet).await;
    }
    world.advance(TIMEOUT_SECONDS + 60).await;
    cancel::run(&engine, job, false, 0)
        .await
        .expect("cancelled");
    let escrow = world.escrow(&engine, job).await;
    assert_eq!(escrow.state, EscrowState::TimedOut);
    assert_eq!(escrow.paid_user, Amount(PRICE));
    assert!(world.balance().await >= Amount(PRICE), "and the slash");
}

#[tokio::test]
async fn a_refusal_is_reported_while_the_state_stays_and_only_then() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let _node = Node::start(&world, Faults::default()).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let job = funded(&world, &engine).await;
    let escrow = world.escrow(&engine, job).await;
    let error = take(&engine, &escrow, Exit::TimeoutRefund)
        .await
        .expect_err("not due");
    let Error::Chain(ChainError::Refused { .. }) = error else {
        panic!("{error}");
    };
    // As it looks to someone who read it before the assignment.
    let mut before = escrow;
    before.state = EscrowState::Open;
    let taken = take(&engine, &before, Exit::ExpireUnassigned).await;
    assert_eq!(taken.expect("no error"), None);
}

#[tokio::test]
async fn cancelling_waits_for_the_fate_of_a_pending_escrow() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let (job, signed) = journalled(&world, &engine).await;

    let too_early =
        tokio::time::timeout(Duration::from_secs(1), cancel::run(&engine, job, false, 0));
    assert!(too_early.await.is_err(), "its fate is open");
    assert_eq!(coordinator.seen(|seen| seen.cancelled), 0);
    assert!(!is_finished(&engine, job));

    let (landed, cancelled) = tokio::join!(
        engine.chain.land(&signed),
        cancel::run(&engine, job, false, 0)
    );
    landed.expect("landed");
    cancelled.expect("cancelled");
    let escrow = world.escrow(&engine, job).await;
    assert_eq!(escrow.state, EscrowState::Refunded);
    assert_eq!(escrow.paid_user, Amount(PRICE));
    assert_eq!(world.balance().await, Amount::tokens(10_000));
}

#[tokio::test]
async fn a_job_is_given_up_once_its_escrow_can_never_land() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let (job, _) = journalled(&world, &engine).await;
    let mut store = JobStore::open(&engine.settings.data_dir, job).expect("open");
    let pending = store.journal.create_escrow.as_mut().expect("signed");
    pending.last_valid_block_height = 0;
    store.save().expect("save");
    drop(store);
    cancel::run(&engine, job, false, 0).await.expect("given up");
    assert_eq!(coordinator.seen(|seen| seen.cancelled), 1);
    assert!(is_finished(&engine, job));
}

#[tokio::test]
async fn a_job_in_other_hands_is_cancelled_only_where_its_escrow_shows() {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let _node = Node::start(&world, Faults::default()).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let mut run = world.begin(&engine);
    let job = run.job_id();
    let error = cancel::run(&engine, job, false, 0).await.expect_err("busy");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(error.to_string().contains("stop it"), "{error}");
    assert_eq!(coordinator.seen(|seen| seen.cancelled), 0);

    run.drive(Goal::Funded).await.expect("funded");
    cancel::run(&engine, job, false, 0)
        .await
        .expect("cancelled");
    let escrow = world.escrow(&engine, job).await;
    assert_eq!(escrow.state, EscrowState::Cancelling);
}
