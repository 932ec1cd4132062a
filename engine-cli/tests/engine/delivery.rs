//! The transcript of a proven job's work, which comes with its weights: nothing is accepted without, and no
//! other than the one that was committed to.

use std::{fs, time::Duration};

use cyxwiz::{
    engine::Engine,
    error::Error,
    flow::{
        Goal, JobRun, RunOptions,
        input::Input,
        journal::{self, KeptTranscript},
    },
};
use cyxwiz_chain::{EscrowState, TranscriptStage};
use cyxwiz_domain::{JobId, training::TranscriptRecord};
use cyxwiz_proof::job::leaves_hash;

use crate::{
    node::{Faults, Node, Shown},
    proofs::{Market, transcript},
    world::{EPOCHS, World},
};

fn showing(transcript: Shown) -> Faults {
    Faults {
        transcript,
        ..Faults::default()
    }
}

fn begin<'a>(engine: &'a Engine, input: &Input) -> JobRun<'a> {
    JobRun::begin(engine, input, RunOptions::default()).expect("begin")
}

/// Drives a job, whose node has `faults`, until its submission is refused; why.
async fn refused(input: fn(&World) -> Input, faults: Faults) -> Error {
    let Market {
        world,
        input,
        engine,
        ..
    } = &Market::new(input, faults).await;
    let mut run = begin(engine, input);
    let job = run.job_id();
    let error = run.drive(Goal::Paid).await.expect_err("refused");
    drop(run);
    let escrow = world.escrow(engine, job).await;
    assert_eq!(escrow.state, EscrowState::Submitted, "{error}");
    // The chain has nothing against it, and the user had a part in the challenge all the same.
    let transcript = transcript(engine, job).await.expect("open");
    assert_eq!(transcript.stage, TranscriptStage::Verified);
    assert!(transcript.user_nonce.is_some());
    // Nor does another try come to anything else.
    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    let again = run.drive(Goal::Paid).await.expect_err("refused again");
    assert_eq!(error.to_string(), again.to_string());
    error
}

fn kept(engine: &Engine, job: JobId) -> KeptTranscript {
    let journal = journal::read(&engine.settings.data_dir, job).expect("journal");
    journal.transcript.expect("a transcript")
}

/// The run, and what its engine keeps, are paid and whole.
async fn paid(market: &Market, job: JobId) {
    let escrow = market.world.escrow(&market.engine, job).await;
    assert_eq!(escrow.state, EscrowState::Paid);
    let kept = kept(&market.engine, job);
    let bytes = fs::read(&kept.path).expect("kept");
    let record: TranscriptRecord = serde_json::from_slice(&bytes).expect("JSON");
    assert_eq!(leaves_hash(&record), kept.commits_to.leaves_hash);
}

#[tokio::test]
async fn a_node_that_keeps_its_leaves_to_itself_is_not_paid() {
    let error = refused(World::exact_input, showing(Shown::Nothing)).await;
    assert!(matches!(error, Error::Withheld { .. }), "{error}");
    let told = error.to_string();
    assert!(told.contains("cyxwiz job dispute"), "{told}");
    let error = refused(World::audited_input, showing(Shown::Nothing)).await;
    assert!(matches!(error, Error::Withheld { .. }), "{error}");
}

#[tokio::test]
async fn a_node_that_keeps_its_weights_to_itself_is_not_accepted() {
    let faults = Faults {
        keeps_weights: true,
        ..Faults::default()
    };
    let market = Market::new(World::exact_input, faults).await;
    let mut run = begin(&market.engine, &market.input);
    let job = run.job_id();
    let error = run.drive(Goal::Paid).await.expect_err("nothing to pay for");
    assert!(
        matches!(
            error,
            Error::Withheld {
                what: "weights",
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("cyxwiz job dispute"), "{error}");
    // It had proven its work and submitted it, and the user had a part in the challenge.
    let escrow = market.world.escrow(&market.engine, job).await;
    assert_eq!(escrow.state, EscrowState::Submitted);
    let transcript = transcript(&market.engine, job).await.expect("open");
    assert_eq!(transcript.stage, TranscriptStage::Verified);
    // Nor has it a receipt that says that its work is held.
    let held = market
        .node
        .seen(|seen| seen.receipts.iter().map(|r| r.epochs_held).max());
    assert!(held < Some(EPOCHS), "{held:?}");
}

#[tokio::test]
async fn other_leaves_than_committed_to_are_not_paid_for() {
    let cases = [
        (Shown::OtherLeaf, "hash chain does not hold at epoch 1"),
        (Shown::OtherRun, "other heads than"),
        (Shown::TooMuch, "larger than"),
    ];
    for (shown, expected) in cases {
        let error = refused(World::exact_input, showing(shown)).await;
        assert!(matches!(error, Error::Dishonest { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let faults = Faults {
        other_leaves_hash: true,
        ..Faults::default()
    };
    let error = refused(World::exact_input, faults).await;
    assert!(matches!(error, Error::Dishonest { .. }), "{error}");
    assert!(error.to_string().contains("steps with the hash"), "{error}");
}

/// Also where no step is recomputed, the weights are those that the proof's transcript ends in.
#[tokio::test]
async fn other_weights_than_an_audited_transcript_ends_in_are_not_paid_for() {
    let other_weights = Faults {
        other_integers: true,
        ..Faults::default()
    };
    for faults in [other_weights, showing(Shown::OtherState)] {
        let error = refused(World::audited_input, faults).await;
        assert!(matches!(error, Error::Dishonest { .. }), "{error}");
        let told = error.to_string();
        assert!(told.contains("that of the weights received is"), "{told}");
    }
}

#[tokio::test]
async fn a_transcript_that_comes_late_is_waited_for() {
    let market = Market::new(World::exact_input, showing(Shown::Late)).await;
    let mut run = begin(&market.engine, &market.input);
    let job = run.job_id();
    run.drive(Goal::Paid).await.expect("paid");
    drop(run);
    paid(&market, job).await;
    let asked = market.node.seen(|seen| seen.transcripts.len());
    assert!(asked >= 2, "{asked}");
}

#[tokio::test]
async fn a_transcript_that_breaks_off_is_gone_on_with() {
    let market = Market::new(World::exact_input, showing(Shown::CutOnce)).await;
    let mut run = begin(&market.engine, &market.input);
    let job = run.job_id();
    run.drive(Goal::Paid).await.expect("paid");
    drop(run);
    paid(&market, job).await;
    let asked = market.node.seen(|seen| seen.transcripts.clone());
    assert!(asked[0] == 0 && asked[1] > 0, "{asked:?}");
    assert_eq!(asked.len(), 2);
}

/// What a machine that lost its power has left is not what the node is blamed for.
#[tokio::test]
async fn remains_of_another_file_are_dropped() {
    let market = Market::new(World::exact_input, Faults::default()).await;
    let mut run = begin(&market.engine, &market.input);
    let job = run.job_id();
    let dir = journal::job_dir(&market.engine.settings.data_dir, job);
    let remains = dir.join("weights.transcript.json.part");
    fs::write(&remains, [0; 9]).expect("write");
    run.drive(Goal::Paid).await.expect("paid");
    drop(run);
    paid(&market, job).await;
    assert_eq!(market.node.seen(|seen| seen.transcripts.clone()), [9, 0]);
    assert!(!remains.exists());
}

async fn asked_for(node: &Node) {
    while node.seen(|seen| seen.transcripts.is_empty()) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_run_broken_off_between_weights_and_transcript_fetches_it_and_pays() {
    let market = Market::new(World::audited_input, showing(Shown::Late)).await;
    let (engine, node) = (&market.engine, &market.node);
    let output = RunOptions {
        output: Some(engine.settings.data_dir.join("mine/w.bin")),
        ..RunOptions::default()
    };
    let mut run = JobRun::begin(engine, &market.input, output).expect("begin");
    let job = run.job_id();
    tokio::select! {
        driven = run.drive(Goal::Paid) => panic!("delivered without: {driven:?}"),
        () = asked_for(node) => {}
    }
    drop(run);
    let journal = journal::read(&engine.settings.data_dir, job).expect("journal");
    assert!(journal.weights.is_some() && journal.transcript.is_none());

    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    let report = run.drive(Goal::Paid).await.expect("driven");
    let report = report.expect("report");
    let due = report.payment_due_at;
    drop(run);
    let window = due.expect("audits first") - market.world.escrow(engine, job).await.submitted_at;
    let beside = engine.settings.data_dir.join("mine/w.transcript.json");
    assert_eq!(kept(engine, job).path, beside);
    assert_eq!(report.transcript_file, Some(beside.display().to_string()));

    market
        .world
        .advance(u32::try_from(window).expect("a window") + 60)
        .await;
    // It is compared with the chain by what was noted of it: its user may have put it away.
    let away = beside.with_extension("old");
    fs::rename(&beside, &away).expect("put away");
    let mut run = JobRun::resume(engine, job, RunOptions::default()).expect("resume");
    run.drive(Goal::Paid).await.expect("paid");
    drop(run);
    fs::rename(&away, &beside).expect("put back");
    paid(&market, job).await;
}
