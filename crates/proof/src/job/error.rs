//! What can be wrong with a job's commitments.

use crate::{
    circuit::WitnessError,
    field::NotCanonical,
    groth16::ProveError,
    intsgd::{BatchError, DatasetError, Diverged, WeightsError},
    transcript::TranscriptError,
};

/// Why something cannot be committed to, proven or checked.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The job does not train in integers.
    #[error("only jobs of the tier zk-exact can be recomputed; this one trains in floats")]
    Floats,
    /// A job that trains in integers, without its rows.
    #[error("this job's commitments are to its rows: read the dataset first")]
    NoRows,
    /// The rows make no batches of the job's circuit.
    #[error("dataset: {0}")]
    Batch(#[from] BatchError),
    /// The batches make no dataset of the job's circuit.
    #[error("dataset: {0}")]
    Dataset(#[from] DatasetError),
    /// Training leaves the numbers that its rule is defined for.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// The record of the run cannot be used.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The record is of another circuit than the job, or the prover is.
    #[error("the {what} is of the circuit {found}, but the job's is {wanted}")]
    Circuit {
        /// Record or prover.
        what: &'static str,
        /// Name or id.
        found: String,
        /// The job's circuit.
        wanted: &'static str,
    },
    /// The statement cannot be proven from this run.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// There is no proof.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The file is not what the trainer delivers.
    #[error(
        "the weights file cannot be used: {0}; it must be the one that the node delivered, unchanged"
    )]
    WeightsFile(String),
    /// The numbers are no weights of the circuit.
    #[error("the weights file cannot be used: {0}")]
    Weights(#[from] WeightsError),
}

/// Why the record of a run is no transcript.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// No such circuit is registered.
    #[error("the transcript names the circuit {0}, which is not registered")]
    UnknownCircuit(String),
    /// A word is no field element.
    #[error("the transcript is damaged: {0}")]
    Word(#[from] NotCanonical),
    /// An epoch does not fit.
    #[error("the transcript is damaged: {0}")]
    Epoch(#[from] TranscriptError),
    /// An epoch's head does not follow from what came before it.
    #[error("the transcript is damaged: its hash chain does not hold at epoch {0}")]
    Head(u16),
    /// Training in floats, and nothing is said of the state that its last leaf commits to.
    #[error("the transcript does not say which state its last commitment is of")]
    NoState,
    /// That state is not of the last epoch.
    #[error("the transcript has {epochs} epochs, but the state it ends in is of epoch {epoch}")]
    State {
        /// Epochs in the transcript.
        epochs: usize,
        /// The state's.
        epoch: u32,
    },
}
