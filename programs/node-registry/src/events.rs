//! What the registry tells indexers. Every event carries the state after the change.

use anchor_lang::prelude::*;

use crate::state::{Node, Params, SlashReason};

/// A node's balances after a change, and when it happened.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct NodeBalance {
    /// The node account.
    pub node: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Base units staked.
    pub stake: u64,
    /// Base units locked by jobs.
    pub locked: u64,
    /// Base units requested back.
    pub unstake_amount: u64,
    /// Base units of reward accrued and not claimed, as of the last change of the stake.
    pub reward_accrued: u64,
    /// Number of job locks.
    pub active_jobs: u32,
    /// The node's change counter.
    pub seq: u64,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

impl NodeBalance {
    /// Counts the change in `node.seq` and describes the node after it.
    pub fn after_change(node: &mut Account<Node>, clock: &Clock) -> Self {
        node.seq = node.seq.wrapping_add(1);
        Self::of(node.key(), node, clock)
    }

    /// Describes the node at `address` as it is.
    pub fn of(address: Pubkey, node: &Node, clock: &Clock) -> Self {
        Self {
            node: address,
            owner: node.owner,
            stake: node.stake,
            locked: node.locked,
            unstake_amount: node.unstake_amount,
            reward_accrued: node.reward_accrued,
            active_jobs: node.active_jobs,
            seq: node.seq,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        }
    }
}

/// A node was registered.
#[event]
pub struct NodeRegistered {
    /// The node after it.
    pub post: NodeBalance,
}

/// A node's profile was replaced.
#[event]
pub struct NodeUpdated {
    /// SHA-256 of the TLS certificate that counts now.
    pub tls_fingerprint: [u8; 32],
    /// The same of the announced one, zero for none.
    pub next_tls_fingerprint: [u8; 32],
    /// Unix time from which only the announced one counts, 0 for none.
    pub rotates_at: i64,
    /// The node after it.
    pub post: NodeBalance,
}

/// Stake was deposited.
#[event]
pub struct StakeDeposited {
    /// Base units deposited.
    pub amount: u64,
    /// The node after it.
    pub post: NodeBalance,
}

/// Stake was requested back.
#[event]
pub struct UnstakeRequested {
    /// Base units requested now.
    pub amount: u64,
    /// Unix time from which they may be withdrawn.
    pub unstake_at: i64,
    /// The node after it.
    pub post: NodeBalance,
}

/// Stake was paid back to the owner.
#[event]
pub struct StakeWithdrawn {
    /// Base units paid out.
    pub amount: u64,
    /// The node after it.
    pub post: NodeBalance,
}

/// A node has shown a sign of life.
#[event]
pub struct NodeSeen {
    /// The node after it.
    pub post: NodeBalance,
}

/// Reward was paid to the owner.
#[event]
pub struct RewardClaimed {
    /// Base units paid out.
    pub amount: u64,
    /// Base units left in the reward vault.
    pub vault_left: u64,
    /// The node after it.
    pub post: NodeBalance,
}

/// A job locked stake.
#[event]
pub struct StakeLocked {
    /// The job's escrow.
    pub escrow: Pubkey,
    /// Base units locked.
    pub amount: u64,
    /// The node after it.
    pub post: NodeBalance,
}

/// A job's lock was released.
#[event]
pub struct StakeUnlocked {
    /// The job's escrow.
    pub escrow: Pubkey,
    /// Base units released.
    pub amount: u64,
    /// Whether the node failed the job.
    pub failed: bool,
    /// The node after it.
    pub post: NodeBalance,
}

/// A job's lock was released and the stake cut.
#[event]
pub struct StakeSlashed {
    /// The job's escrow.
    pub escrow: Pubkey,
    /// Why.
    pub reason: SlashReason,
    /// Base units released.
    pub unlocked: u64,
    /// Base units paid to the job's user.
    pub to_user: u64,
    /// Base units burned.
    pub burned: u64,
    /// Base units moved to the insurance vault.
    pub insured: u64,
    /// Unix time until which the node takes no job.
    pub suspended_until: i64,
    /// Whether the node takes no job ever.
    pub banned: bool,
    /// The node after it.
    pub post: NodeBalance,
}

/// A user was paid out of the insurance vault.
#[event]
pub struct InsurancePaid {
    /// The job's escrow.
    pub escrow: Pubkey,
    /// The user's token account.
    pub to: Pubkey,
    /// Base units paid.
    pub amount: u64,
    /// Base units left in the insurance vault.
    pub insurance_left: u64,
    /// Slot of the payment.
    pub slot: u64,
    /// Unix time of the payment.
    pub unix_timestamp: i64,
}

/// The configuration after a change.
#[event]
pub struct ConfigChanged {
    /// Who may change it.
    pub admin: Pubkey,
    /// Who may become admin by accepting.
    pub pending_admin: Option<Pubkey>,
    /// Whether registrations and new locks are stopped.
    pub paused: bool,
    /// Times, slashes and the reward.
    pub params: Params,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}
