//! The registry's arithmetic: pure, checked, in base units (9 decimals), seconds and basis points.

use crate::{CYXWIZ, portion};

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
        let burned = portion(amount, burn_bps)?;
        let insured = amount.checked_sub(burned)?;
        Some(Self { burned, insured })
    }

    /// Both parts together.
    pub fn total(&self) -> Option<u64> {
        self.burned.checked_add(self.insured)
    }
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
