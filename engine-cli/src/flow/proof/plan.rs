//! What a job's proof rests on, in the journal before the escrow is funded.

use std::fmt;

use cyxwiz_chain::{
    TranscriptAccount, TranscriptStage, instructions::proof::OpenTranscript, nonce_hash,
};
use cyxwiz_domain::{Address, Digest};
use cyxwiz_proof::job::Opening;
use cyxwiz_statement::Registered;
use rand::RngCore as _;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The user's part in the drawing of the challenge: a secret until the node has committed to its work, and as
/// good as lost if it is forgotten. Not shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nonce(#[serde(with = "hex::serde")] [u8; 32]);

impl Nonce {
    /// Draws one from the system's random numbers.
    pub fn draw() -> Self {
        let mut bytes = [0; 32];
        // The chain takes zero for a nonce that never came.
        while bytes == [0; 32] {
            rand::rngs::OsRng.fill_bytes(&mut bytes);
        }
        Self(bytes)
    }

    /// The bytes, for the transaction that shows them.
    pub fn reveal(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(secret)")
    }
}

/// What the transcript of a job must say, and what has become of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofPlan {
    /// Id of the circuit.
    pub circuit: Digest,
    /// What the data are bound by, a field element.
    pub dataset: Digest,
    /// What the first weights are bound by, a field element.
    pub initial: Digest,
    /// The learning rate's numerator; 0 where no steps are recomputed.
    pub rate: u16,
    /// The user's secret.
    pub nonce: Nonce,
    /// Hash of the coordinator's secret, from its offer.
    pub coordinator_nonce_hash: Option<Digest>,
    /// What the node has bound itself to, once the chain has it.
    pub committed: Option<Committed>,
    /// Seconds that making the proof took, as the node says.
    pub prove_seconds: Option<f64>,
}

/// A node's commitment as it stood on the chain. It never changes there, and is kept here because the account
/// is closed after the payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Merkle root over the heads of all epochs.
    pub root: Digest,
    /// Commitment of the trained weights.
    pub trained: Digest,
    /// Hash over the commitments of all steps; absent in journals of releases that did not note it.
    #[serde(default)]
    pub leaves_hash: Option<Digest>,
    /// Whether the proof about them was seen verified.
    pub verified: bool,
}

impl Committed {
    /// What `transcript` binds its node to, if it does already.
    pub fn of(transcript: &TranscriptAccount) -> Option<Self> {
        (transcript.stage != TranscriptStage::Opened).then_some(Self {
            root: transcript.root,
            trained: transcript.trained,
            leaves_hash: Some(transcript.leaves_hash),
            verified: transcript.stage == TranscriptStage::Verified,
        })
    }
}

impl ProofPlan {
    /// The plan of a job that is about to begin, with a fresh secret.
    pub fn new(opening: &Opening) -> Self {
        Self {
            circuit: Digest(opening.circuit.id),
            dataset: Digest(opening.dataset),
            initial: Digest(opening.initial),
            rate: opening.rate,
            nonce: Nonce::draw(),
            coordinator_nonce_hash: None,
            committed: None,
            prove_seconds: None,
        }
    }

    /// The circuit.
    ///
    /// # Errors
    /// [`Error::Usage`] if this program is older than the job.
    pub fn registered(&self) -> Result<&'static Registered> {
        Registered::by_id(&self.circuit.0).ok_or_else(|| {
            Error::Usage(format!(
                "this program does not know the circuit {}; use the version that began the job",
                self.circuit
            ))
        })
    }

    /// What is fixed on the chain together with the escrow.
    ///
    /// # Errors
    /// [`Error::Protocol`] while the coordinator has not bound its own secret.
    pub fn opening(&self, escrow: Address) -> Result<OpenTranscript> {
        let coordinator_nonce_hash =
            self.coordinator_nonce_hash.ok_or_else(|| Error::Protocol {
                who: "the coordinator",
                problem: "it took a job with a proof without its part in the challenge".into(),
            })?;
        Ok(OpenTranscript {
            circuit: self.circuit,
            dataset: self.dataset,
            initial: self.initial,
            rate: self.rate,
            user_nonce_hash: self.nonce_hash(escrow),
            coordinator_nonce_hash,
        })
    }

    /// Hash of the user's secret, as the transcript of `escrow` has it.
    pub fn nonce_hash(&self, escrow: Address) -> Digest {
        nonce_hash(escrow, &self.nonce.reveal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_fresh_written_whole_and_never_printed() {
        let (one, other) = (Nonce::draw(), Nonce::draw());
        assert_ne!(one, other);
        let text = serde_json::to_string(&one).expect("text");
        assert_eq!(serde_json::from_str::<Nonce>(&text).expect("nonce"), one);
        let shown = format!("{one:?}");
        assert!(!shown.contains(text.trim_matches('"')), "{shown}");
    }
}
