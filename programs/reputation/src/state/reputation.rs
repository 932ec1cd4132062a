use anchor_lang::prelude::*;

use crate::{
    ReputationError,
    math::{
        Evidence, MAX_STARS, PENALTY_DISPUTE_LOST, PENALTY_FAILED, PENALTY_TIMED_OUT,
        RECOVERY_FIVE_STARS, RECOVERY_JOB, Tier, score, tier,
    },
};

/// How a job ended. Append only: the numbers are part of the interface.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Paid in full.
    Completed {
        /// Whether it kept to its estimate.
        on_time: bool,
    },
    /// The node gave up.
    Failed,
    /// The node let the deadline pass.
    TimedOut,
    /// The user cancelled after assignment; no fault of the node.
    CancelledByUser,
    /// A dispute was settled for the user: the node's fault.
    DisputeLost,
    /// A dispute was settled for the node: paid in full, and the user's fault.
    DisputeWon {
        /// Whether it kept to its estimate.
        on_time: bool,
    },
    /// A dispute ended without a verdict for either side; nobody's fault.
    DisputeUnresolved,
}

/// A node's history, at PDA ["reputation", node owner].
#[account]
#[derive(InitSpace, Debug)]
pub struct Reputation {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// The node's owner.
    pub owner: Pubkey,
    /// 0 to 1000, computed from what follows.
    pub score: u16,
    /// Jobs paid in full.
    pub jobs_completed: u32,
    /// Jobs the node gave up.
    pub jobs_failed: u32,
    /// Jobs whose deadline the node let pass.
    pub jobs_timed_out: u32,
    /// Jobs the user cancelled.
    pub jobs_cancelled: u32,
    /// Completed jobs that kept to their estimate.
    pub jobs_on_time: u32,
    /// Proofs that verified.
    pub valid_proofs: u32,
    /// Proofs that did not.
    pub invalid_proofs: u32,
    /// Disputes the node lost.
    pub disputes_lost: u32,
    /// Sum of all stars.
    pub rating_sum: u64,
    /// Number of ratings.
    pub rating_count: u32,
    /// Uptime samples that found the node up.
    pub uptime_up: u64,
    /// All uptime samples.
    pub uptime_total: u64,
    /// All penalty points ever given.
    pub penalty_points: u64,
    /// Penalty points taken back so far; never more than were given.
    pub recovery_points: u64,
    /// Unix time of the last change.
    pub last_change: i64,
    /// Counts this account's changes; events carry it, so that an indexer sees gaps.
    pub seq: u64,
    /// For later versions.
    pub reserved: [u8; 64],
}

impl Reputation {
    /// Seed before the owner's key.
    pub const SEED: &'static [u8] = b"reputation";

    /// What the score entitles to.
    pub fn tier(&self) -> Tier {
        tier(self.score)
    }

    /// Counts a settled job and computes the score anew.
    pub fn record(&mut self, outcome: Outcome, now: i64) {
        match outcome {
            Outcome::Completed { on_time } | Outcome::DisputeWon { on_time } => {
                bump(&mut self.jobs_completed);
                if on_time {
                    bump(&mut self.jobs_on_time);
                }
                self.recover(RECOVERY_JOB);
            }
            Outcome::Failed => {
                bump(&mut self.jobs_failed);
                self.penalize(PENALTY_FAILED);
            }
            Outcome::TimedOut => {
                bump(&mut self.jobs_timed_out);
                self.penalize(PENALTY_TIMED_OUT);
            }
            Outcome::CancelledByUser => bump(&mut self.jobs_cancelled),
            Outcome::DisputeLost => {
                bump(&mut self.disputes_lost);
                self.penalize(PENALTY_DISPUTE_LOST);
            }
            Outcome::DisputeUnresolved => {}
        }
        self.settle(now);
    }

    /// Counts a rating of 1 to 5 stars and computes the score anew.
    pub fn rate(&mut self, stars: u8, now: i64) -> Result<()> {
        require!(
            (1..=MAX_STARS).contains(&stars),
            ReputationError::InvalidStars
        );
        self.rating_sum = self.rating_sum.saturating_add(stars.into());
        bump(&mut self.rating_count);
        if stars == MAX_STARS {
            self.recover(RECOVERY_FIVE_STARS);
        }
        self.settle(now);
        Ok(())
    }

    fn penalize(&mut self, points: u32) {
        self.penalty_points = self.penalty_points.saturating_add(points.into());
    }

    // Recovery answers penalties; it cannot be saved up against later ones.
    fn recover(&mut self, points: u32) {
        self.recovery_points = self
            .recovery_points
            .saturating_add(points.into())
            .min(self.penalty_points);
    }

    fn settle(&mut self, now: i64) {
        self.score = score(&self.evidence());
        self.last_change = now;
        self.seq = self.seq.wrapping_add(1);
    }

    fn evidence(&self) -> Evidence {
        let open_penalty = self.penalty_points.saturating_sub(self.recovery_points);
        Evidence {
            completed: self.jobs_completed,
            not_completed: self
                .jobs_failed
                .saturating_add(self.jobs_timed_out)
                .saturating_add(self.disputes_lost),
            on_time: self.jobs_on_time,
            rating_sum: self.rating_sum,
            rating_count: self.rating_count,
            valid_proofs: self.valid_proofs,
            invalid_proofs: self.invalid_proofs,
            uptime_up: self.uptime_up,
            uptime_total: self.uptime_total,
            penalty: u32::try_from(open_penalty).unwrap_or(u32::MAX),
        }
    }
}

/// Counters stop at their end: a full one must not block a settlement.
pub(crate) fn bump(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> Reputation {
        Reputation {
            version: 1,
            bump: 0,
            owner: Pubkey::default(),
            score: 0,
            jobs_completed: 0,
            jobs_failed: 0,
            jobs_timed_out: 0,
            jobs_cancelled: 0,
            jobs_on_time: 0,
            valid_proofs: 0,
            invalid_proofs: 0,
            disputes_lost: 0,
            rating_sum: 0,
            rating_count: 0,
            uptime_up: 0,
            uptime_total: 0,
            penalty_points: 0,
            recovery_points: 0,
            last_change: 0,
            seq: 0,
            reserved: [0; 64],
        }
    }

    #[test]
    fn recovery_is_not_saved_up() {
        let mut node = new();
        for now in 0..10 {
            node.record(Outcome::Completed { on_time: true }, now);
        }
        assert_eq!(node.score, 650);
        node.record(Outcome::Failed, 10);
        // 400 * 10 / 11 + 250 - 50
        assert_eq!(node.score, 363 + 250 - 50);
        node.record(Outcome::Completed { on_time: true }, 11);
        assert_eq!(node.score, 366 + 250 - 40);
        assert_eq!(node.seq, 12);
    }

    #[test]
    fn a_cancel_is_no_fault_of_the_node() {
        let mut node = new();
        node.record(Outcome::Completed { on_time: false }, 1);
        let before = node.score;
        node.record(Outcome::CancelledByUser, 2);
        assert_eq!((node.score, node.jobs_cancelled), (before, 1));
    }

    #[test]
    fn full_counters_stay_full() {
        let mut node = new();
        node.jobs_timed_out = u32::MAX;
        node.record(Outcome::TimedOut, 1);
        assert_eq!(node.jobs_timed_out, u32::MAX);
    }

    #[test]
    fn only_one_to_five_stars() {
        let mut node = new();
        assert!(node.rate(0, 1).is_err() && node.rate(6, 1).is_err());
        node.rate(5, 1).unwrap();
        assert_eq!(
            (node.score, node.rating_sum, node.rating_count),
            (200, 5, 1)
        );
    }
}
