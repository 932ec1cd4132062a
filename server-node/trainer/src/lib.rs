//! Trains one job and leaves its weights on disk. Runs as a process of its own
//! (`cyxwiz-trainer run`), so that a hostile model or file reaches neither the
//! node's wallet nor its network.
//!
//! [`run`] is the loop that every backend shares: order of the rows, learning
//! rate, checkpoints, commands, metrics. A backend is a [`Trainer`]: [`TorchTrainer`]
//! for all models, [`IntSgdTrainer`] for those trained in integers; [`Committed`] is
//! either, with a transcript of what it does.

pub mod benchmark;
mod checkpoint;
mod committed;
mod error;
mod intsgd;
mod job;
mod run;
pub mod runtime;
mod torch;
mod trainer;

pub use checkpoint::{Progress, Store};
pub use committed::{Commit, Committed, Leaf, Position};
pub use error::TrainError;
pub use intsgd::{Exact, IntSgdTrainer};
pub use job::{Binding, Job};
pub use run::{METRICS_INTERVAL, Outcome, run};
pub use torch::{DeviceChoice, TorchTrainer};
pub use trainer::{EpochHead, Tally, Trainer};
