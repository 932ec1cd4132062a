//! What job-escrow tells indexers. Every event carries the escrow after the change.

use anchor_lang::prelude::*;

use crate::state::{Escrow, Params, Receipt, State};

/// An escrow after a change, and when it happened.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct EscrowPost {
    /// The escrow account.
    pub escrow: Pubkey,
    /// Who funded it.
    pub user: Pubkey,
    /// The wallet of its node, zero until assigned.
    pub node: Pubkey,
    /// The user's name for the job.
    pub job_id: [u8; 16],
    /// Where it stands.
    pub state: State,
    /// Base units funded.
    pub amount: u64,
    /// Base units paid to the node.
    pub paid_node: u64,
    /// Base units paid back to the user.
    pub paid_user: u64,
    /// Base units paid to the platform vault.
    pub paid_platform: u64,
    /// The escrow's change counter.
    pub seq: u64,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

impl EscrowPost {
    /// Counts the change in `escrow.seq` and describes the escrow after it.
    pub fn after_change(escrow: &mut Account<Escrow>, clock: &Clock) -> Self {
        escrow.seq = escrow.seq.wrapping_add(1);
        Self {
            escrow: escrow.key(),
            user: escrow.user,
            node: escrow.node,
            job_id: escrow.job_id,
            state: escrow.state,
            amount: escrow.amount,
            paid_node: escrow.paid_node,
            paid_user: escrow.paid_user,
            paid_platform: escrow.paid_platform,
            seq: escrow.seq,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        }
    }
}

/// An escrow was created and funded.
#[event]
pub struct EscrowCreated {
    /// SHA-256 of the canonical job spec.
    pub spec_hash: [u8; 32],
    /// Root of the dataset's chunk manifest.
    pub dataset_root: [u8; 32],
    /// Epochs that make the job complete.
    pub required_epochs: u32,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// An escrow got more funds.
#[event]
pub struct EscrowToppedUp {
    /// Base units added.
    pub added: u64,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// A node took the job.
#[event]
pub struct NodeAssigned {
    /// Unix time after which the job has timed out.
    pub deadline: i64,
    /// The platform's share of it.
    pub fee_bps: u16,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// A checkpoint was anchored.
#[event]
pub struct CheckpointAnchored {
    /// Its epoch.
    pub epoch: u32,
    /// Its root.
    pub root: [u8; 32],
    /// The escrow after it.
    pub post: EscrowPost,
}

/// A higher receipt was shown.
#[event]
pub struct ReceiptPresented {
    /// The receipt.
    pub receipt: Receipt,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// The node declared the job done.
#[event]
pub struct CompletionSubmitted {
    /// Head of the checkpoint chain.
    pub final_root: [u8; 32],
    /// SHA-256 of the weights file.
    pub weights_hash: [u8; 32],
    /// Unix time from which anyone may release the payment.
    pub release_at: i64,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// The user stopped an assigned job.
#[event]
pub struct CancelRequested {
    /// Unix time from which anyone may settle it.
    pub cancel_at: i64,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// The money left; `post.state` says why and the paid amounts say where.
#[event]
pub struct EscrowSettled {
    /// The escrow after it.
    pub post: EscrowPost,
}

/// A settled escrow was closed.
#[event]
pub struct EscrowClosed {
    /// Base units that strangers had sent, given to the user.
    pub dust: u64,
    /// The escrow before it.
    pub post: EscrowPost,
}

/// Collected fees were moved out of the platform vault.
#[event]
pub struct FeesCollected {
    /// Base units moved.
    pub amount: u64,
    /// Token account they went to.
    pub to: Pubkey,
    /// Base units left in the vault.
    pub left: u64,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

/// The configuration after a change.
#[event]
pub struct ConfigChanged {
    /// Who may change it.
    pub admin: Pubkey,
    /// Who may become admin by accepting.
    pub pending_admin: Option<Pubkey>,
    /// Who may assign nodes.
    pub coordinator: Pubkey,
    /// Whether new escrows, top-ups and assignments are stopped.
    pub paused: bool,
    /// Fees and windows.
    pub params: Params,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}
