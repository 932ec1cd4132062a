use anchor_lang::{ZeroCopy, prelude::*};
use bytemuck::{Pod, Zeroable};

use super::{Outcome, reputation::bump};

/// A user's history, at PDA ["user", user]. Its memory is its Borsh encoding, like [`super::Reputation`]'s.
#[account]
#[derive(Copy, InitSpace, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct UserReputation {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Zero; aligns what follows.
    pub padding: [u8; 6],
    /// The user.
    pub user: Pubkey,
    /// Jobs settled after assignment, cancelled ones included.
    pub jobs: u32,
    /// Jobs the user paid in full.
    pub jobs_paid: u32,
    /// Jobs cancelled after assignment.
    pub cancels: u32,
    /// Disputes the user won.
    pub disputes_won: u32,
    /// Disputes the user lost.
    pub disputes_lost: u32,
    /// Disputes that ended without a verdict.
    pub disputes_unresolved: u32,
    /// Unix time of the last change.
    pub last_change: i64,
    /// Counts this account's changes; events carry it, so that an indexer sees gaps.
    pub seq: u64,
    /// Jobs that their node handed back.
    pub declined: u32,
    /// For later versions.
    pub reserved: [u8; 60],
}

impl ZeroCopy for UserReputation {}

const _: () = assert!(UserReputation::INIT_SPACE == size_of::<UserReputation>());

impl UserReputation {
    /// Seed before the user's key.
    pub const SEED: &'static [u8] = b"user";

    /// Counts a settled job.
    pub fn record(&mut self, outcome: Outcome, now: i64) {
        bump(&mut self.jobs);
        match outcome {
            Outcome::Completed { .. } => bump(&mut self.jobs_paid),
            Outcome::CancelledByUser => bump(&mut self.cancels),
            Outcome::DisputeWon { .. } => {
                bump(&mut self.jobs_paid);
                bump(&mut self.disputes_lost);
            }
            Outcome::DisputeLost => bump(&mut self.disputes_won),
            Outcome::DisputeUnresolved => bump(&mut self.disputes_unresolved),
            Outcome::Declined => bump(&mut self.declined),
            Outcome::Failed | Outcome::TimedOut | Outcome::InvalidProof => {}
        }
        self.last_change = now;
        self.seq = self.seq.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_node_lost_the_user_won() {
        let mut user = UserReputation::zeroed();
        let outcomes = [
            Outcome::Completed {
                on_time: true,
                proven: false,
            },
            Outcome::Failed,
            Outcome::TimedOut,
            Outcome::CancelledByUser,
            Outcome::DisputeLost,
            Outcome::DisputeWon {
                on_time: true,
                proven: false,
            },
            Outcome::DisputeUnresolved,
            Outcome::InvalidProof,
            Outcome::Declined,
        ];
        for (now, outcome) in (1..).zip(outcomes) {
            user.record(outcome, now);
        }
        assert_eq!((user.jobs, user.jobs_paid, user.cancels), (9, 2, 1));
        let disputes = (
            user.disputes_won,
            user.disputes_lost,
            user.disputes_unresolved,
        );
        assert_eq!(disputes, (1, 1, 1));
        assert_eq!(user.declined, 1);
        assert_eq!((user.last_change, user.seq), (9, 9));
    }
}
