//! The transcript of a job's work, which comes with its weights: the commitments of all steps, by which any
//! later audit holds the node to what it did. Nothing is accepted without.

use std::path::{Path, PathBuf};

use cyxwiz_chain::{EscrowAccount, context_word};
use cyxwiz_domain::{Digest, training::TranscriptRecord};
use cyxwiz_proof::{
    field::to_word,
    job::{leaves_hash, read_record, state_commitment},
    transcript::Transcript,
};
use cyxwiz_statement::Registered;
use serde::{Deserialize, Serialize};

use super::ProofPlan;
use crate::error::Result;

/// What is asked of a transcript before it is kept: that it is the one whose heads were streamed, and ends in
/// the weights that were delivered.
#[derive(Debug, Clone)]
pub struct Expected {
    circuit: &'static Registered,
    context: Digest,
    dataset: Digest,
    initial: Digest,
    heads: Vec<Digest>,
    weights: Digest,
}

/// What a transcript that was found in order commits to, to be compared with the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// SHA-256 over all leaves.
    pub leaves_hash: Digest,
    /// The last of them: the commitment of the trained weights.
    pub trained: Digest,
}

impl Expected {
    /// Of the job of `escrow`, whose epochs had these `heads` and whose final weights have the SHA-256
    /// `weights`.
    ///
    /// # Errors
    /// As [`ProofPlan::registered`].
    pub fn new(
        plan: &ProofPlan,
        escrow: &EscrowAccount,
        heads: Vec<Digest>,
        weights: Digest,
    ) -> Result<Self> {
        Ok(Self {
            circuit: plan.registered()?,
            context: context_word(escrow, plan.circuit),
            dataset: plan.dataset,
            initial: plan.initial,
            heads,
            weights,
        })
    }

    /// Bytes that such a transcript cannot need more of: a leaf is 64 digits in quotes.
    pub fn max_bytes(&self) -> u64 {
        let (epochs, leaves) = (self.heads.len() as u64, self.circuit.circuit.steps());
        4_096 + epochs * (1_024 + u64::from(leaves) * 80)
    }

    /// Reads a transcript and compares it. Takes some 30 µs for each leaf.
    ///
    /// # Errors
    /// What does not fit, for people.
    pub fn check(&self, bytes: &[u8]) -> Result<Received, String> {
        let record: TranscriptRecord = serde_json::from_slice(bytes)
            .map_err(|error| format!("the transcript cannot be read: {error}"))?;
        let transcript = read_record(&record).map_err(|error| error.to_string())?;
        let heads = record.epochs.iter().map(|epoch| epoch.head);
        let fits = [
            ("another circuit", record.circuit == self.circuit.name),
            ("another job or node", record.context == self.context),
            ("another dataset", record.dataset == self.dataset),
            ("other first weights", record.initial == self.initial),
            ("other heads", heads.eq(self.heads.iter().copied())),
        ];
        if let Some((what, _)) = fits.into_iter().find(|(_, fits)| !fits) {
            return Err(format!(
                "the transcript that it shows has {what} than ordered, or than it told while it trained"
            ));
        }
        self.check_end(&record, &transcript)?;
        Ok(Received {
            leaves_hash: leaves_hash(&record),
            trained: Digest(to_word(transcript.trained())),
        })
    }

    /// Of floats, whether the last commitment is of a state with the weights delivered. Integers have a
    /// commitment of their own, which is computed from the weights.
    fn check_end(&self, record: &TranscriptRecord, transcript: &Transcript) -> Result<(), String> {
        if self.circuit.circuit.training.is_some() {
            return Ok(());
        }
        let trained = to_word(transcript.trained());
        let delivered =
            state_commitment(record, self.weights).map_err(|error| error.to_string())?;
        if delivered != trained {
            return Err(format!(
                "the transcript ends with the commitment {}, but that of the weights received is {}",
                Digest(trained),
                Digest(delivered)
            ));
        }
        Ok(())
    }
}

/// Where the transcript of these weights is kept: beside them.
pub fn transcript_path(weights: &Path) -> PathBuf {
    weights.with_extension("transcript.json")
}
