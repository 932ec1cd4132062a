//! Jobs with a proof: what they end with, and what is refused although the chain has verified it.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use cyxwiz::{
    commands::job::replay,
    engine::Engine,
    error::{Error, ExitStatus},
    flow::{
        Goal, JobRun, RunOptions,
        compare::transcript_since,
        input::Input,
        journal::{self, PendingTransaction},
        proof::check,
        store::JobStore,
    },
};
use cyxwiz_chain::{
    EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage, Verification,
    instructions::{
        escrow::{NewEscrow, create},
        proof,
    },
    nonce_hash,
};
use cyxwiz_domain::{Address, Amount, Digest, JobId};

use crate::{
    coordinator::{COORDINATOR_NONCE, Coordinator},
    node::{Faults, Node},
    world::{EPOCHS, World},
};

fn begin<'a>(engine: &'a Engine, input: &Input) -> JobRun<'a> {
    JobRun::begin(engine, input, RunOptions::default()).expect("begin")
}

pub async fn transcript(engine: &Engine, job: JobId) -> Option<TranscriptAccount> {
    let escrow = engine.escrow_address(job);
    engine.chain.transcript(escrow).await.expect("read")
}

/// A market with a node that proves, and the job that it is to prove.
pub struct Market {
    pub world: World,
    pub coordinator: Coordinator,
    pub input: Input,
    pub engine: Engine,
    pub node: Node,
}

impl Market {
    pub async fn new(input: fn(&World) -> Input, faults: Faults) -> Self {
        let world = World::new().await;
        let coordinator = Coordinator::new(&world);
        let input = input(&world);
        Self {
            node: Node::start_proving(&world, faults, &input).await,
            engine: world.engine(world.rpc_url(), &coordinator.serve().await),
            world,
            coordinator,
            input,
        }
    }
}

#[tokio::test]
async fn training_in_integers_is_paid_by_its_proof_and_can_be_repeated() {
    let Market { input, engine, .. } = &Market::new(World::exact_input, Faults::default()).await;
    let options = RunOptions {
        replay: true,
        ..RunOptions::default()
    };
    let mut run = JobRun::begin(engine, input, options).expect("begin");
    let job = run.job_id();
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    drop(run);

    assert_eq!(report.payment_due_at, None);
    assert!(report.balances.conserved);
    let proof = report.proof.as_ref().expect("a proof");
    assert_eq!((proof.circuit, proof.constraints), ("z16x4-ci", 14_862));
    assert!(proof.verified && proof.insecure_dev_key);
    assert!(proof.prove_seconds.is_some());
    let units = proof
        .compute_units
        .expect("the transaction is on the chain");
    assert!((70_000..150_000).contains(&units), "{units}");
    let text = report.text();
    assert!(
        text.contains("proof verified on-chain: z16x4-ci, "),
        "{text}"
    );
    // Without the user's secret the challenge would not have been drawn for minutes.
    let order = ["commit", "reveal", "verify", "submit_completion", "accept"];
    let places = order.map(|name| text.find(&format!("\n {name} ")).expect(name));
    assert!(places.is_sorted(), "{text}");
    assert_eq!(transcript(engine, job).await, None, "its rent came back");

    replay::run(engine, job).await.expect("the same bits");
    let mut store = JobStore::open(&engine.settings.data_dir, job).expect("open");
    let committed = store
        .journal
        .proof
        .as_mut()
        .and_then(|p| p.committed.as_mut());
    committed.expect("kept").trained = Digest([1; 32]);
    store.save().expect("save");
    drop(store);
    let error = replay::run(engine, job).await.expect_err("other weights");
    assert!(matches!(error, Error::Dishonest { .. }), "{error}");
    assert!(
        error.to_string().contains("at least one step is false"),
        "{error}"
    );

    fs::write(&input.dataset, "1,0\n").expect("write");
    let error = replay::run(engine, job).await.expect_err("other data");
    assert!(error.to_string().contains("was changed"), "{error}");
}

/// Drives an exact job whose node has `faults` until it is refused; what is said.
async fn refused(faults: Faults) -> String {
    let Market {
        world,
        input,
        engine,
        ..
    } = &Market::new(World::exact_input, faults).await;
    let mut run = begin(engine, input);
    let job = run.job_id();
    let error = run.drive(Goal::Paid).await.expect_err("refused");
    assert!(matches!(error, Error::Dishonest { .. }), "{error}");
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Submitted, "nothing is paid");
    let transcript = transcript(engine, job).await.expect("open");
    assert_eq!(
        transcript.stage,
        TranscriptStage::Verified,
        "and yet verified"
    );
    error.to_string()
}

#[tokio::test]
async fn other_weights_than_proven_are_not_paid() {
    let told = refused(Faults {
        other_integers: true,
        ..Faults::default()
    })
    .await;
    assert!(told.contains("its proof speaks of weights"), "{told}");
    assert!(told.contains("cyxwiz job dispute"), "{told}");
}

#[tokio::test]
async fn another_transcript_than_streamed_is_not_paid() {
    let told = refused(Faults {
        other_head_at: Some(2),
        ..Faults::default()
    })
    .await;
    assert!(told.contains("has other heads"), "{told}");
    assert!(told.contains("cyxwiz job dispute"), "{told}");
}

#[tokio::test]
async fn a_false_proof_gives_all_money_back_at_once() {
    let faults = Faults {
        false_proof: true,
        ..Faults::default()
    };
    let Market {
        world,
        input,
        engine,
        ..
    } = &Market::new(World::exact_input, faults).await;
    let mut run = begin(engine, input);
    let job = run.job_id();
    let error = run.drive(Goal::Paid).await.expect_err("refuted");
    assert_eq!(error.exit_status(), ExitStatus::Ended, "{error}");
    assert!(
        error.to_string().contains("signed a false proof"),
        "{error}"
    );
    let escrow = world.escrow(engine, job).await;
    assert_eq!(
        (escrow.state, escrow.paid_user),
        (EscrowState::Failed, escrow.amount)
    );
    assert!(
        world.balance().await >= Amount::tokens(10_000),
        "and what the node lost"
    );
}

#[tokio::test]
async fn a_transcript_must_be_verified_and_this_jobs_in_all_its_parts() {
    let Market {
        world,
        input,
        engine,
        ..
    } = &Market::new(World::exact_input, Faults::default()).await;
    let mut run = begin(engine, input);
    let job = run.job_id();
    let driven = run.drive(Goal::Delivered).await.expect("delivered");
    assert!(driven.is_none());
    let escrow = world.escrow(engine, job).await;
    let good = transcript(engine, job).await.expect("open");
    let journal = journal::read(&engine.settings.data_dir, job).expect("journal");
    let plan = journal.proof.expect("a plan");
    let heads = run.heads();
    assert_eq!(check(&good, &escrow, &plan, &heads), Ok(()));

    let other = Digest([1; 32]);
    type Change = fn(&mut TranscriptAccount);
    let changes: [(Change, &str); 9] = [
        (|t| t.stage = TranscriptStage::Revealed, "not verified"),
        (|t| t.stage = TranscriptStage::Refuted, "not verified"),
        (|t| t.escrow = Address([1; 32]), "another job"),
        (|t| t.escrow_created_at += 1, "another job"),
        (|t| t.node = None, "another node"),
        (|t| t.dataset = Digest([1; 32]), "other data"),
        (|t| t.initial = Digest([1; 32]), "other data"),
        (|t| t.rate += 1, "or rules"),
        (|t| t.root = Digest([1; 32]), "the epochs seen"),
    ];
    for (change, expected) in changes {
        let mut bad = good.clone();
        change(&mut bad);
        let problem = check(&bad, &escrow, &plan, &heads).expect_err(expected);
        assert!(problem.contains(expected), "{problem}");
    }
    let mut seen = heads.clone();
    seen[0] = other;
    check(&good, &escrow, &plan, &seen).expect_err("another first head");
    check(&good, &escrow, &plan, &heads[1..]).expect_err("too few heads");

    // A chain that has not got so far yet makes nobody a liar.
    let found = transcript_since(engine, &escrow).await.expect("there");
    assert_eq!(found.stage, TranscriptStage::Verified);
    for (slot, address) in [
        (escrow.slot + 1_000_000, escrow.address),
        (escrow.slot, Address([1; 32])),
    ] {
        let ahead = EscrowAccount {
            slot,
            address,
            ..escrow.clone()
        };
        let error = transcript_since(engine, &ahead).await.expect_err("behind");
        assert!(error.is_transient(), "{error}");
    }

    // The held job is paid, and its transcript closed, in one transaction that also opens token accounts again.
    drop(run);
    for wallet in [&world.wallets.user, &world.wallets.nodes[0]] {
        world.close_token_account(wallet).await;
    }
    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    run.drive(Goal::Paid).await.expect("paid");
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Paid);
    assert_eq!(transcript(engine, job).await, None);
}

#[tokio::test]
async fn an_audited_job_is_delivered_now_and_paid_when_its_audits_have_had_their_time() {
    let Market {
        world,
        input,
        engine,
        ..
    } = &Market::new(World::audited_input, Faults::default()).await;
    let mut run = begin(engine, input);
    let job = run.job_id();
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("no failure")
        .expect("report");
    drop(run);
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Submitted);
    assert_eq!(report.payment_due_at, Some(escrow.release_at));
    assert!(report.balances.conserved && !report.transactions.contains_key("accept"));
    assert_eq!(
        report.proof.as_ref().map(|proof| proof.circuit),
        Some("t100x16")
    );
    assert!(report.text().contains("by itself, unless you contest"));
    let error = replay::run(engine, job)
        .await
        .expect_err("trained in floats");
    assert_eq!(error.exit_status(), ExitStatus::Usage, "{error}");

    // Nothing is left to do here: the same work may be ordered again.
    let journal = journal::read(&engine.settings.data_dir, job).expect("journal");
    assert!(journal.finished);
    let window = u32::try_from(escrow.release_at - escrow.submitted_at).expect("a window");
    world.advance(window + 60).await;
    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    assert_eq!(report.payment_due_at, None);
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Paid);
}

#[tokio::test]
async fn the_secret_is_drawn_once_and_its_transaction_sent_as_it_was_signed() {
    let Market {
        world,
        coordinator,
        input,
        engine,
        ..
    } = &Market::new(World::exact_input, Faults::default()).await;
    let job = begin(engine, input).job_id();
    let path = journal::job_dir(&engine.settings.data_dir, job).join("journal.json");
    let mode = fs::metadata(&path).expect("stat").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // As a process leaves it that is killed between writing the transaction down and sending it.
    let mut store = JobStore::open(&engine.settings.data_dir, job).expect("open");
    let plan = store.journal.proof.as_mut().expect("a plan");
    let nonce = plan.nonce;
    let at = engine.escrow_address(job);
    plan.coordinator_nonce_hash = Some(nonce_hash(at, &COORDINATOR_NONCE));
    let (user, new) = (
        engine.user(),
        NewEscrow {
            job_id: job,
            amount: Amount(1_000_000_000),
            spec_hash: input.spec_hash,
            dataset_root: input.dataset_root,
            required_epochs: EPOCHS,
            estimated_seconds: 10,
            timeout_seconds: 600,
            verification: Verification::of(&input.spec),
        },
    );
    let opening = plan.opening(at).expect("both secrets are bound");
    let instructions = [
        create(user, world.mint, &new),
        proof::open(user, at, &opening),
    ];
    let signed = engine.chain.sign(&instructions, &engine.signer, &[]).await;
    let signed = signed.expect("sign");
    store.journal.create_escrow = Some(PendingTransaction::from(&signed));
    store.save().expect("save");
    drop(store);

    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    // The coordinator of these tests has to have heard of the job.
    coordinator.remember(input, job);
    run.drive(Goal::Funded).await.expect("funded");
    drop(run);
    let opened = transcript(engine, job).await.expect("opened");
    assert_eq!(opened.user_nonce_hash, nonce_hash(at, &nonce.reveal()));
    assert_eq!(opened.stage, TranscriptStage::Opened);
    let journal = journal::read(&engine.settings.data_dir, job).expect("journal");
    assert_eq!(journal.proof.expect("a plan").nonce, nonce);
    let sent = journal.create_escrow.expect("kept");
    assert_eq!(sent.signature, signed.signature);
}

#[tokio::test]
async fn a_run_broken_off_while_the_challenge_is_drawn_goes_on_to_its_payment() {
    let Market {
        world,
        input,
        engine,
        ..
    } = &Market::new(World::exact_input, Faults::default()).await;
    let mut run = begin(engine, input);
    let job = run.job_id();
    let committed = async {
        loop {
            let found = transcript(engine, job).await;
            if found.is_some_and(|found| found.stage != TranscriptStage::Opened) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        driven = run.drive(Goal::Paid) => panic!("paid before the challenge was seen: {driven:?}"),
        () = committed => {}
    }
    drop(run);
    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    let report = run
        .drive(Goal::Paid)
        .await
        .expect("driven")
        .expect("report");
    assert!(report.proof.expect("a proof").verified);
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Paid);
}
