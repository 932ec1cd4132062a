//! Jobs that train in integers, as the node runs them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cyxwiz_domain::{
    Digest,
    spec::JobSpec,
    training::{Command, Event, FailureKind, TRANSCRIPT_FILE},
};
use cyxwiz_proof::{
    intsgd::Weights,
    job::{INTEGER_WEIGHTS, read_record, trained_commitment},
};

use super::{BOUND, completed, digits, heads, leaves, run::Run, transcript, weights};

fn start(exact: &str, work: &Path) -> Run {
    start_on(
        exact,
        &digits().join("zk.toml"),
        &digits().join("digits.csv.gz"),
        work,
    )
}

fn start_on(exact: &str, spec: &Path, data: &Path, work: &Path) -> Run {
    let arguments = [&BOUND[..], &["--exact", exact]].concat();
    Run::start_with(&arguments, spec, data, work)
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
    let ends = record.epochs.iter().map(|epoch| (epoch.head, epoch.time));
    assert!(heads(&events).into_iter().eq(ends));
    read_record(&record).expect("its chain holds");

    // The weights delivered are those that the last leaf commits to, and the floats are theirs.
    let bytes = fs::read(dir.path().join(weights_file)).expect("weights");
    let spec = fs::read_to_string(digits().join("zk.toml")).expect("spec");
    let spec = JobSpec::from_toml(&spec).expect("valid");
    let leaf = trained_commitment(&spec, &bytes).map(Digest);
    assert_eq!(leaf.ok().as_ref(), leaves(&record).last());
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let integers = file.tensor(INTEGER_WEIGHTS).expect("integers");
    let words = integers.data().as_chunks::<8>().0;
    let integers: Vec<i64> = words.iter().map(|w| i64::from_le_bytes(*w)).collect();
    let training = spec.integer_training().expect("integers").training;
    let trained = Weights::new(&training, integers).expect("50 bits");
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
