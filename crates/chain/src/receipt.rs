//! Progress receipts, as the user's wallet signs them.

use cyxwiz_domain::{Address, Digest};

use crate::key;

/// Cumulative progress of a job, as its user saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// Epochs whose metrics the user has seen.
    pub epochs_seen: u32,
    /// Epochs up to the last checkpoint whose weights the user holds.
    pub epochs_held: u32,
    /// Checkpoint chain hash of epoch `epochs_seen`.
    pub checkpoint_hash: Digest,
}

impl Receipt {
    pub(crate) fn on_chain(&self) -> job_escrow::Receipt {
        job_escrow::Receipt {
            epochs_seen: self.epochs_seen,
            epochs_held: self.epochs_held,
            checkpoint_hash: self.checkpoint_hash.0,
        }
    }
}

/// The bytes that the user's wallet signs: the program's own function makes them.
pub fn receipt_message(escrow: Address, receipt: &Receipt) -> Vec<u8> {
    job_escrow::receipt_message(&key(escrow), &receipt.on_chain()).to_vec()
}
