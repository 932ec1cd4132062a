//! The proof of a job, kept so that it is made once: `proof.json` in the job's folder.

use std::{fs, path::PathBuf};

use cyxwiz_chain::Subject;
use cyxwiz_domain::Digest;
use serde::{Deserialize, Serialize};

use super::{Job, JobError, KeptEvent, files};

/// Layout of `proof.json`; one of another layout is made again.
pub const VERSION: u32 = 2;

/// What a proof shows, or has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What it is about.
    pub subject: Subject,
    /// The public input that the chain computes from the transcript's account.
    pub public_input: Digest,
}

/// A proof that was made, and of what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptProof {
    /// Layout of this document, [`VERSION`].
    pub version: u32,
    /// The circuit's name.
    pub circuit: String,
    /// What it shows.
    pub shown: Shown,
    /// As the chain takes it.
    #[serde(with = "hex::serde")]
    pub proof: Vec<u8>,
    /// The circuit's constraints.
    pub constraints: u64,
    /// Seconds that proving took, the key's loading not counted.
    pub seconds: f64,
}

impl Job {
    /// The proof that was made, if there is one.
    pub fn proof(&self) -> Option<KeptProof> {
        self.lock().proof.clone()
    }

    /// Keeps a proof, on the disk when this returns, in the place of any other.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn keep_proof(&self, proof: KeptProof) -> Result<(), JobError> {
        let mut inner = self.lock();
        files::write_json(&self.proof_path(), &proof)?;
        inner.proof = Some(proof);
        drop(inner);
        self.changed();
        self.wake.notify_one();
        Ok(())
    }

    /// Throws a proof away that shows nothing; another is made.
    pub fn discard_proof(&self) {
        let mut inner = self.lock();
        inner.proof = None;
        // What is left on the disk is looked at again after a restart, and thrown away again.
        let _ = fs::remove_file(self.proof_path());
        drop(inner);
        self.changed();
    }

    /// Tells the engine of the kept proof, once.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn note_proved(&self) -> Result<(), JobError> {
        let mut inner = self.lock();
        let Some(proof) = &inner.proof else {
            return Ok(());
        };
        let proved = KeptEvent::Proved {
            circuit: proof.circuit.clone(),
            constraints: proof.constraints,
            seconds: proof.seconds,
        };
        if !inner.log.events().contains(&proved) {
            inner.log.append(proved)?;
        }
        drop(inner);
        self.changed();
        Ok(())
    }

    /// Says that a proof is being made, or no longer.
    pub fn set_proving(&self, proving: bool) {
        self.lock().proving = proving;
        self.changed();
        self.wake.notify_one();
    }

    /// Where a finished run's transcript is kept for the proof, and for audits.
    pub fn transcript_path(&self) -> PathBuf {
        self.path("transcript.json")
    }

    fn proof_path(&self) -> PathBuf {
        self.path("proof.json")
    }

    /// The proof on the disk. One that cannot be read is none: it takes seconds to make another.
    pub(super) fn load_proof(&self) {
        match files::read_json(&self.proof_path()) {
            Ok(proof) => {
                self.lock().proof = proof.filter(|kept: &KeptProof| kept.version == VERSION)
            }
            Err(error) => {
                tracing::warn!(job = %self.id, %error, "the proof is made again");
                self.discard_proof();
            }
        }
    }
}
