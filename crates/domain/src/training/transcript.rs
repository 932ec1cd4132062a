//! The record of a run whose steps are all committed to, as the trainer leaves it for the proof.

use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// File name of a finished run's [`TranscriptRecord`] in the work directory, JSON.
pub const TRANSCRIPT_FILE: &str = "transcript.json";

/// All that a transcript is made of. Every word is a field element, 32 bytes, big-endian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptRecord {
    /// The circuit's name.
    pub circuit: String,
    /// What binds it to job, node and spec.
    pub context: Digest,
    /// The root of the dataset's batches.
    pub dataset: Digest,
    /// The commitment of the weights before the first step.
    pub initial: Digest,
    /// The epochs so far.
    pub epochs: Vec<EpochRecord>,
    /// What the last leaf commits to besides the weights; absent in training in integers, where it is the
    /// weights alone, and before the first leaf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<StateRecord>,
}

/// The state that training goes on from at the end of a segment, without its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRecord {
    /// SHA-256 of the optimiser's state.
    pub optimizer: Digest,
    /// SHA-256 of the random number generators' state.
    pub random: Digest,
    /// The epoch under way, from 1.
    pub epoch: u32,
    /// Batches of that epoch already trained on.
    pub batch: u64,
}

/// One epoch of a transcript.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The commitments of the weights after each step.
    pub leaves: Vec<Digest>,
    /// The commitment of loss and accuracy: in training, then on the held-out rows, absent ones NaN.
    pub metrics: Digest,
    /// When it ended, Unix time in seconds.
    pub time: u64,
    /// The hash chain's head after it.
    pub head: Digest,
}
