//! A node's score and what moves it: pure integer arithmetic over counters.
//!
//! A job that was paid in full counts with a *weight* of 64 where its user is none of the node's last 16
//! paid jobs', and half as much for every one of those that was the same user's, down to 1. A failure always
//! counts as a whole job. With `W` and `T` the weights of all paid jobs and of those on time, `F` the
//! failures, `S` and `R` the weighted stars and ratings, `V` and `I` the valid and invalid proofs:
//!
//! ```text
//! work  = 400 W/(W + 64 F) + 250 T/W + 200 (S - R)/(4 R) + 100 V/(V + I)
//! score = work * min(breadth, 8)/8 + 50 up/samples - penalty,  within 0..=1000
//! ```
//!
//! Each fraction rounds down and is 0 where there is nothing to measure. *Breadth* is the largest number of
//! different users that any 16 paid jobs in a row had: what few users say of a node counts in part only.

/// Highest score.
pub const MAX_SCORE: u16 = 1_000;

// What each component is worth when perfect; together MAX_SCORE.
const COMPLETION: u64 = 400;
const TIME_ACCURACY: u64 = 250;
const RATINGS: u64 = 200;
const VALID_PROOFS: u64 = 100;
const UPTIME: u64 = 50;

/// Points that a failed job costs.
pub const PENALTY_FAILED: u32 = 50;
/// Points that a job past its deadline costs.
pub const PENALTY_TIMED_OUT: u32 = 30;
/// Points that an invalid proof costs.
pub const PENALTY_INVALID_PROOF: u32 = 100;
/// Points that a lost dispute costs.
pub const PENALTY_DISPUTE_LOST: u32 = 200;
/// Penalty points that a paid job of full weight takes back.
pub const RECOVERY_JOB: u32 = 10;
/// Penalty points that a five-star rating of full weight takes back.
pub const RECOVERY_FIVE_STARS: u32 = 5;
/// Penalty points that [`FULL_UPTIME_SECONDS`] without a miss take back.
pub const RECOVERY_UPTIME: u32 = 20;

/// Best rating.
pub const MAX_STARS: u8 = 5;

/// How many paid jobs back a user is remembered.
pub const RECENT_JOBS: usize = 16;
/// The weight of a job whose user is none of the remembered ones.
pub const FULL_WEIGHT: u64 = 64;
// A user's seventh job among the remembered ones, and every further one, weighs FULL_WEIGHT >> 6 = 1.
const HALVINGS: usize = 6;
/// Different users among [`RECENT_JOBS`] jobs from which on a node's work counts in full.
pub const FULL_BREADTH: u16 = 8;

/// Time without a miss that takes penalty points back, in seconds: 30 days.
pub const FULL_UPTIME_SECONDS: i64 = 30 * 86_400;
/// Least time between two reports on a node's uptime, in seconds.
pub const UPTIME_INTERVAL_SECONDS: i64 = 3_600;
/// Time without a report that ends a streak of full uptime, in seconds.
pub const UPTIME_GAP_SECONDS: i64 = 2 * 3_600;
/// Most samples in a report: one every 30 seconds for an hour.
pub const MAX_UPTIME_SAMPLES: u8 = 120;

/// The weight of a job that shares its user with `repeats` remembered ones.
pub const fn weight(repeats: usize) -> u64 {
    FULL_WEIGHT
        >> if repeats < HALVINGS {
            repeats
        } else {
            HALVINGS
        }
}

/// The users of a node's last paid jobs, by a number that stands for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recent<'a> {
    users: &'a [u64; RECENT_JOBS],
    jobs: u32,
}

impl<'a> Recent<'a> {
    /// `users` as [`Recent::slot`] filled it over `jobs` jobs.
    pub const fn new(users: &'a [u64; RECENT_JOBS], jobs: u32) -> Self {
        Self { users, jobs }
    }

    /// Where the next job's user goes, in place of the one longest ago.
    pub fn slot(&self) -> usize {
        self.jobs as usize % RECENT_JOBS
    }

    /// How many of the remembered jobs were this user's.
    pub fn repeats(&self, user: u64) -> usize {
        let remembered = RECENT_JOBS.min(self.jobs as usize);
        let users = &self.users[..remembered];
        users.iter().filter(|other| **other == user).count()
    }

    /// Different users among the remembered jobs once one of `user` has come, given how many there are now.
    pub fn distinct_with(&self, user: u64, distinct_now: u16) -> u16 {
        let joins = u16::from(self.repeats(user) == 0);
        let full = self.jobs as usize >= RECENT_JOBS;
        let leaving = self.users[self.slot()];
        let leaves = u16::from(full && leaving != user && self.repeats(leaving) == 1);
        (distinct_now + joins).saturating_sub(leaves)
    }
}

/// The evidence a score is computed from. Weights are in 1/[`FULL_WEIGHT`] jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Weight of the jobs paid in full.
    pub completed: u64,
    /// Jobs that failed, timed out or ended in a lost dispute.
    pub not_completed: u32,
    /// Weight of the paid jobs that kept to their estimate.
    pub on_time: u64,
    /// Sum of all stars, each rating's by its weight.
    pub stars: u64,
    /// Weight of the ratings.
    pub ratings: u64,
    /// Proofs that verified.
    pub valid_proofs: u32,
    /// Proofs that did not.
    pub invalid_proofs: u32,
    /// Most different users among [`RECENT_JOBS`] jobs in a row.
    pub breadth: u16,
    /// Uptime samples that found the node up.
    pub uptime_up: u64,
    /// All uptime samples.
    pub uptime_total: u64,
    /// Penalty points not yet taken back.
    pub penalty: u64,
}

/// 0 to [`MAX_SCORE`], by the formula at the head of this module. A new node starts at 0; one star is worth
/// nothing, five are worth the whole component.
pub fn score(evidence: &Evidence) -> u16 {
    let e = evidence;
    let failures = FULL_WEIGHT.saturating_mul(e.not_completed.into());
    let ended = e.completed.saturating_add(failures);
    let proofs = u64::from(e.valid_proofs).saturating_add(e.invalid_proofs.into());
    let above_one_star = e.stars.saturating_sub(e.ratings);
    let best = e.ratings.saturating_mul(u64::from(MAX_STARS - 1));

    let work = share(COMPLETION, e.completed, ended)
        .saturating_add(share(TIME_ACCURACY, e.on_time, e.completed))
        .saturating_add(share(RATINGS, above_one_star, best))
        .saturating_add(share(VALID_PROOFS, e.valid_proofs.into(), proofs));
    let score = share(work, e.breadth.into(), FULL_BREADTH.into())
        .saturating_add(share(UPTIME, e.uptime_up, e.uptime_total))
        .saturating_sub(e.penalty)
        .min(MAX_SCORE.into());
    u16::try_from(score).unwrap_or(MAX_SCORE)
}

/// `points * part / whole` rounded down, all points from `part == whole` on, 0 where there is nothing to measure.
fn share(points: u64, part: u64, whole: u64) -> u64 {
    points
        .saturating_mul(part.min(whole))
        .checked_div(whole)
        .unwrap_or(0)
}

/// Since when a node has been up without a miss: a Unix time, 0 where it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streak {
    /// The first report of the streak.
    pub since: i64,
    /// Whether it just lasted [`FULL_UPTIME_SECONDS`]: it is answered by [`RECOVERY_UPTIME`], and starts again.
    pub complete: bool,
}

/// The streak that `since` becomes with a report at `now`, `full` where every sample found the node up. The
/// report before it came at `last`, 0 for none.
pub fn streak(since: i64, last: i64, now: i64, full: bool) -> Streak {
    let gap = now.saturating_sub(last) > UPTIME_GAP_SECONDS;
    let since = match (full, since) {
        (false, _) => 0,
        (true, 0) => now,
        (true, _) if gap => now,
        (true, since) => since,
    };
    let complete = full && now.saturating_sub(since) >= FULL_UPTIME_SECONDS;
    Streak {
        since: if complete { now } else { since },
        complete,
    }
}

/// What a score entitles to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Below 300.
    Bronze,
    /// Below 600.
    Silver,
    /// Below 800.
    Gold,
    /// From 800.
    Diamond,
}

/// The tier of a score.
pub const fn tier(score: u16) -> Tier {
    match score {
        0..300 => Tier::Bronze,
        300..600 => Tier::Silver,
        600..800 => Tier::Gold,
        _ => Tier::Diamond,
    }
}

#[cfg(test)]
mod tests;
