//! What reputation tells indexers. Every event carries the state after the change.

use anchor_lang::prelude::*;

use crate::state::Outcome;

/// A job's outcome was counted.
#[event]
pub struct OutcomeRecorded {
    /// The node's owner.
    pub node: Pubkey,
    /// The user.
    pub user: Pubkey,
    /// How the job ended.
    pub outcome: Outcome,
    /// What the job counted for the node, in 1/64 jobs; 0 where it said nothing of it.
    pub weight: u64,
    /// The node's score after it.
    pub score: u16,
    /// The node's change counter.
    pub seq: u64,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

/// A node was rated.
#[event]
pub struct NodeRated {
    /// The rated escrow.
    pub escrow: Pubkey,
    /// The node's owner.
    pub node: Pubkey,
    /// 1 to 5.
    pub stars: u8,
    /// The node's score after it.
    pub score: u16,
    /// The node's change counter.
    pub seq: u64,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

/// A node's record after a report on its uptime.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct NodeUptime {
    /// The node's owner.
    pub node: Pubkey,
    /// The node's score after it.
    pub score: u16,
    /// The node's change counter.
    pub seq: u64,
}

/// The uptime of several nodes was counted.
#[event]
pub struct UptimeRecorded {
    /// In the order of the batch.
    pub nodes: Vec<NodeUptime>,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

/// The rating of a closed escrow is gone; it counts on.
#[event]
pub struct RatingClosed {
    /// The rated escrow.
    pub escrow: Pubkey,
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
    /// Who may report uptime.
    pub coordinator: Pubkey,
    /// Whether new accounts, ratings and reports on uptime are stopped.
    pub paused: bool,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}
