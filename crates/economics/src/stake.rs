//! The registry's arithmetic: pure, checked, in base units (9 decimals), seconds and basis points.

use crate::{BPS, CYXWIZ, portion};

/// (job amount below this, stake to lock), in base units, ascending.
const STAKE_TIERS: [(u64, u64); 3] = [
    (10 * CYXWIZ, 50 * CYXWIZ),
    (50 * CYXWIZ, 200 * CYXWIZ),
    (200 * CYXWIZ, 1_000 * CYXWIZ),
];
const TOP_STAKE: u64 = 5_000 * CYXWIZ;

/// Stake that a job of `job_amount` base units requires and locks.
pub fn required_stake(job_amount: u64) -> u64 {
    STAKE_TIERS
        .iter()
        .find(|(limit, _)| job_amount < *limit)
        .map_or(TOP_STAKE, |(_, stake)| *stake)
}

/// How a slash of some stake is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlashSplit {
    /// Paid to the user who won a dispute; 0 for every other slash.
    pub user: u64,
    /// Destroyed, lowering the supply.
    pub burned: u64,
    /// Moved to the insurance vault.
    pub insured: u64,
}

impl SlashSplit {
    /// Slashes `bps` of `stake_at_assignment`, but never more than `slashable`; burns `burn_bps` of
    /// it, rounded down, and insures the rest.
    pub fn new(stake_at_assignment: u64, bps: u16, slashable: u64, burn_bps: u16) -> Option<Self> {
        let amount = portion(stake_at_assignment, bps)?.min(slashable);
        Self::of(amount, 0, burn_bps)
    }

    /// The same for a lost dispute: half of it, rounded down, is the user's; `burn_bps` of the other
    /// half, rounded down, is burned, and the rest insured.
    pub fn dispute(
        stake_at_assignment: u64,
        bps: u16,
        slashable: u64,
        burn_bps: u16,
    ) -> Option<Self> {
        let amount = portion(stake_at_assignment, bps)?.min(slashable);
        Self::of(amount, amount / 2, burn_bps)
    }

    fn of(amount: u64, user: u64, burn_bps: u16) -> Option<Self> {
        let rest = amount.checked_sub(user)?;
        let burned = portion(rest, burn_bps)?;
        let insured = rest.checked_sub(burned)?;
        Some(Self {
            user,
            burned,
            insured,
        })
    }

    /// All parts together.
    pub fn total(&self) -> Option<u64> {
        self.user
            .checked_add(self.burned)?
            .checked_add(self.insured)
    }
}

/// Seconds in the year that yearly rates mean: 365 days.
pub const YEAR: i64 = 365 * 86_400;

/// What `stake` base units earn in `seconds` at `bps` a year:
/// ⌊stake · bps · seconds / (10,000 · [`YEAR`])⌋, nothing for no time or less.
///
/// More than `u64::MAX` is given as `u64::MAX`: an overflow must not keep anybody from taking stake out.
pub fn reward(stake: u64, bps: u16, seconds: i64) -> u64 {
    let Ok(seconds) = u128::try_from(seconds) else {
        return 0;
    };
    let bps_seconds = u128::from(stake)
        .saturating_mul(u128::from(bps))
        .saturating_mul(seconds);
    let whole = u128::from(BPS) * u128::from(YEAR.unsigned_abs());
    u64::try_from(bps_seconds / whole).unwrap_or(u64::MAX)
}

/// Pushes a failure at `now` into the ring of the last three (0 = none, oldest first), and tells
/// whether all three lie within `window` seconds. If so the ring starts anew: a failure counts
/// towards one slash only.
pub fn record_failure(failures: &mut [i64; 3], now: i64, window: i64) -> bool {
    failures.rotate_left(1);
    failures[2] = now;
    let oldest = failures[0];
    let third = oldest != 0 && now.saturating_sub(oldest) <= window;
    if third {
        *failures = [0; 3];
    }
    third
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stake_tiers_switch_at_their_limits() {
        let cases = [
            (0, 50),
            (10 * CYXWIZ - 1, 50),
            (10 * CYXWIZ, 200),
            (50 * CYXWIZ - 1, 200),
            (50 * CYXWIZ, 1_000),
            (200 * CYXWIZ - 1, 1_000),
            (200 * CYXWIZ, 5_000),
            (u64::MAX, 5_000),
        ];
        for (amount, stake) in cases {
            assert_eq!(required_stake(amount), stake * CYXWIZ, "job of {amount}");
        }
    }

    #[test]
    fn a_slash_takes_at_most_what_is_there_and_splits_to_the_unit() {
        let split = SlashSplit::new(1_003, 1_000, u64::MAX, 2_000).unwrap();
        assert_eq!((split.burned, split.insured), (20, 80));
        let capped = SlashSplit::new(1_000, 2_500, 7, 2_000).unwrap();
        assert_eq!((capped.burned, capped.insured), (1, 6));
        assert_eq!(
            SlashSplit::new(1_000, 2_500, 0, 2_000).unwrap().total(),
            Some(0)
        );
    }

    #[test]
    fn a_lost_dispute_pays_the_user_half_rounded_down() {
        let split = SlashSplit::dispute(2_007, 5_000, u64::MAX, 2_000).unwrap();
        assert_eq!((split.user, split.burned, split.insured), (501, 100, 402));
        assert_eq!(split.total(), Some(1_003));
        let one = SlashSplit::dispute(2, 5_000, u64::MAX, 2_000).unwrap();
        assert_eq!((one.user, one.burned, one.insured), (0, 0, 1));
        let capped = SlashSplit::dispute(u64::MAX, BPS, 10, BPS).unwrap();
        assert_eq!((capped.user, capped.burned, capped.insured), (5, 5, 0));
        let all = SlashSplit::dispute(u64::MAX, BPS, u64::MAX, 2_000).unwrap();
        assert_eq!(all.total(), Some(u64::MAX));
        let none = SlashSplit::dispute(u64::MAX, BPS, 0, 2_000).unwrap();
        assert_eq!(none.total(), Some(0));
    }

    #[test]
    fn a_year_earns_the_rate_and_rounding_never_adds() {
        assert_eq!(reward(1_000 * CYXWIZ, 500, YEAR), 50 * CYXWIZ);
        assert_eq!(reward(1_000 * CYXWIZ, 500, 100 * YEAR), 5_000 * CYXWIZ);
        assert_eq!(reward(1_000 * CYXWIZ, 500, 1), 1_585);
        let days = (0..365).map(|_| reward(1_003, 500, 86_400)).sum::<u64>();
        assert!(days <= reward(1_003, 500, YEAR));
        assert_eq!(reward(1, 500, 20 * YEAR - 1), 0);
        assert_eq!(reward(1, 500, 20 * YEAR), 1);
    }

    #[test]
    fn nothing_earns_nothing_and_no_reward_overflows() {
        for seconds in [i64::MIN, -1, 0] {
            assert_eq!(reward(u64::MAX, u16::MAX, seconds), 0);
        }
        assert_eq!(reward(0, 500, YEAR), 0);
        assert_eq!(reward(u64::MAX, 0, YEAR), 0);
        assert_eq!(reward(u64::MAX, 500, YEAR), u64::MAX / 20);
        assert_eq!(reward(u64::MAX, 2_000, 100 * YEAR), u64::MAX);
        assert_eq!(reward(u64::MAX, u16::MAX, i64::MAX), u64::MAX);
    }

    #[test]
    fn the_third_failure_within_the_window_counts_once() {
        let mut failures = [0; 3];
        assert!(!record_failure(&mut failures, 100, 50));
        assert!(!record_failure(&mut failures, 120, 50));
        assert!(record_failure(&mut failures, 150, 50));
        assert_eq!(failures, [0; 3]);
        assert!(!record_failure(&mut failures, 151, 50));
        assert!(!record_failure(&mut failures, 152, 50));
        assert!(!record_failure(&mut failures, 202, 50), "one second late");
        assert!(record_failure(&mut failures, 202, 50));
    }
}
