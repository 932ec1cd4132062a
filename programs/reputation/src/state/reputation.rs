use anchor_lang::{ZeroCopy, prelude::*};
use bytemuck::{Pod, Zeroable};

use super::Outcome;
use crate::{
    ReputationError,
    math::{
        Evidence, FULL_WEIGHT, MAX_STARS, MAX_UPTIME_SAMPLES, PENALTY_DISPUTE_LOST, PENALTY_FAILED,
        PENALTY_INVALID_PROOF, PENALTY_TIMED_OUT, RECENT_JOBS, RECOVERY_FIVE_STARS, RECOVERY_JOB,
        RECOVERY_UPTIME, Recent, Tier, UPTIME_INTERVAL_SECONDS, score, streak, tier, weight,
    },
};

/// A node's history, at PDA ["reputation", node owner].
///
/// Its memory is its Borsh encoding: fixed fields, each at a multiple of its size, nothing between them. So
/// this program changes single fields in place, and others decode the whole. Weights are in 1/64 jobs.
#[account]
#[derive(Copy, InitSpace, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Reputation {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// 0 to 1000, computed from what follows.
    pub score: u16,
    /// Different users among the jobs that `recent_users` remembers.
    pub distinct_users: u16,
    /// The most that `distinct_users` has been.
    pub breadth: u16,
    /// The node's owner.
    pub owner: Pubkey,
    /// Jobs paid in full, disputes won included.
    pub jobs_completed: u32,
    /// Those of them that kept to their estimate.
    pub jobs_on_time: u32,
    /// Jobs the node gave up.
    pub jobs_failed: u32,
    /// Jobs whose deadline the node let pass.
    pub jobs_timed_out: u32,
    /// Jobs the user cancelled.
    pub jobs_cancelled: u32,
    /// Disputes the node won.
    pub disputes_won: u32,
    /// Disputes the node lost.
    pub disputes_lost: u32,
    /// Disputes that ended without a verdict.
    pub disputes_unresolved: u32,
    /// Proofs that verified.
    pub valid_proofs: u32,
    /// Proofs that did not.
    pub invalid_proofs: u32,
    /// Number of ratings.
    pub rating_count: u32,
    /// How often 30 days passed without a miss.
    pub uptime_streaks: u32,
    /// Sum of all stars.
    pub rating_sum: u64,
    /// Weight of the jobs paid in full.
    pub completed_weight: u64,
    /// Weight of those that kept to their estimate.
    pub on_time_weight: u64,
    /// Sum of all stars, each rating's by its weight.
    pub stars_weight: u64,
    /// Weight of the ratings.
    pub rating_weight: u64,
    /// Uptime samples that found the node up.
    pub uptime_up: u64,
    /// All uptime samples.
    pub uptime_total: u64,
    /// Unix time of the last report on its uptime, 0 before.
    pub last_uptime_at: i64,
    /// Unix time since which no sample missed the node, 0 where one just did.
    pub full_uptime_since: i64,
    /// All penalty points ever given.
    pub penalty_points: u64,
    /// Penalty points taken back so far, in 1/64 points; never more than were given.
    pub recovery_weight: u64,
    /// Unix time of the last change.
    pub last_change: i64,
    /// Counts this account's changes; events carry it, so that an indexer sees gaps.
    pub seq: u64,
    /// The first eight bytes of the users of the last 16 paid jobs; job n's at n modulo 16.
    pub recent_users: [u64; RECENT_JOBS],
    /// Jobs the node handed back.
    pub jobs_declined: u32,
    /// For later versions.
    pub reserved: [u8; 60],
}

impl ZeroCopy for Reputation {}

const _: () = assert!(Reputation::INIT_SPACE == size_of::<Reputation>());

impl Reputation {
    /// Seed before the owner's key.
    pub const SEED: &'static [u8] = b"reputation";

    /// What the score entitles to.
    pub fn tier(&self) -> Tier {
        tier(self.score)
    }

    /// Counts a job of `user`, computes the score anew, and returns the weight that the job counted with.
    pub fn record(&mut self, outcome: Outcome, user: &Pubkey, now: i64) -> u64 {
        let weight = match outcome {
            Outcome::Completed { on_time, proven } => self.complete(on_time, proven, user),
            Outcome::DisputeWon { on_time, proven } => {
                bump(&mut self.disputes_won);
                self.complete(on_time, proven, user)
            }
            Outcome::Failed => self.fail(|node| &mut node.jobs_failed, PENALTY_FAILED),
            Outcome::TimedOut => self.fail(|node| &mut node.jobs_timed_out, PENALTY_TIMED_OUT),
            Outcome::DisputeLost => self.fail(|node| &mut node.disputes_lost, PENALTY_DISPUTE_LOST),
            Outcome::InvalidProof => {
                self.fail(|node| &mut node.invalid_proofs, PENALTY_INVALID_PROOF)
            }
            Outcome::CancelledByUser => {
                bump(&mut self.jobs_cancelled);
                0
            }
            Outcome::DisputeUnresolved => {
                bump(&mut self.disputes_unresolved);
                0
            }
            Outcome::Declined => {
                bump(&mut self.jobs_declined);
                0
            }
        };
        self.settle(now);
        weight
    }

    fn complete(&mut self, on_time: bool, proven: bool, user: &Pubkey) -> u64 {
        let user = user_tag(user);
        let recent = Recent::new(&self.recent_users, self.jobs_completed);
        let weight = weight(recent.repeats(user));
        let slot = recent.slot();
        self.distinct_users = recent.distinct_with(user, self.distinct_users);
        self.breadth = self.breadth.max(self.distinct_users);
        self.recent_users[slot] = user;
        bump(&mut self.jobs_completed);
        add(&mut self.completed_weight, weight);
        if on_time {
            bump(&mut self.jobs_on_time);
            add(&mut self.on_time_weight, weight);
        }
        if proven {
            bump(&mut self.valid_proofs);
        }
        self.recover(RECOVERY_JOB, weight);
        weight
    }

    // A failure counts as a whole job, whoever's it was.
    fn fail(&mut self, counter: fn(&mut Self) -> &mut u32, penalty: u32) -> u64 {
        bump(counter(self));
        add(&mut self.penalty_points, penalty.into());
        FULL_WEIGHT
    }

    /// Counts a rating of 1 to 5 stars by `user` and computes the score anew. It weighs as the user's latest job
    /// does.
    pub fn rate(&mut self, stars: u8, user: &Pubkey, now: i64) -> Result<()> {
        require!(
            (1..=MAX_STARS).contains(&stars),
            ReputationError::InvalidStars
        );
        let recent = Recent::new(&self.recent_users, self.jobs_completed);
        let weight = weight(recent.repeats(user_tag(user)).saturating_sub(1));
        bump(&mut self.rating_count);
        add(&mut self.rating_sum, stars.into());
        add(&mut self.rating_weight, weight);
        add(
            &mut self.stars_weight,
            weight.saturating_mul(u64::from(stars)),
        );
        if stars == MAX_STARS {
            self.recover(RECOVERY_FIVE_STARS, weight);
        }
        self.settle(now);
        Ok(())
    }

    /// Counts that `up` of `total` samples since the last report found the node up, and computes the score
    /// anew. Reports come hourly at most.
    pub fn sample_uptime(&mut self, up: u8, total: u8, now: i64) -> Result<()> {
        let valid = (1..=MAX_UPTIME_SAMPLES).contains(&total) && up <= total;
        require!(valid, ReputationError::InvalidUptimeSample);
        let next_at = self.last_uptime_at.saturating_add(UPTIME_INTERVAL_SECONDS);
        require!(now >= next_at, ReputationError::UptimeTooEarly);

        add(&mut self.uptime_up, up.into());
        add(&mut self.uptime_total, total.into());
        let streak = streak(
            self.full_uptime_since,
            self.last_uptime_at,
            now,
            up == total,
        );
        if streak.complete {
            bump(&mut self.uptime_streaks);
            self.recover(RECOVERY_UPTIME, FULL_WEIGHT);
        }
        self.full_uptime_since = streak.since;
        self.last_uptime_at = now;
        self.settle(now);
        Ok(())
    }

    // Recovery answers penalties; it cannot be saved up against later ones.
    fn recover(&mut self, points: u32, weight: u64) {
        let given = self.penalty_points.saturating_mul(FULL_WEIGHT);
        add(
            &mut self.recovery_weight,
            u64::from(points).saturating_mul(weight),
        );
        self.recovery_weight = self.recovery_weight.min(given);
    }

    fn settle(&mut self, now: i64) {
        self.score = score(&self.evidence());
        self.last_change = now;
        self.seq = self.seq.wrapping_add(1);
    }

    fn evidence(&self) -> Evidence {
        let taken_back = self.recovery_weight / FULL_WEIGHT;
        Evidence {
            completed: self.completed_weight,
            not_completed: self
                .jobs_failed
                .saturating_add(self.jobs_timed_out)
                .saturating_add(self.disputes_lost),
            on_time: self.on_time_weight,
            stars: self.stars_weight,
            ratings: self.rating_weight,
            valid_proofs: self.valid_proofs,
            invalid_proofs: self.invalid_proofs,
            breadth: self.breadth,
            uptime_up: self.uptime_up,
            uptime_total: self.uptime_total,
            penalty: self.penalty_points.saturating_sub(taken_back),
        }
    }
}

/// What stands for a user in `recent_users`. A user whose key begins like another's would only weigh less.
fn user_tag(user: &Pubkey) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = user.to_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// Counters stop at their end: a full one must not block a settlement.
pub(crate) fn bump(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

fn add(sum: &mut u64, amount: u64) {
    *sum = sum.saturating_add(amount);
}

#[cfg(test)]
mod tests;
