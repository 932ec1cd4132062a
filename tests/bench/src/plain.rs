//! The reference: the same training as a bare loop over libtorch, in this process.
//! No market, no child process, no checkpoints, no metrics.

use std::{fs::File, path::Path, time::Instant};

use anyhow::Context as _;
use cyxwiz_domain::{
    dataset::{Split, Table, epoch_order},
    spec::JobSpec,
};
use cyxwiz_trainer::{DeviceChoice, TorchTrainer, Trainer as _};

/// Trains `spec` on the file `data`; seconds from reading the data to the last step,
/// and the held-out accuracy.
pub fn train(spec: &JobSpec, data: &Path) -> anyhow::Result<(f64, f64)> {
    let start = Instant::now();
    let table = Table::read(File::open(data).context("open the dataset")?, spec)?;
    let rows = u32::try_from(table.rows())?;
    let test = u32::try_from(spec.test_rows(u64::from(rows)))?;
    let split = Split::new(rows, test, spec.dataset.split.seed);
    let cores = std::thread::available_parallelism()?.get();
    let threads = spec.useful_threads(u32::try_from(cores)?);
    let mut trainer = TorchTrainer::new(spec, &table, DeviceChoice::Cpu.resolve()?, threads)?;
    let mut step = 0u64;
    for epoch in 1..=spec.job.epochs {
        let lr = spec
            .schedule
            .lr(spec.optimizer.lr(), epoch - 1, spec.job.epochs);
        let order = epoch_order(&split.train, spec.job.seed, epoch);
        for batch in order.chunks(spec.training.batch as usize) {
            trainer.step(batch, lr, u64::from(spec.job.seed) << 40 ^ step)?;
            step += 1;
        }
    }
    let accuracy = trainer.evaluate(&split.test)?.accuracy();
    Ok((start.elapsed().as_secs_f64(), accuracy))
}
