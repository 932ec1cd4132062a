//! Repeating a run in integers on the user's machine, step by step.

use std::{fs, path::PathBuf};

use cyxwiz::{
    commands::job::replay,
    engine::Engine,
    error::{Error, Result},
    flow::{
        Goal, JobRun, RunOptions,
        journal::KeptTranscript,
        proof::{Compared, Replay, StepNumber},
        store::JobStore,
    },
};
use cyxwiz_domain::{JobId, training::TranscriptRecord};
use cyxwiz_proof::job::leaves_hash;

use crate::{node::Faults, proofs::Market, work::detour, world::World};

/// Repeats the job of this machine as `cyxwiz job replay` does, without its output.
async fn repeat(engine: &Engine, job: JobId) -> Result<Replay> {
    let store = JobStore::open(&engine.settings.data_dir, job).expect("open");
    let committed = store.journal.proof.as_ref().and_then(|p| p.committed);
    let (spec, at) = (store.spec().expect("spec"), engine.escrow_address(job));
    let trained = committed.expect("seen").trained;
    cyxwiz::flow::proof::replay(&store.journal, &spec, at, trained, |_| {}).await
}

/// Has the node have shown, and committed to, `record` instead of its honest run.
fn show(engine: &Engine, job: JobId, record: &TranscriptRecord) -> PathBuf {
    let mut store = JobStore::open(&engine.settings.data_dir, job).expect("open");
    let leaves_hash = leaves_hash(record);
    let KeptTranscript { path, commits_to } = store.journal.transcript.as_mut().expect("kept");
    fs::write(&*path, serde_json::to_vec(record).expect("JSON")).expect("write");
    commits_to.leaves_hash = leaves_hash;
    let path = path.clone();
    let plan = store.journal.proof.as_mut().expect("a plan");
    plan.committed.as_mut().expect("seen").leaves_hash = Some(leaves_hash);
    store.save().expect("save");
    path
}

#[tokio::test]
async fn a_detour_that_ends_where_honest_training_does_is_found_by_its_first_step() {
    let market = Market::new(World::exact_input, Faults::default()).await;
    let engine = &market.engine;
    let mut run = JobRun::begin(engine, &market.input, RunOptions::default()).expect("begin");
    let job = run.job_id();
    run.drive(Goal::Paid).await.expect("paid");
    drop(run);
    let honest = repeat(engine, job).await.expect("repeated");
    assert!(honest.honest && honest.compared == Compared::EveryStep);
    assert!(honest.text().contains("each that the node committed to"));

    let kept = engine
        .settings
        .data_dir
        .join(format!("jobs/{job}/weights.transcript.json"));
    let record: TranscriptRecord =
        serde_json::from_slice(&fs::read(kept).expect("kept")).expect("JSON");
    let path = show(engine, job, &detour(&record, 1, 5));
    let found = repeat(engine, job).await.expect("repeated");
    assert!(!found.honest && !found.diverged);
    let step = StepNumber { epoch: 2, step: 6 };
    assert_eq!(found.first_false, Some(step));
    assert_eq!(
        found.replayed,
        Some(found.committed),
        "it ends as it should"
    );
    let error = replay::run(engine, job).await.expect_err("a detour");
    assert!(error.to_string().contains("step 6 of epoch 2"), "{error}");
    let Error::Dishonest {
        paid: true,
        replay: Some(replayed),
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!(replayed.first_false, Some(step));

    // A file that its user has changed is no word of the node's.
    fs::write(&path, serde_json::to_vec(&record).expect("JSON")).expect("write");
    let error = repeat(engine, job).await.expect_err("changed");
    assert!(matches!(error, Error::Content { .. }), "{error}");

    // Without the transcript the end alone is compared, and that is said.
    fs::remove_file(&path).expect("remove");
    let blind = repeat(engine, job).await.expect("repeated");
    assert!(blind.honest && blind.compared == Compared::End);
    assert!(blind.text().contains("The end alone was compared"));
    let json = serde_json::to_value(blind).expect("JSON");
    assert_eq!(
        (&json["compared"], &json["honest"]),
        (&"end".into(), &true.into())
    );
}
