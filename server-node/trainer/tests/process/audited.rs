//! Jobs in floats that are committed to, as the node runs them.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use cyxwiz_domain::training::{Command, Event, FailureKind, TranscriptRecord};
use cyxwiz_proof::{
    field::{sha256, to_word},
    job::{read_record, state_commitment},
};
use cyxwiz_statement::truncate;
use serde_json::{Value, json};

use super::{BOUND, digits, heads, job, leaves, run::Run, transcript, weights, write};

/// The small job of the other tests, audited.
fn audited(dir: &Path, epochs: u32) -> PathBuf {
    let text = fs::read(job(dir, epochs, 0.01)).expect("spec");
    let mut spec: Value = serde_json::from_slice(&text).expect("JSON");
    spec["verification"] = json!({ "tier": "audited", "circuit": "t100x16" });
    write(dir, "audited.json", &spec)
}

fn start(spec: &Path, work: &Path) -> Run {
    Run::start_with(&BOUND, spec, &digits().join("digits.csv.gz"), work)
}

/// Whether the weights delivered are those of the state that the transcript ends in.
fn ends_in_its_weights(record: &TranscriptRecord, events: &[Event]) {
    let transcript = read_record(record).expect("its chain holds");
    let delivered = state_commitment(record, weights(events));
    assert_eq!(delivered, Ok(to_word(transcript.trained())));
}

#[test]
fn segments_of_every_epoch_are_committed_to() {
    let dir = tempfile::tempdir().expect("dir");
    let spec = audited(dir.path(), 3);
    let (events, code) = start(&spec, &dir.path().join("work")).finish();
    assert_eq!(code, Some(0), "{events:?}");
    let record = transcript(&dir.path().join("work"));
    let transcript = read_record(&record).expect("its chain holds");
    assert_eq!(record.circuit, "t100x16");
    let spec_hash = cyxwiz_domain::spec::JobSpec::from_json(&fs::read(&spec).expect("read"))
        .expect("valid")
        .spec_hash();
    let initial = truncate(sha256(&[b"cyxwiz/initial/v1", &spec_hash]));
    assert_eq!(to_word(transcript.initial()), initial);
    let times = record.epochs.iter().map(|epoch| (epoch.head, epoch.time));
    assert!(heads(&events).into_iter().eq(times));
    assert!(record.epochs.iter().all(|epoch| epoch.leaves.len() == 16));
    let leaves = leaves(&record);
    assert_eq!(
        leaves.iter().collect::<HashSet<_>>().len(),
        48,
        "all differ"
    );
    ends_in_its_weights(&record, &events);
}

/// Three batches in an epoch: three segments, of which the last stands for the circuit's other leaves.
#[test]
fn an_epoch_of_few_batches_repeats_its_last_leaf() {
    let dir = tempfile::tempdir().expect("dir");
    let spec = audited(dir.path(), 2);
    let text = fs::read_to_string(&spec).expect("spec");
    fs::write(&spec, text.replace(r#""batch":16"#, r#""batch":512"#)).expect("write");
    let (events, code) = start(&spec, &dir.path().join("work")).finish();
    assert_eq!(code, Some(0), "{events:?}");
    let record = transcript(&dir.path().join("work"));
    ends_in_its_weights(&record, &events);
    for epoch in &record.epochs {
        let [first, second, rest @ ..] = epoch.leaves.as_slice() else {
            panic!("{} leaves", epoch.leaves.len());
        };
        assert_eq!(rest.len(), 14);
        assert!(first != second && second != &rest[0]);
        assert!(rest.iter().all(|leaf| leaf == &rest[0]));
    }
}

#[test]
fn the_example_is_learned_and_committed_to() {
    let dir = tempfile::tempdir().expect("dir");
    let (events, code) = start(&digits().join("audited.toml"), dir.path()).finish();
    assert_eq!(code, Some(0), "{events:?}");
    let Some(Event::Finished { test_accuracy, .. }) = events.last() else {
        panic!("not finished: {:?}", events.last());
    };
    let accuracy = test_accuracy.expect("a held-out part");
    assert!(accuracy >= 0.97, "{accuracy}");
    let record = transcript(dir.path());
    assert_eq!(
        (record.circuit.as_str(), record.epochs.len()),
        ("t100x16", 20)
    );
    let ends = record.epochs.iter().map(|epoch| (epoch.head, epoch.time));
    assert!(heads(&events).into_iter().eq(ends));
}

/// What an auditor relies on: the same bits again, in another environment too, and across kills.
#[test]
fn a_run_repeats_to_the_same_commitments() {
    let dir = tempfile::tempdir().expect("dir");
    let spec = audited(dir.path(), 6);
    let data = digits().join("digits.csv.gz");
    let whole = dir.path().join("whole");
    let other = [("ATEN_CPU_CAPABILITY", "default"), ("OMP_NUM_THREADS", "2")];
    let (events, _) = Run::start_in(&other, &BOUND, &spec, &data, &whole).finish();

    let work = dir.path().join("killed");
    let mut run = start(&spec, &work);
    let mut before = Vec::new();
    while before.len() < 2 {
        let event = run.until(|event| matches!(event, Event::EpochDone(_)));
        before.extend(heads(&[event]));
    }
    run.send(Command::CheckpointNow);
    run.until(|event| matches!(event, Event::StateSaved { .. }));
    run.kill();
    let (resumed, code) = start(&spec, &work).finish();
    assert_eq!(code, Some(0), "{resumed:?}");
    assert_eq!(weights(&resumed), weights(&events));
    let record = transcript(&work);
    assert_eq!(leaves(&record), leaves(&transcript(&whole)));
    ends_in_its_weights(&record, &resumed);
    // A head that was told stays, its time with it.
    let ends = record.epochs.iter().map(|epoch| (epoch.head, epoch.time));
    assert!(ends.take(2).eq(before));
}

#[test]
fn what_the_class_or_the_binding_lacks_is_named() {
    let dir = tempfile::tempdir().expect("dir");
    let (spec, data) = (audited(dir.path(), 1), digits().join("digits.csv.gz"));
    let failure = |more: &[&str]| {
        let (events, code) = Run::start_with(more, &spec, &data, &dir.path().join("work")).finish();
        assert_eq!(code, Some(1));
        match events.as_slice() {
            [Event::Failed { kind, message }] => (*kind, message.clone()),
            other => panic!("{other:?}"),
        }
    };
    let (kind, message) = failure(&[]);
    assert_eq!(kind, FailureKind::Internal);
    assert!(message.contains("give --escrow and --context"), "{message}");

    let text = fs::read_to_string(&spec).expect("spec");
    let class = r#""runtime":"torch-2.11-avx2-4","tier":"audited""#;
    fs::write(&spec, text.replace(r#""tier":"audited""#, class)).expect("write");
    let (kind, message) = failure(&BOUND);
    assert_eq!(kind, FailureKind::Device);
    assert!(
        message.contains("torch-2.11-avx2-4 takes 4 threads, not 1"),
        "{message}"
    );
}
