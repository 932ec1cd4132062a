//! The formulas' worked examples and edges. What holds for every history is tested by properties, with
//! the program's own bookkeeping, in `programs/reputation`.

extern crate std;

use std::{vec, vec::Vec};

use super::*;

const JOB: u64 = FULL_WEIGHT;

#[test]
fn a_new_node_scores_nothing() {
    assert_eq!(score(&Evidence::default()), 0);
}

#[test]
fn a_perfect_node_with_eight_users_scores_everything() {
    let perfect = Evidence {
        completed: 8 * JOB,
        on_time: 8 * JOB,
        stars: 5 * 8 * JOB,
        ratings: 8 * JOB,
        valid_proofs: 8,
        breadth: 8,
        uptime_up: 9,
        uptime_total: 9,
        ..Evidence::default()
    };
    assert_eq!(score(&perfect), MAX_SCORE);
    let wider = Evidence {
        breadth: 16,
        ..perfect
    };
    assert_eq!(score(&wider), MAX_SCORE);
}

#[test]
fn components_weigh_as_documented() {
    let evidence = Evidence {
        completed: 3 * JOB,
        not_completed: 1,
        on_time: 2 * JOB,
        stars: 6 * JOB,
        ratings: 2 * JOB,
        valid_proofs: 1,
        invalid_proofs: 1,
        breadth: 8,
        uptime_up: 1,
        uptime_total: 2,
        penalty: 10,
    };
    // 300 of 400, 166 of 250, (3-1)/4 of 200, 50 of 100, and 25 of 50, less the penalty
    assert_eq!(score(&evidence), 300 + 166 + 100 + 50 + 25 - 10);
    let narrow = Evidence {
        breadth: 3,
        ..evidence
    };
    // three eighths of the work, all of the uptime
    assert_eq!(score(&narrow), 616 * 3 / 8 + 25 - 10);
}

#[test]
fn what_few_users_can_give_ends_below_gold_and_diamond() {
    let best = |breadth| Evidence {
        completed: JOB,
        on_time: JOB,
        stars: 5 * JOB,
        ratings: JOB,
        valid_proofs: 1,
        breadth,
        uptime_up: 1,
        uptime_total: 1,
        ..Evidence::default()
    };
    let tiers = [1, 2, 3, 4, 5, 6, 7, 8].map(|breadth| tier(score(&best(breadth))));
    use Tier::*;
    assert_eq!(
        tiers,
        [Bronze, Bronze, Silver, Silver, Gold, Gold, Diamond, Diamond]
    );
}

#[test]
fn penalties_never_go_below_zero_and_extremes_do_not_overflow() {
    let ruined = Evidence {
        completed: JOB,
        on_time: JOB,
        breadth: 8,
        penalty: u64::MAX,
        ..Evidence::default()
    };
    assert_eq!(score(&ruined), 0);
    let extreme = Evidence {
        completed: u64::MAX,
        not_completed: u32::MAX,
        on_time: u64::MAX,
        stars: u64::MAX,
        ratings: u64::MAX,
        valid_proofs: u32::MAX,
        invalid_proofs: u32::MAX,
        breadth: u16::MAX,
        uptime_up: u64::MAX,
        uptime_total: u64::MAX,
        penalty: 0,
    };
    assert!(score(&extreme) <= MAX_SCORE);
}

#[test]
fn weights_halve_down_to_one() {
    let weights = [0, 1, 2, 5, 6, 7, 16, usize::MAX].map(weight);
    assert_eq!(weights, [64, 32, 16, 2, 1, 1, 1, 1]);
}

/// Plays jobs of these users; the repeats each found, and the different users after each.
fn play(users: &[u64]) -> (Vec<usize>, Vec<u16>) {
    let (mut ring, mut distinct) = ([0; RECENT_JOBS], 0);
    let mut found = (Vec::new(), Vec::new());
    for (jobs, user) in users.iter().enumerate() {
        let recent = Recent::new(&ring, jobs as u32);
        found.0.push(recent.repeats(*user));
        distinct = recent.distinct_with(*user, distinct);
        found.1.push(distinct);
        let slot = recent.slot();
        ring[slot] = *user;
    }
    found
}

#[test]
fn the_last_sixteen_users_are_remembered() {
    // user 0 is a user like any other, not an empty place
    let (repeats, distinct) = play(&[0, 0, 7, 0]);
    assert_eq!(repeats, [0, 1, 0, 2]);
    assert_eq!(distinct, [1, 1, 2, 2]);

    let crowd: Vec<u64> = (0..17).chain(0..17).collect();
    let (repeats, distinct) = play(&crowd);
    assert!(repeats.iter().all(|repeats| *repeats == 0));
    assert_eq!(distinct[15..], [16; 19]);

    // the seventeenth of one user replaces the first, and another's job one of them
    let mut loyal = vec![1; 17];
    loyal.extend([2, 1]);
    let (repeats, distinct) = play(&loyal);
    assert_eq!(repeats[15..], [15, 16, 0, 15]);
    assert_eq!(distinct[15..], [1, 1, 2, 2]);
}

#[test]
fn distinct_users_are_counted_right_at_every_step() {
    // a fixed sequence with many repetitions, against counting anew
    let users: Vec<u64> = (0..400u64).map(|n| (n * n + n / 7) % 11).collect();
    let (_, distinct) = play(&users);
    for (end, counted) in distinct.iter().enumerate() {
        let start = (end + 1).saturating_sub(RECENT_JOBS);
        let mut window = users[start..=end].to_vec();
        window.sort_unstable();
        window.dedup();
        assert_eq!(usize::from(*counted), window.len(), "after job {end}");
    }
}

#[test]
fn thirty_days_without_a_miss_complete_a_streak() {
    const HOUR: i64 = 3_600;
    let start = 1_000_000;
    let (mut since, mut last, mut completed) = (0, 0, Vec::new());
    for hour in 0..=1_440 {
        let now = start + hour * HOUR;
        let next = streak(since, last, now, true);
        if next.complete {
            completed.push(hour);
        }
        (since, last) = (next.since, now);
    }
    assert_eq!(completed, [720, 1_440]);
}

#[test]
fn a_miss_or_a_gap_starts_the_streak_again() {
    let broken = Streak {
        since: 0,
        complete: false,
    };
    assert_eq!(streak(5, 8_000, 11_600, false), broken);
    let kept = streak(5, 8_000, 8_000 + UPTIME_GAP_SECONDS, true);
    assert_eq!(kept.since, 5);
    let now = 8_000 + UPTIME_GAP_SECONDS + 1;
    assert_eq!(streak(5, 8_000, now, true).since, now);
    // neither does a gap complete what it interrupts, nor a miss at the end
    let month = 5 + FULL_UPTIME_SECONDS;
    assert!(!streak(5, 8_000, month, true).complete);
    assert!(!streak(5, month - 3_600, month, false).complete);
    assert!(streak(5, month - 3_600, month, true).complete);
}

#[test]
fn tiers_switch_at_their_limits() {
    let tiers = [0, 299, 300, 599, 600, 799, 800, 1000].map(tier);
    use Tier::*;
    assert_eq!(
        tiers,
        [Bronze, Bronze, Silver, Silver, Gold, Gold, Diamond, Diamond]
    );
}
