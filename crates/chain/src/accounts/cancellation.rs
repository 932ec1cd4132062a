//! What a user's own stop of a job costs, before it is asked for.

use cyxwiz_domain::Amount;

use crate::{EscrowAccount, EscrowConfig};

/// Who would get how much of a job that its user cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancellation {
    /// Epochs that are paid.
    pub epochs: u32,
    /// To the node: for these epochs, and its compensation for the rest.
    pub to_node: Amount,
    /// To the platform.
    pub to_platform: Amount,
    /// Back to the user.
    pub to_user: Amount,
}

impl EscrowConfig {
    /// What cancelling the assigned job of `escrow` comes to, once the node has shown a receipt for `seen` epochs;
    /// receipts that the chain has already count at least. With or without a proof: the program's own split.
    /// `None` for an escrow that no program makes: more epochs than required, sums beyond 64 bits.
    pub fn cancellation(&self, escrow: &EscrowAccount, seen: u32) -> Option<Cancellation> {
        let epochs = seen.max(escrow.receipt_seen);
        let split = job_escrow::math::Split::cancelled(
            escrow.amount.0,
            epochs,
            escrow.required_epochs,
            escrow.fee_bps,
            self.cancel_fee_bps,
        )?;
        Some(Cancellation {
            epochs,
            to_node: Amount(split.node),
            to_platform: Amount(split.platform),
            to_user: Amount(split.user),
        })
    }
}
