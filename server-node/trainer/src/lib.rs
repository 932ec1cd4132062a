//! Trains one job and leaves its weights on disk. Runs as a process of its own
//! (`cyxwiz-trainer run`), so that a hostile model or file reaches neither the
//! node's wallet nor its network.
//!
//! [`run`] is the loop that every backend shares: order of the rows, learning
//! rate, checkpoints, commands, metrics. A backend is a [`Trainer`]: [`TorchTrainer`]
//! for all models, [`IntSgdTrainer`] for those trained in integers, whose every step
//! it commits to.

pub mod benchmark;
mod checkpoint;
mod error;
mod intsgd;
mod job;
mod run;
mod torch;
mod trainer;

pub use checkpoint::{Progress, Store};
pub use error::TrainError;
pub use intsgd::{Exact, IntSgdTrainer};
pub use job::{Binding, Job};
pub use run::{METRICS_INTERVAL, Outcome, run};
pub use torch::{DeviceChoice, TorchTrainer};
pub use trainer::{Tally, Trainer};
