//! The trainer as the node runs it: a process with commands in and events out.

mod audited;
mod integers;
mod run;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command as Process,
};

use cyxwiz_domain::{
    Digest,
    spec::RuntimeClass,
    training::{Command, Event, FailureKind, TRANSCRIPT_FILE, TranscriptRecord},
};
use run::{Run, TRAINER};
use serde_json::{Value, json};

fn digits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits")
}

/// A small job on the digits in which everything that must survive a kill is at
/// work: dropout, running statistics, momentum, a schedule.
fn job(dir: &Path, epochs: u32, lr: f64) -> PathBuf {
    let spec = json!({
        "job": { "name": "test", "epochs": epochs, "seed": 3, "checkpoint_every": 4 },
        "dataset": { "format": "csv.gz", "shape": [1, 8, 8], "scale": 16.0, "split": { "test": 0.2, "seed": 1 } },
        "model": { "layers": [
            { "type": "conv2d", "out": 8, "kernel": 3, "padding": 1 },
            { "type": "batch_norm2d" },
            { "type": "relu" },
            { "type": "max_pool2d", "kernel": 2 },
            { "type": "flatten" },
            { "type": "dropout", "p": 0.3 },
            { "type": "linear", "out": 10 },
        ]},
        "training": { "loss": "cross_entropy", "batch": 16 },
        "optimizer": { "type": "adam", "lr": lr },
        "schedule": { "type": "cosine" },
    });
    write(dir, "spec.json", &spec)
}

fn write(dir: &Path, name: &str, value: &Value) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, value.to_string()).expect("write spec");
    path
}

fn weights(events: &[Event]) -> Digest {
    match events.last() {
        Some(Event::Finished { weights_sha256, .. }) => *weights_sha256,
        other => panic!("not finished: {other:?}"),
    }
}

/// What binds a job's commitments to a place on the chain.
const BOUND: [&str; 4] = [
    "--context",
    "0011223344556677889900112233445566778899001122334455667788990011",
    "--escrow",
    "So11111111111111111111111111111111111111112",
];

fn transcript(work: &Path) -> TranscriptRecord {
    let bytes = fs::read(work.join(TRANSCRIPT_FILE)).expect("transcript");
    serde_json::from_slice(&bytes).expect("JSON")
}

fn leaves(record: &TranscriptRecord) -> Vec<Digest> {
    let epochs = record.epochs.iter();
    epochs.flat_map(|epoch| epoch.leaves.clone()).collect()
}

/// Head and time of each epoch as it ended.
fn heads(events: &[Event]) -> Vec<(Digest, u64)> {
    let heads = events.iter().filter_map(|event| match event {
        Event::EpochDone(summary) => summary.head.zip(summary.ended_at),
        _ => None,
    });
    heads.collect()
}

/// Epochs that a resumed run found done.
fn completed(events: &[Event]) -> usize {
    match events.first() {
        Some(Event::Ready { completed, .. }) => completed.len(),
        other => panic!("not ready: {other:?}"),
    }
}

#[test]
fn the_example_learns_the_digits() {
    let dir = tempfile::tempdir().expect("dir");
    let data = digits().join("digits.csv.gz");
    let run = Run::start(&digits().join("job.toml"), &data, dir.path());
    let (events, code) = run.finish();
    assert_eq!(code, Some(0), "{events:?}");
    assert!(
        matches!(
            events[0],
            Event::Ready {
                train_rows: 1438,
                test_rows: 359,
                ..
            }
        ),
        "{:?}",
        events[0]
    );
    let epochs: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::EpochDone(summary) => Some(summary),
            _ => None,
        })
        .collect();
    assert_eq!(
        epochs.iter().map(|e| e.epoch).collect::<Vec<_>>(),
        (1..=20).collect::<Vec<_>>()
    );
    let samples = events
        .iter()
        .filter(|e| matches!(e, Event::Metrics { .. }))
        .count();
    assert!(samples >= 20, "{samples} samples");
    assert!(epochs[19].train_loss < epochs[0].train_loss / 5.0);

    let Some(Event::Finished {
        weights_file,
        weights_sha256,
        test_accuracy,
        ..
    }) = events.last()
    else {
        panic!("not finished: {:?}", events.last());
    };
    let accuracy = test_accuracy.expect("a held-out part");
    assert!(accuracy >= 0.97, "{accuracy}");
    let bytes = fs::read(dir.path().join(weights_file)).expect("weights");
    assert_eq!(Digest::of(&bytes), *weights_sha256);
    assert_eq!(epochs[19].checkpoint_sha256, *weights_sha256);

    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut shapes: Vec<_> = file
        .tensors()
        .into_iter()
        .map(|(n, t)| (n, t.shape().to_vec()))
        .collect();
    shapes.sort();
    let expected = [
        ("0.bias", vec![16]),
        ("0.weight", vec![16, 1, 3, 3]),
        ("2.bias", vec![32]),
        ("2.weight", vec![32, 16, 3, 3]),
        ("7.bias", vec![64]),
        ("7.weight", vec![64, 512]),
        ("9.bias", vec![10]),
        ("9.weight", vec![10, 64]),
    ];
    assert_eq!(
        shapes,
        expected.map(|(name, shape)| (name.to_owned(), shape))
    );
    let kept: Vec<_> = (1..=20)
        .filter(|epoch| {
            dir.path()
                .join(format!("epoch-{epoch:07}.safetensors"))
                .exists()
        })
        .collect();
    assert_eq!(kept, [19, 20]);
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let dir = tempfile::tempdir().expect("dir");
    let (spec, data) = (job(dir.path(), 12, 0.01), digits().join("digits.csv.gz"));
    let whole = Run::start(&spec, &data, &dir.path().join("whole"))
        .finish()
        .0;

    // Killed after an epoch, again in the middle of one whose state was saved, and
    // again at once.
    let work = dir.path().join("killed");
    let mut run = Run::start(&spec, &data, &work);
    run.until(|event| matches!(event, Event::EpochDone(summary) if summary.epoch == 3));
    run.kill();
    let mut run = Run::start(&spec, &data, &work);
    run.until(|event| matches!(event, Event::EpochDone(summary) if summary.epoch == 5));
    run.send(Command::CheckpointNow);
    let saved = run.until(|event| matches!(event, Event::StateSaved { .. }));
    run.kill();
    let mut run = Run::start(&spec, &data, &work);
    run.until(|event| matches!(event, Event::Ready { .. }));
    run.kill();
    let (events, code) = Run::start(&spec, &data, &work).finish();
    assert_eq!(code, Some(0));
    let Event::StateSaved { epochs, step } = saved else {
        unreachable!()
    };
    assert!(
        completed(&events) >= epochs as usize && epochs >= 5,
        "{saved:?}"
    );
    assert!(step > 0, "{saved:?}");
    assert_eq!(weights(&events), weights(&whole));

    // A finished run says so again, with the same bytes and nothing trained.
    let (again, _) = Run::start(&spec, &data, &work).finish();
    assert_eq!((completed(&again), again.len()), (12, 2));
    assert_eq!(weights(&again), weights(&whole));
}

#[test]
fn commands_are_obeyed_and_cost_nothing() {
    let dir = tempfile::tempdir().expect("dir");
    let (spec, data) = (job(dir.path(), 6, 0.01), digits().join("digits.csv.gz"));
    let whole = Run::start(&spec, &data, &dir.path().join("whole"))
        .finish()
        .0;

    let work = dir.path().join("commanded");
    let mut run = Run::start(&spec, &data, &work);
    run.until(|event| matches!(event, Event::EpochDone(_)));
    run.send(Command::Pause);
    let paused = run.until(|event| matches!(event, Event::Paused { .. }));
    run.send(Command::CheckpointNow);
    // Paused: the answer is the very next line, whatever time passes.
    let saved = run.next().expect("answer");
    run.send(Command::Resume);
    let resumed = run.next().expect("answer");
    let (
        Event::Paused { step, .. },
        Event::StateSaved { step: at_save, .. },
        Event::Resumed { step: after, .. },
    ) = (&paused, &saved, &resumed)
    else {
        panic!("{paused:?} {saved:?} {resumed:?}");
    };
    assert!(step == at_save && step == after);
    run.send(Command::Stop);
    let (events, code) = run.finish();
    assert!(
        matches!(events.last(), Some(Event::Stopped { .. })),
        "{events:?}"
    );
    assert_eq!(code, Some(3));
    let (events, _) = Run::start(&spec, &data, &work).finish();
    assert_eq!(weights(&events), weights(&whole));
}

#[test]
fn the_end_of_the_input_stops_the_run() {
    let dir = tempfile::tempdir().expect("dir");
    let (spec, data) = (job(dir.path(), 500, 0.01), digits().join("digits.csv.gz"));
    let mut run = Run::start(&spec, &data, dir.path());
    run.until(|event| matches!(event, Event::Ready { .. }));
    run.input = None;
    let (events, code) = run.finish();
    assert!(
        matches!(events.last(), Some(Event::Stopped { .. })),
        "{events:?}"
    );
    assert_eq!(code, Some(3));
}

#[test]
fn faults_are_told_apart() {
    let failure = |spec: &Path, data: &Path, work: &Path| {
        let (events, code) = Run::start(spec, data, work).finish();
        match events.last() {
            Some(Event::Failed { kind, message }) => {
                let diverged = *kind == FailureKind::Diverged;
                assert_eq!(code, Some(if diverged { 4 } else { 1 }));
                (*kind, message.clone())
            }
            other => panic!("not failed: {other:?}"),
        }
    };
    let dir = tempfile::tempdir().expect("dir");
    let work = dir.path().join("work");

    let csv = dir.path().join("bad.csv");
    fs::write(&csv, "x,y\n1,0\nabc,1\n").expect("write");
    let spec = json!({
        "job": { "name": "bad", "epochs": 1 },
        "dataset": { "format": "csv", "header": true, "shape": [1] },
        "model": { "layers": [{ "type": "linear", "out": 2 }] },
        "training": { "loss": "cross_entropy", "batch": 1 },
        "optimizer": { "type": "sgd", "lr": 0.1 },
    });
    let good_spec = write(dir.path(), "good.json", &spec);
    let (kind, message) = failure(&good_spec, &csv, &work);
    assert_eq!(kind, FailureKind::Dataset);
    assert_eq!(
        message,
        "dataset: line 3, column 1 ('x'): 'abc' is not a number"
    );

    let line = dir.path().join("line.csv");
    fs::write(&line, "x,y\n1,2\n2,4\n3,6\n4,8\n").expect("write");
    let mut wild = spec.clone();
    wild["job"]["epochs"] = json!(100);
    wild["model"]["layers"][0]["out"] = json!(1);
    wild["training"]["loss"] = json!("mse");
    wild["optimizer"]["lr"] = json!(1000.0);
    let (kind, message) = failure(&write(dir.path(), "wild.json", &wild), &line, &work);
    assert_eq!(kind, FailureKind::Diverged, "{message}");
    assert!(message.contains("try a smaller learning rate"), "{message}");

    let mut bad = spec;
    bad["model"]["layers"][0]["type"] = json!("linnear");
    let (kind, message) = failure(&write(dir.path(), "bad.json", &bad), &csv, &work);
    assert_eq!(kind, FailureKind::Spec);
    assert!(
        message.contains("`model.layers[0]`: unknown layer 'linnear'"),
        "{message}"
    );

    let (kind, message) = failure(&good_spec, &dir.path().join("absent.csv"), &work);
    assert_eq!(kind, FailureKind::Storage);
    assert!(message.contains("absent.csv"), "{message}");
}

#[test]
fn another_jobs_state_is_not_resumed() {
    let dir = tempfile::tempdir().expect("dir");
    let (data, work) = (digits().join("digits.csv.gz"), dir.path().join("work"));
    let mut run = Run::start(&job(dir.path(), 500, 0.01), &data, &work);
    run.until(|event| matches!(event, Event::EpochDone(_)));
    run.kill();
    let (events, _) = Run::start(&job(dir.path(), 500, 0.02), &data, &work).finish();
    let Some(Event::Failed {
        kind: FailureKind::Storage,
        message,
    }) = events.last()
    else {
        panic!("{events:?}");
    };
    assert!(
        message.contains("is of another job or dataset"),
        "{message}"
    );
}

#[test]
fn the_benchmark_prints_a_rate() {
    let output = Process::new(TRAINER)
        .args(["benchmark", "--device", "cpu", "--seconds", "0.2"])
        .output()
        .expect("run");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert!(
        report["rate"].as_f64().is_some_and(|rate| rate > 0.0),
        "{report}"
    );
    assert_eq!(report["device"], "cpu");
}

#[test]
fn the_runtime_classes_that_are_kept_are_named() {
    let output = Process::new(TRAINER).arg("classes").output().expect("run");
    let names: Vec<String> = serde_json::from_slice(&output.stdout).expect("one JSON array");
    // Tests run on machines of this release's class.
    assert!(RuntimeClass::names().eq(names.iter().map(String::as_str)));
}
