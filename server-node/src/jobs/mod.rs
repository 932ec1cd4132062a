//! The jobs of this node, on disk and in memory. Everything that must survive a
//! `kill -9` is on the disk before anyone is told of it.

mod dataset;
mod event_log;
pub mod files;
mod heads;
mod job;
mod progress;
mod proof;
mod receipts;
mod record;
mod registry;
mod transitions;
mod used_tokens;

use std::{
    io,
    path::{Path, PathBuf},
};

use cyxwiz_domain::{Address, Digest, JobId, dataset::ChunkError, spec::SpecError};

pub use event_log::{EventLog, KeptEvent};
pub use job::{Control, Job, Local, NewJob};
pub use proof::{KeptProof, Shown, VERSION as PROOF_VERSION};
pub use receipts::{Receipts, Refusal, SignedReceipt, adds_to};
pub use record::{Completion, JobRecord, PendingWrite, Phase, ProofTerms, Settlement};
pub use registry::Jobs;
pub use used_tokens::{UseError, UsedTokens};

/// What can be wrong with a job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// An event before the last is damaged.
    #[error("{} is damaged at line {line}; restore it or remove the job's directory", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// The spec is none.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The job's files contradict each other.
    #[error("job {id}: {problem}")]
    Inconsistent {
        /// The job.
        id: JobId,
        /// What does not fit.
        problem: String,
    },
    /// A chunk that is not the dataset's.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// A manifest that is not the dataset's.
    #[error("the manifest's root is {actual}, but the escrow {escrow} names {expected}")]
    Manifest {
        /// Of the manifest.
        actual: Digest,
        /// Of the escrow.
        expected: Digest,
        /// The escrow.
        escrow: Address,
    },
    /// The dataset is larger than this node takes.
    #[error("the dataset has {bytes} bytes, more than the {limit} that this node takes")]
    TooLarge {
        /// Of the dataset.
        bytes: u64,
        /// Of this node.
        limit: u64,
    },
    /// No manifest has been given yet.
    #[error("the dataset's manifest is not known yet; open a session with it first")]
    NoManifest,
}

impl JobError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
