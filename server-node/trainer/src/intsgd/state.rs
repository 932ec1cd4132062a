//! What a run in integers goes on from.

use cyxwiz_domain::{Digest, training::TranscriptRecord};
use cyxwiz_proof::{
    field::{Fr, NotCanonical, from_word},
    transcript::Transcript,
};
use serde::{Deserialize, Serialize};

/// Weights and commitments, as JSON in the store's state files.
#[derive(Serialize, Deserialize)]
pub(super) struct State {
    /// Units of 2^-28, row by row.
    pub weights: Vec<i64>,
    /// Commitments of the epoch in progress.
    pub leaves: Vec<Digest>,
    pub transcript: TranscriptRecord,
}

impl State {
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| format!("cannot be read: {error}"))
    }

    /// The transcript and the leaves of the epoch in progress, if they belong to the job whose
    /// transcript without epochs is `fresh`, with the record `of`.
    pub fn continue_from(
        &self,
        of: &TranscriptRecord,
        fresh: &Transcript,
    ) -> Result<(Transcript, Vec<Fr>), String> {
        let ours = (&of.circuit, of.context, of.dataset, of.initial);
        let found = &self.transcript;
        if ours != (&found.circuit, found.context, found.dataset, found.initial) {
            return Err("is bound to another escrow, node or dataset".to_owned());
        }
        let damaged = |error: &dyn std::error::Error| format!("is damaged: {error}");
        let mut transcript = Transcript::new(
            *fresh.circuit(),
            fresh.context(),
            fresh.dataset(),
            fresh.initial(),
        );
        for epoch in &found.epochs {
            let leaves = elements(&epoch.leaves).map_err(|e| damaged(&e))?;
            let metrics = from_word(&epoch.metrics.0).map_err(|e| damaged(&e))?;
            let head = transcript.push(leaves, metrics, epoch.time);
            let head = head.map_err(|e| damaged(&e))?;
            if from_word(&epoch.head.0) != Ok(head) {
                return Err("is damaged: its hash chain does not hold".to_owned());
            }
        }
        let leaves = elements(&self.leaves).map_err(|e| damaged(&e))?;
        Ok((transcript, leaves))
    }
}

fn elements(words: &[Digest]) -> Result<Vec<Fr>, NotCanonical> {
    words.iter().map(|word| from_word(&word.0)).collect()
}
