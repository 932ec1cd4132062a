use anchor_lang::prelude::*;

use super::{Outcome, reputation::bump};

/// A user's history, at PDA ["user", user].
#[account]
#[derive(InitSpace, Debug)]
pub struct UserReputation {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// The user.
    pub user: Pubkey,
    /// Jobs settled after assignment, cancelled ones included.
    pub jobs: u32,
    /// Jobs cancelled after assignment.
    pub cancels: u32,
    /// Disputes the user lost.
    pub disputes_lost: u32,
    /// Unix time of the last change.
    pub last_change: i64,
    /// For later versions.
    pub reserved: [u8; 64],
}

impl UserReputation {
    /// Seed before the user's key.
    pub const SEED: &'static [u8] = b"user";

    /// Counts a settled job.
    pub fn record(&mut self, outcome: Outcome, now: i64) {
        bump(&mut self.jobs);
        match outcome {
            Outcome::CancelledByUser => bump(&mut self.cancels),
            Outcome::DisputeWon { .. } => bump(&mut self.disputes_lost),
            Outcome::Completed { .. }
            | Outcome::Failed
            | Outcome::TimedOut
            | Outcome::DisputeLost
            | Outcome::DisputeUnresolved => {}
        }
        self.last_change = now;
    }
}
