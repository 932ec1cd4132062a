//! Trains one job and leaves its weights on disk. Runs as a process of its own
//! (`cyxwiz-trainer run`), so that a hostile model or file reaches neither the
//! node's wallet nor its network.
//!
//! [`run`] is the loop that every backend shares: order of the rows, learning
//! rate, checkpoints, commands, metrics. A backend is a [`Trainer`]; there is
//! one, [`TorchTrainer`].

pub mod benchmark;
mod checkpoint;
mod error;
mod run;
mod torch;
mod trainer;

pub use checkpoint::{Progress, Store};
pub use error::TrainError;
pub use run::{Job, METRICS_INTERVAL, Outcome, run};
pub use torch::{DeviceChoice, TorchTrainer};
pub use trainer::{Tally, Trainer};
