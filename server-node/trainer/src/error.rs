//! Why a training run ends early.

use std::{io, path::PathBuf};

use cyxwiz_domain::{dataset::DatasetError, spec::SpecError, training::FailureKind};
use cyxwiz_proof::{
    field::NotCanonical,
    intsgd::{BatchError, Diverged},
    job::JobError,
    transcript::TranscriptError,
};

/// Why a training run ends early.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The spec is refused.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The dataset is refused.
    #[error("dataset: {0}")]
    Dataset(#[from] DatasetError),
    /// The loss is no longer a finite number.
    #[error(
        "the loss is no longer a finite number in epoch {epoch}, at or before step {step}; try a smaller learning rate"
    )]
    Diverged {
        /// Epoch, from 1.
        epoch: u32,
        /// Steps done in all epochs.
        step: u64,
    },
    /// A run in integers left the numbers that its rule is defined for.
    #[error(transparent)]
    Exceeded(#[from] Diverged),
    /// The rows make no dataset of the job's circuit.
    #[error("dataset: {0}")]
    Batch(#[from] BatchError),
    /// The rows do not open the job's transcript.
    #[error(transparent)]
    Opening(#[from] JobError),
    /// The transcript does not take an epoch.
    #[error("transcript: {0}")]
    Transcript(#[from] TranscriptError),
    /// A job that is committed to was started without saying whose.
    #[error("this job is proven: give --escrow and --context, which its commitments are bound to")]
    Unbound,
    /// The context is no word.
    #[error("--context: {0}")]
    Context(#[from] NotCanonical),
    /// No such device here.
    #[error(
        "no CUDA device can be used here; run with --device cpu, or install the driver and a libtorch with CUDA"
    )]
    NoCuda,
    /// The job's runtime class cannot be kept here.
    #[error("the job's runtime class {class} takes {problem}")]
    Class {
        /// Its name.
        class: &'static str,
        /// What it takes, and what is here.
        problem: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another trainer works in the directory.
    #[error("{} is in use by another trainer; wait for it or give this run a directory of its own", .0.display())]
    Busy(PathBuf),
    /// The state on disk cannot be used.
    #[error("the state in {} {problem}; run without --resume to start over", path.display())]
    State {
        /// The work directory or a file in it.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody reads the events any more.
    #[error("cannot report progress: {0}")]
    Report(#[source] io::Error),
    /// libtorch refused an operation.
    #[error("libtorch: {}", first_line(.0))]
    Torch(#[from] tch::TchError),
}

impl TrainError {
    /// The kind that the node acts on.
    pub fn kind(&self) -> FailureKind {
        match self {
            Self::Spec(_) => FailureKind::Spec,
            Self::Dataset(_) => FailureKind::Dataset,
            Self::Batch(_) | Self::Opening(_) => FailureKind::Dataset,
            Self::Diverged { .. } | Self::Exceeded(_) => FailureKind::Diverged,
            Self::NoCuda | Self::Class { .. } => FailureKind::Device,
            Self::File { .. } | Self::Busy(_) | Self::State { .. } => FailureKind::Storage,
            Self::Torch(error) if is_out_of_memory(error) => FailureKind::OutOfMemory,
            Self::Transcript(_)
            | Self::Unbound
            | Self::Context(_)
            | Self::Report(_)
            | Self::Torch(_) => FailureKind::Internal,
        }
    }
}

/// libtorch appends a C++ stack trace to its messages.
fn first_line(error: &tch::TchError) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// libtorch has no error codes: the CPU and CUDA allocators are known by their words.
fn is_out_of_memory(error: &tch::TchError) -> bool {
    let message = error.to_string();
    message.contains("out of memory") || message.contains("can't allocate memory")
}
