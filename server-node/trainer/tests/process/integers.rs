//! Jobs that train in integers, as the node runs them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cyxwiz_domain::{
    Digest,
    training::{Command, Event, FailureKind, TRANSCRIPT_FILE, TranscriptRecord},
};
use cyxwiz_proof::{field::to_word, intsgd::Weights};
use cyxwiz_statement::Registered;

use super::{completed, digits, run::Run, weights};

const CONTEXT: &str = "0011223344556677889900112233445566778899001122334455667788990011";
const ESCROW: &str = "So11111111111111111111111111111111111111112";

fn start(exact: &str, work: &Path) -> Run {
    start_on(
        exact,
        &digits().join("zk.toml"),
        &digits().join("digits.csv.gz"),
        work,
    )
}

fn start_on(exact: &str, spec: &Path, data: &Path, work: &Path) -> Run {
    let bound = ["--context", CONTEXT, "--escrow", ESCROW, "--exact", exact];
    Run::start_with(&bound, spec, data, work)
}

/// The example with changes, in `dir`.
fn changed(dir: &Path, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = fs::read_to_string(digits().join("zk.toml")).expect("spec");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let path = dir.join("changed.toml");
    fs::write(&path, text).expect("write");
    path
}

fn transcript(work: &Path) -> TranscriptRecord {
    let bytes = fs::read(work.join(TRANSCRIPT_FILE)).expect("transcript");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn leaves(record: &TranscriptRecord) -> Vec<Digest> {
    let epochs = record.epochs.iter();
    epochs.flat_map(|epoch| epoch.leaves.clone()).collect()
}

#[test]
fn the_example_is_learned_and_committed_to() {
    let dir = tempfile::tempdir().expect("dir");
    let (events, code) = start("floats", dir.path()).finish();
    assert_eq!(code, Some(0), "{events:?}");
    let Some(Event::Finished {
        weights_file,
        test_accuracy,
        ..
    }) = events.last()
    else {
        panic!("not finished: {:?}", events.last());
    };
    let accuracy = test_accuracy.expect("a held-out part");
    assert!(accuracy >= 0.9, "{accuracy}");

    let record = transcript(dir.path());
    assert_eq!(
        (record.circuit.as_str(), record.epochs.len()),
        ("z64x10", 20)
    );
    assert!(record.epochs.iter().all(|epoch| epoch.leaves.len() == 64));
    let heads = events.iter().filter_map(|event| match event {
        Event::EpochDone(summary) => Some(summary.head.expect("a head")),
        _ => None,
    });
    assert!(heads.eq(record.epochs.iter().map(|epoch| epoch.head)));

    // The weights delivered are those that the last leaf commits to, and the floats are theirs.
    let bytes = fs::read(dir.path().join(weights_file)).expect("weights");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let integers = file.tensor("int_sgd.weights").expect("integers");
    assert_eq!(integers.shape(), [64, 10]);
    let words = integers.data().as_chunks::<8>().0;
    let integers: Vec<i64> = words.iter().map(|w| i64::from_le_bytes(*w)).collect();
    let training = Registered::by_name("z64x10").and_then(|c| c.circuit.training);
    let trained = Weights::new(&training.expect("training"), integers).expect("50 bits");
    let leaf = Digest(to_word(trained.commitment()));
    assert_eq!(leaves(&record).last(), Some(&leaf));
    let floats = file.tensor("1.weight").expect("floats");
    assert_eq!(floats.shape(), [10, 64]);
    let words = floats.data().as_chunks::<4>().0;
    let floats: Vec<f32> = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
    let (row, column) = (3, 20);
    assert_eq!(
        floats[row * 64 + column],
        trained.to_f32()[column * 10 + row]
    );
}

/// Killed under one arithmetic, continued under the other: the same bits as a run in one piece.
#[test]
fn a_killed_run_goes_on_to_the_same_commitments() {
    let dir = tempfile::tempdir().expect("dir");
    let whole = dir.path().join("whole");
    let (events, _) = start("auto", &whole).finish();
    let work = dir.path().join("killed");
    let mut run = start("floats", &work);
    run.until(|event| matches!(event, Event::EpochDone(summary) if summary.epoch == 3));
    run.send(Command::CheckpointNow);
    run.until(|event| matches!(event, Event::StateSaved { .. }));
    run.kill();
    let (resumed, code) = start("integers", &work).finish();
    assert_eq!(code, Some(0), "{resumed:?}");
    assert!(completed(&resumed) >= 3);
    assert_eq!(weights(&resumed), weights(&events));
    assert_eq!(leaves(&transcript(&work)), leaves(&transcript(&whole)));
}

#[test]
fn a_job_without_its_escrow_or_beyond_its_units_is_refused() {
    let dir = tempfile::tempdir().expect("dir");
    let data = digits().join("digits.csv.gz");
    let (events, code) = Run::start(&digits().join("zk.toml"), &data, dir.path()).finish();
    assert_eq!(code, Some(1));
    let [Event::Failed { message, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert!(message.contains("give --escrow and --context"), "{message}");

    let spec = changed(dir.path(), &[("scale = 16 ", "scale = 8 ")]);
    let (events, _) = Run::start(&spec, &data, dir.path()).finish();
    let [Event::Failed { kind, message }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(*kind, FailureKind::Dataset);
    assert!(message.contains("choose a larger scale"), "{message}");
}

/// A failure of its own, told by kind, message and exit code, and the same under both arithmetics.
#[test]
fn a_run_that_outgrows_its_range_has_diverged() {
    let dir = tempfile::tempdir().expect("dir");
    let changes = [("rate = 6 ", "rate = 65535 "), ("\"csv.gz\"", "\"csv\"")];
    let spec = changed(dir.path(), &changes);
    // Rows that all push the same way, so that one step at this rate overshoots the range.
    let data = dir.path().join("bright.csv");
    let row = format!("{}0\n", "16,".repeat(64));
    fs::write(&data, row.repeat(100)).expect("write");
    let failures = ["integers", "floats"].map(|exact| {
        let work = dir.path().join(exact);
        let (events, code) = start_on(exact, &spec, &data, &work).finish();
        assert_eq!(code, Some(4), "{events:?}");
        assert!(!work.join(TRANSCRIPT_FILE).exists());
        events.into_iter().last().expect("events")
    });
    let Event::Failed { kind, message } = &failures[0] else {
        panic!("{failures:?}");
    };
    assert_eq!(*kind, FailureKind::Diverged);
    assert!(message.contains("use a smaller learning rate"), "{message}");
    assert!(matches!(
        &failures[1],
        Event::Failed {
            kind: FailureKind::Diverged,
            ..
        }
    ));
}
