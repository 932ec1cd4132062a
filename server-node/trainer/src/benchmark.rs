//! The rate of a machine: how fast it trains, against the reference machine.

use std::time::{Duration, Instant};

use cyxwiz_domain::{
    dataset::Table,
    spec::{JobSpec, REFERENCE_FLOPS},
    training::SplitMix64,
};
use serde::Serialize;
use tch::Device;

use crate::{TorchTrainer, TrainError, Trainer};

/// A small network of the usual parts, between those whose time is all arithmetic
/// and those whose time is all calls.
const SPEC: &str = r#"
job = { name = "benchmark", epochs = 1 }
dataset = { format = "csv", shape = [1, 16, 16] }
training = { loss = "cross_entropy", batch = 64 }
optimizer = { type = "adam", lr = 0.001 }
model.layers = [
  { type = "conv2d", out = 16, kernel = 3, padding = 1 },
  { type = "relu" },
  { type = "conv2d", out = 32, kernel = 3, padding = 1 },
  { type = "relu" },
  { type = "max_pool2d", kernel = 2 },
  { type = "flatten" },
  { type = "linear", out = 64 },
  { type = "relu" },
  { type = "linear", out = 10 },
]
"#;

const ROWS: u32 = 256;
const BATCH: usize = 64;
/// The first steps allocate and choose algorithms.
const WARM_UP: usize = 3;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Device measured.
    pub device: String,
    /// Threads of one operation.
    pub threads: u32,
    /// Floating-point operations a second in training.
    pub flops: f64,
    /// `flops` over those of the reference machine.
    pub rate: f64,
}

/// Trains a fixed network on noise for about `seconds`.
///
/// # Errors
/// libtorch's own.
pub fn measure(device: Device, threads: u32, seconds: f64) -> Result<Report, TrainError> {
    let spec = JobSpec::from_toml(SPEC)?;
    let mut random = SplitMix64::of(&["benchmark"], &[]);
    let sample_len = spec.dataset.sample_len() as usize;
    let table = Table {
        features: (0..ROWS as usize * sample_len)
            .map(|_| random.uniform() as f32)
            .collect(),
        labels: (0..ROWS).map(|_| random.below(10) as f32).collect(),
        sample_len,
    };
    let mut trainer = TorchTrainer::new(&spec, &table, device, threads)?;
    let rows: Vec<u32> = (0..ROWS).collect();
    let mut batches = rows.chunks(BATCH).cycle();
    for batch in batches.by_ref().take(WARM_UP) {
        trainer.step(batch, 1e-3, 0)?;
    }
    trainer.tally()?;

    let limit = Duration::from_secs_f64(seconds.clamp(0.1, 600.0));
    let started = Instant::now();
    let mut steps = 0u32;
    while started.elapsed() < limit {
        for batch in batches.by_ref().take(4) {
            trainer.step(batch, 1e-3, 0)?;
            steps += 1;
        }
        // Waits for the device.
        trainer.tally()?;
    }
    let forward = spec.plan()?.flops() as f64;
    let flops = 3.0 * forward * BATCH as f64 * f64::from(steps) / started.elapsed().as_secs_f64();
    Ok(Report {
        device: trainer.device(),
        threads,
        flops,
        rate: flops / REFERENCE_FLOPS,
    })
}
