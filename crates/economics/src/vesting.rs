//! How much of an allocation has vested: nothing before the cliff, then in proportion to the time since the
//! start, rounded down, and everything from the end on.

/// Longest schedule, in seconds: 20 years of 365 days.
pub const MAX_DURATION_SECONDS: u64 = 20 * 365 * 86_400;
/// Furthest that a start may lie from the creation, in seconds: 10 years of 365 days.
pub const MAX_START_DISTANCE_SECONDS: u64 = 10 * 365 * 86_400;

/// When how much of an allocation vests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Base units allocated.
    pub total: u64,
    /// Unix time that the schedule counts from.
    pub start: i64,
    /// Seconds from the start before which nothing vests.
    pub cliff_seconds: u64,
    /// Seconds from the start after which all has vested.
    pub duration_seconds: u64,
}

impl Schedule {
    /// Base units vested at the Unix time `now`: floor(total · elapsed / duration) between cliff and end.
    /// Never more than the total, and never less than at an earlier time.
    pub fn vested(&self, now: i64) -> u64 {
        let elapsed = now.abs_diff(self.start);
        if now < self.start || elapsed < self.cliff_seconds {
            return 0;
        }
        if elapsed >= self.duration_seconds {
            return self.total;
        }
        let vested =
            u128::from(self.total) * u128::from(elapsed) / u128::from(self.duration_seconds);
        u64::try_from(vested).unwrap_or(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_760_000_000;
    const YEAR: u64 = 365 * 86_400;

    const TEAM: Schedule = Schedule {
        total: 200_000_000 * crate::CYXWIZ,
        start: START,
        cliff_seconds: YEAR,
        duration_seconds: 4 * YEAR,
    };

    fn after(schedule: Schedule, seconds: u64) -> u64 {
        schedule.vested(schedule.start + seconds as i64)
    }

    #[test]
    fn nothing_before_the_cliff_then_all_that_has_accrued() {
        assert_eq!(TEAM.vested(i64::MIN), 0);
        assert_eq!(TEAM.vested(START - 1), 0);
        assert_eq!(after(TEAM, 0), 0);
        assert_eq!(after(TEAM, YEAR - 1), 0);
        assert_eq!(after(TEAM, YEAR), TEAM.total / 4);
        assert_eq!(after(TEAM, 2 * YEAR), TEAM.total / 2);
        assert!(after(TEAM, 4 * YEAR - 1) < TEAM.total);
        assert_eq!(after(TEAM, 4 * YEAR), TEAM.total);
        assert_eq!(TEAM.vested(i64::MAX), TEAM.total);
    }

    #[test]
    fn shares_round_down() {
        let odd = Schedule {
            total: 10,
            cliff_seconds: 0,
            duration_seconds: 3,
            ..TEAM
        };
        assert_eq!(
            [0, 1, 2, 3].map(|seconds| after(odd, seconds)),
            [0, 3, 6, 10]
        );
        let one = Schedule { total: 1, ..odd };
        assert_eq!(
            [0, 1, 2, 3].map(|seconds| after(one, seconds)),
            [0, 0, 0, 1]
        );
    }

    #[test]
    fn without_a_duration_all_vests_at_the_start() {
        let at_once = Schedule {
            cliff_seconds: 0,
            duration_seconds: 0,
            ..TEAM
        };
        assert_eq!(at_once.vested(START - 1), 0);
        assert_eq!(at_once.vested(START), TEAM.total);
    }

    #[test]
    fn a_cliff_at_the_end_vests_all_at_once() {
        let late = Schedule {
            cliff_seconds: 4 * YEAR,
            ..TEAM
        };
        assert_eq!(after(late, 4 * YEAR - 1), 0);
        assert_eq!(after(late, 4 * YEAR), TEAM.total);
    }

    #[test]
    fn extremes_do_not_overflow() {
        let huge = Schedule {
            total: u64::MAX,
            start: i64::MIN,
            cliff_seconds: 0,
            duration_seconds: u64::MAX,
        };
        assert_eq!(huge.vested(i64::MIN), 0);
        assert_eq!(huge.vested(0), u64::MAX / 2 + 1);
        assert_eq!(huge.vested(i64::MAX), u64::MAX);
        let never = Schedule {
            start: i64::MAX,
            ..huge
        };
        assert_eq!(never.vested(i64::MAX - 1), 0);
    }

    #[test]
    fn what_has_vested_never_unvests() {
        let schedule = Schedule {
            total: 1_000_003,
            cliff_seconds: 100,
            duration_seconds: 997,
            ..TEAM
        };
        let vested = (0..1_100).map(|seconds| after(schedule, seconds));
        let mut before = 0;
        for now in vested {
            assert!(before <= now && now <= schedule.total);
            before = now;
        }
        assert_eq!(before, schedule.total);
    }
}
