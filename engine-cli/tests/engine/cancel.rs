//! Cancelling a job that asks for a proof: its user knows what unproven work costs before it is paid.

use cyxwiz::{
    commands::job::cancel,
    engine::Engine,
    error::{Error, ExitStatus},
    flow::{
        Goal, JobRun, RunOptions,
        epochs::{EpochLog, EpochRecord},
        journal::{self, job_dir},
    },
};
use cyxwiz_chain::{
    EscrowState, TranscriptStage,
    instructions::proof::{self, Commitment},
};
use cyxwiz_domain::{Amount, Digest, JobId, training::chain_next};

use crate::{
    coordinator::Coordinator,
    node::{Faults, Node},
    world::{EPOCHS, World, advance_slots, signer},
};

/// What the coordinator of these tests asks for, and how long it gives a job.
const PRICE: u64 = 1_000_000_000;
const TIMEOUT_SECONDS: u32 = 600;

struct Market {
    world: World,
    engine: Engine,
    job: JobId,
    _node: Node,
}

/// A job with a proof that is assigned, that no process drives, and of which `seen` epochs were signed for.
async fn market(seen: u32) -> Market {
    let world = World::new().await;
    let coordinator = Coordinator::new(&world);
    let input = world.exact_input();
    let node = Node::start_proving(&world, Faults::default(), &input).await;
    let engine = world.engine(world.rpc_url(), &coordinator.serve().await);
    let mut run = JobRun::begin(&engine, &input, RunOptions::default()).expect("begin");
    assert!(run.drive(Goal::Funded).await.expect("funded").is_none());
    let job = run.job_id();
    drop(run);
    sign_for(&engine, job, seen);
    Market {
        world,
        engine,
        job,
        _node: node,
    }
}

/// As a run leaves it that has seen so many epochs, whether or not the chain has heard of the receipts.
fn sign_for(engine: &Engine, job: JobId, seen: u32) {
    let data_dir = &engine.settings.data_dir;
    let journal = journal::read(data_dir, job).expect("journal");
    let (dir, escrow) = (job_dir(data_dir, job), engine.escrow_address(job));
    let log = EpochLog::open(&dir, escrow.0, journal.spec_hash, journal.dataset_root);
    let mut log = log.expect("a log");
    for epoch in 1..=seen {
        let weights = Digest([7; 32]);
        let record = EpochRecord {
            seq: epoch.into(),
            epoch,
            train_loss: None,
            train_accuracy: None,
            test_loss: None,
            test_accuracy: None,
            seconds: 0.1,
            weights_sha256: weights,
            weights_bytes: 10,
            checkpoint_hash: Digest(chain_next(log.head().0, epoch, weights.0)),
            head: Some(Digest([8; 32])),
            ended_at: Some(epoch.into()),
        };
        log.append(record).expect("append");
    }
}

#[tokio::test]
async fn a_cancellation_that_pays_for_unproven_work_needs_a_yes() {
    let Market {
        world, engine, job, ..
    } = &market(3).await;
    let error = cancel::run(engine, *job, false, 0).await;
    let error = error.expect_err("nobody is there to say yes");
    assert_eq!(error.exit_status(), ExitStatus::Usage, "{error}");
    let told = error.to_string();
    for part in [
        "although nothing is proven",
        // 3/4, less the fee of a tenth of it; and a tenth of the rest for the node.
        "3 of 4 epochs, 0.7 CYXWIZ to the node and 0.075 to the platform of 1",
        "all of it comes back",
        "nothing was sent",
        "--yes",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let escrow = world.escrow(engine, *job).await;
    assert_eq!(escrow.state, EscrowState::Assigned);

    let cancelled = cancel::run(engine, *job, true, 0).await;
    cancelled.expect("known and wanted");
    let escrow = world.escrow(engine, *job).await;
    assert_eq!(escrow.state, EscrowState::Cancelling);
}

#[tokio::test]
async fn a_job_that_cannot_be_proven_any_more_is_waited_for_and_not_cancelled() {
    let Market {
        world, engine, job, ..
    } = &market(0).await;
    let (at, node) = (engine.escrow_address(*job), world.node());
    let word = Digest([7; 32]);
    let commitment = Commitment {
        root: word,
        trained: word,
        leaves_hash: word,
        epochs: u16::try_from(EPOCHS).expect("few"),
    };
    let commit = proof::commit(node, at, &commitment);
    let signer = signer(&world.wallets.nodes[0]);
    let committed = engine.chain.execute(&[commit], &signer, &[]).await;
    committed.expect("committed");
    advance_slots(world.rpc_url(), 32 + 513).await;
    let reveal = proof::reveal(at, None, None);
    let lost = engine.chain.execute(&[reveal], &engine.signer, &[]).await;
    lost.expect("a full audit");
    let transcript = engine.chain.transcript(at).await.expect("read");
    let stage = transcript.expect("open").stage;
    assert_eq!(stage, TranscriptStage::FullAudit);

    // A yes to what is for nothing is none.
    for yes in [false, true] {
        let error = cancel::run(engine, *job, yes, 0)
            .await
            .expect_err("refused");
        assert!(
            matches!(&error, Error::Refused { code, .. } if code == "better_to_wait"),
            "{error}"
        );
        let told = error.to_string();
        assert!(told.contains("its node hands it back"), "{told}");
    }
    // Past the deadline the same command takes everything, and asks nothing.
    world.advance(TIMEOUT_SECONDS + 60).await;
    let taken = cancel::run(engine, *job, false, 0).await;
    taken.expect("refunded");
    let escrow = world.escrow(engine, *job).await;
    assert_eq!(escrow.state, EscrowState::TimedOut);
    assert_eq!(escrow.paid_user, Amount(PRICE));
}
