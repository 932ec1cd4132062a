//! What commitments add to a training of minutes: the same audited job, a convolutional network of
//! 0.4 million weights with Adam, with and without them. One JSON object a line.
//!
//! Seconds are those of the CPU, which other programs on the machine disturb less than the clock; the
//! class's one thread makes them the same on a machine with nothing else to do.

use std::{fs, io, path::Path, sync::mpsc, time::Instant};

use anyhow::Context as _;
use cyxwiz_domain::{
    Address, Digest,
    dataset::Table,
    spec::{JobSpec, RuntimeClass},
    training::{Event, SplitMix64},
};
use cyxwiz_proof::job::opening;
use cyxwiz_trainer::{
    Binding, Commit, Committed, DeviceChoice, Job, Leaf, Position, Store, Tally, TorchTrainer,
    TrainError, Trainer, run, runtime,
};
use serde_json::{Value, json};

/// The most that commitments may add.
const AIM: f64 = 0.05;
const ROWS: usize = 10_000;
const SIDE: usize = 28;
/// Ticks of the kernel's clock in a second, on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

fn main() -> anyhow::Result<()> {
    let class = RuntimeClass::DEFAULT;
    runtime::restart_with(class.environment())?;
    let epochs = std::env::args().nth(1).map_or(Ok(26), |text| text.parse());
    let epochs: u32 = epochs.context("usage: commitments [EPOCHS]")?;
    let (spec, table) = (spec(epochs)?, table());
    let binding = Binding {
        escrow: Address([3; 32]),
        context: Digest([1; 32]),
    };
    let job = Job::new(spec, table.rows(), Digest::default()).bound(binding);
    let backend = || {
        TorchTrainer::new(
            &job.spec,
            &table,
            DeviceChoice::Cpu.resolve()?,
            class.threads(),
        )
    };

    let mut plain = backend()?;
    let (bare, weights) = train(&job, &mut plain)?;
    drop(plain);
    let opening = opening(&job.spec, None, job.dataset_root)?.context("a tier")?;
    let timed = Timed {
        inner: backend()?,
        leaves: 0,
        seconds: 0.0,
    };
    let mut committed = Committed::new(&job, timed, &opening)?;
    let (seconds, same) = train(&job, &mut committed)?;
    anyhow::ensure!(weights == same, "commitments must not change the weights");

    let leaves = committed.inner();
    line(json!({
        "bench": "commitments.cnn.seconds",
        "value": seconds, "unit": "CPU s",
        "reference": "the same run without commitments", "reference_value": bare,
        "ratio": seconds / bare, "epochs": epochs, "leaves": leaves.leaves,
    }))?;
    line(json!({
        "bench": "commitments.cnn.share",
        "value": leaves.seconds / (seconds - leaves.seconds), "unit": "share of training",
        "reference": "the aim", "reference_value": AIM,
        "ratio": leaves.seconds / (seconds - leaves.seconds) / AIM,
        "milliseconds_per_leaf": leaves.seconds * 1e3 / f64::from(leaves.leaves),
    }))
}

/// Trains in a folder of its own; CPU seconds, and the weights' hash.
fn train(job: &Job, trainer: &mut impl Trainer) -> anyhow::Result<(f64, Digest)> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path())?;
    let (_sender, commands) = mpsc::channel();
    let mut weights = None;
    let mut listen = |event: Event| -> io::Result<()> {
        if let Event::Finished { weights_sha256, .. } = event {
            weights = Some(weights_sha256);
        }
        Ok(())
    };
    let before = cpu_seconds()?;
    run(job, trainer, &store, None, &commands, &mut listen)?;
    Ok((cpu_seconds()? - before, weights.context("it finished")?))
}

/// A backend whose leaves are timed.
struct Timed {
    inner: TorchTrainer,
    leaves: u32,
    seconds: f64,
}

impl Commit for Timed {
    fn leaf(&mut self, at: Position) -> Result<Leaf, TrainError> {
        let start = Instant::now();
        let leaf = self.inner.leaf(at);
        self.seconds += start.elapsed().as_secs_f64();
        self.leaves += 1;
        leaf
    }
}

impl Trainer for Timed {
    fn device(&self) -> String {
        self.inner.device()
    }

    fn threads(&self) -> u32 {
        self.inner.threads()
    }

    fn step(&mut self, rows: &[u32], lr: f64, seed: u64) -> Result<(), TrainError> {
        self.inner.step(rows, lr, seed)
    }

    fn tally(&mut self) -> Result<Tally, TrainError> {
        self.inner.tally()
    }

    fn set_tally(&mut self, tally: Tally) -> Result<(), TrainError> {
        self.inner.set_tally(tally)
    }

    fn evaluate(&mut self, rows: &[u32]) -> Result<Tally, TrainError> {
        self.inner.evaluate(rows)
    }

    fn weights(&mut self) -> Result<Vec<u8>, TrainError> {
        self.inner.weights()
    }

    fn state(&mut self) -> Result<Vec<u8>, TrainError> {
        self.inner.state()
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), String> {
        self.inner.restore(state)
    }
}

fn spec(epochs: u32) -> anyhow::Result<JobSpec> {
    let spec = json!({
        "job": { "name": "cnn", "epochs": epochs, "checkpoint_every": 10 },
        "dataset": { "format": "csv", "shape": [1, SIDE, SIDE], "split": { "test": 0.1, "seed": 1 } },
        "model": { "layers": [
            { "type": "conv2d", "out": 32, "kernel": 3, "padding": 1 },
            { "type": "relu" },
            { "type": "max_pool2d", "kernel": 2 },
            { "type": "conv2d", "out": 64, "kernel": 3, "padding": 1 },
            { "type": "relu" },
            { "type": "max_pool2d", "kernel": 2 },
            { "type": "flatten" },
            { "type": "linear", "out": 128 },
            { "type": "relu" },
            { "type": "linear", "out": 10 },
        ]},
        "training": { "loss": "cross_entropy", "batch": 32 },
        "optimizer": { "type": "adam", "lr": 0.001 },
        "verification": { "tier": "audited", "circuit": "t100x16" },
    });
    Ok(JobSpec::from_json(spec.to_string().as_bytes())?)
}

/// Noise: what is learned from it does not matter here.
fn table() -> Table {
    let mut random = SplitMix64::of(&["bench"], &[]);
    let sample_len = SIDE * SIDE;
    Table {
        features: (0..ROWS * sample_len)
            .map(|_| random.uniform() as f32)
            .collect(),
        labels: (0..ROWS).map(|_| random.below(10) as f32).collect(),
        sample_len,
    }
}

/// What this process has had of the CPU, in user and kernel mode.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc/self/stat"))?;
    // The name, which may hold blanks, ends with the last parenthesis; utime and stime are 11 on.
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks = ticks.map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / TICKS)
}

#[expect(clippy::print_stdout, reason = "the bench's result")]
fn line(value: Value) -> anyhow::Result<()> {
    println!("{value}");
    Ok(())
}
