//! What job-escrow tells indexers. Every event carries the escrow after the change.

use anchor_lang::prelude::*;

use crate::{
    Verdict,
    state::{Escrow, Params, Receipt, State, Verification},
};

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
    /// Base units pledged for an open dispute.
    pub bond: u64,
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
        let address = escrow.key();
        Self::at(address, escrow, clock)
    }

    /// The same of the escrow at `address`.
    pub fn at(address: Pubkey, escrow: &mut Escrow, clock: &Clock) -> Self {
        escrow.seq = escrow.seq.wrapping_add(1);
        Self {
            escrow: address,
            user: escrow.user,
            node: escrow.node,
            job_id: escrow.job_id,
            state: escrow.state,
            amount: escrow.amount,
            paid_node: escrow.paid_node,
            paid_user: escrow.paid_user,
            paid_platform: escrow.paid_platform,
            bond: escrow.bond,
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
    /// What the job's proof must be.
    pub verification: Verification,
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

/// The user gave the node more time.
#[event]
pub struct DeadlineExtended {
    /// Seconds added.
    pub extra_seconds: u32,
    /// Unix time after which the job has timed out.
    pub deadline: i64,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// The user disputes a result.
#[event]
pub struct DisputeOpened {
    /// SHA-256 of what the parties show the dispute authority.
    pub evidence: [u8; 32],
    /// Unix time from which anyone may end it.
    pub ends_at: i64,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// The dispute authority decided.
#[event]
pub struct DisputeSettled {
    /// How.
    pub verdict: Verdict,
    /// Base units of the bond, which went to the node if the verdict is for it, else to the user.
    pub bond: u64,
    /// The escrow after it.
    pub post: EscrowPost,
}

/// Nobody decided a dispute in time.
#[event]
pub struct DisputeExpired {
    /// Base units of the bond, which went to the user.
    pub bond: u64,
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

/// All collected fees left the platform vault.
#[event]
pub struct FeesDistributed {
    /// Base units there were.
    pub collected: u64,
    /// Base units that went to stake rewards.
    pub rewards: u64,
    /// Base units that went to development.
    pub development: u64,
    /// Base units that went to liquidity.
    pub liquidity: u64,
    /// Base units burned.
    pub burned: u64,
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
    /// Who decides disputes.
    pub dispute_authority: Pubkey,
    /// Who gets the development share of the fees.
    pub development: Pubkey,
    /// Who gets the liquidity share of the fees.
    pub liquidity: Pubkey,
    /// Whether new escrows, top-ups and assignments are stopped.
    pub paused: bool,
    /// Shares and windows.
    pub params: Params,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}
