use anchor_lang::{AccountDeserialize, AccountSerialize, Discriminator};
use proptest::prelude::*;

use super::*;
use crate::math::{FULL_BREADTH, FULL_UPTIME_SECONDS, MAX_SCORE};

fn new() -> Reputation {
    Reputation::zeroed()
}

fn user(number: u8) -> Pubkey {
    Pubkey::new_from_array([number; 32])
}

const ON_TIME: Outcome = Outcome::Completed {
    on_time: true,
    proven: false,
};
const HOUR: i64 = 3_600;

/// A node with `jobs` jobs on time, of users 0, 1, 2, ...
fn proven(jobs: u8) -> Reputation {
    let mut node = new();
    for number in 0..jobs {
        node.record(ON_TIME, &user(number), number.into());
    }
    node
}

#[test]
fn the_memory_is_the_borsh_encoding() {
    let mut node = new();
    let bytes = bytemuck::bytes_of_mut(&mut node);
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = (index * 7 + index / 251) as u8;
    }
    let mut encoded = Vec::new();
    node.try_serialize(&mut encoded).unwrap();
    assert_eq!(encoded[..8], *Reputation::DISCRIMINATOR);
    assert_eq!(encoded[8..], *bytemuck::bytes_of(&node));
    let decoded = Reputation::try_deserialize(&mut encoded.as_slice()).unwrap();
    assert_eq!(bytemuck::bytes_of(&decoded), bytemuck::bytes_of(&node));
}

#[test]
fn eight_users_prove_a_node() {
    let scores: Vec<u16> = (0..=9).map(|jobs| proven(jobs).score).collect();
    assert_eq!(scores, [0, 81, 162, 243, 325, 406, 487, 568, 650, 650]);
}

#[test]
fn the_same_users_jobs_weigh_less_and_less() {
    let mut node = new();
    let weights: Vec<u64> = (0..9)
        .map(|now| node.record(ON_TIME, &user(1), now))
        .collect();
    assert_eq!(weights, [64, 32, 16, 8, 4, 2, 1, 1, 1]);
    assert_eq!((node.completed_weight, node.jobs_completed), (129, 9));
    // a stranger's job counts in full, and fifteen more of them make the first user one again
    assert_eq!(node.record(ON_TIME, &user(2), 9), 64);
    for number in 3..18 {
        assert_eq!(node.record(ON_TIME, &user(number), 10), 64);
    }
    assert_eq!(node.record(ON_TIME, &user(1), 11), 64);
}

#[test]
fn a_failure_is_not_outweighed_by_one_friend() {
    let mut node = proven(8);
    node.record(Outcome::Failed, &user(1), 9);
    // 400 * 8/9 + 250 - 50
    assert_eq!(node.score, 355 + 250 - 50);
    for now in 10..30 {
        node.record(ON_TIME, &user(100), now);
    }
    // 64 + 32 + ... + 1, and 1 for each of the other thirteen: 140/64 jobs; 21 points taken back
    assert_eq!(node.completed_weight, 8 * 64 + 140);
    assert_eq!(node.score, 364 + 250 - 29);
}

#[test]
fn recovery_is_not_saved_up() {
    let mut node = proven(10);
    assert_eq!(node.score, 650);
    node.record(Outcome::Failed, &user(20), 10);
    // 400 * 10/11 + 250 - 50
    assert_eq!(node.score, 363 + 250 - 50);
    node.record(ON_TIME, &user(21), 11);
    assert_eq!(node.score, 366 + 250 - 40);
    assert_eq!(node.seq, 12);
}

#[test]
fn outcomes_cost_what_they_should() {
    let before = proven(8);
    for (outcome, penalty, failures) in [
        (Outcome::Failed, 50, 1),
        (Outcome::TimedOut, 30, 1),
        (Outcome::DisputeLost, 200, 1),
        (Outcome::CancelledByUser, 0, 0),
        (Outcome::DisputeUnresolved, 0, 0),
        (Outcome::Declined, 0, 0),
    ] {
        let mut node = before;
        let weight = node.record(outcome, &user(9), 9);
        let completion = 400 * 8 / (8 + failures);
        assert_eq!(
            u64::from(node.score),
            completion + 250 - penalty,
            "{outcome:?}"
        );
        assert_eq!(weight, 64 * failures, "{outcome:?}");
        assert_eq!(node.completed_weight, before.completed_weight);
    }
    let mut node = before;
    node.record(
        Outcome::DisputeWon {
            on_time: false,
            proven: false,
        },
        &user(9),
        9,
    );
    assert_eq!((node.disputes_won, node.jobs_completed), (1, 9));
    assert_eq!(node.score, 400 + 250 * 8 / 9);
}

#[test]
fn full_counters_stay_full() {
    let mut node = new();
    node.jobs_timed_out = u32::MAX;
    node.jobs_completed = u32::MAX;
    node.completed_weight = u64::MAX;
    node.penalty_points = u64::MAX;
    node.recovery_weight = u64::MAX;
    node.uptime_total = u64::MAX;
    node.record(Outcome::TimedOut, &user(1), 1);
    node.record(ON_TIME, &user(1), 2);
    node.sample_uptime(120, 120, HOUR).unwrap();
    assert_eq!(node.jobs_timed_out, u32::MAX);
    assert_eq!(node.jobs_completed, u32::MAX);
}

#[test]
fn ratings_weigh_like_their_users_jobs() {
    let mut node = new();
    assert!(node.rate(0, &user(1), 1).is_err() && node.rate(6, &user(1), 1).is_err());
    assert_eq!((node.rating_count, node.seq), (0, 0));
    node.record(ON_TIME, &user(1), 1);
    node.rate(5, &user(1), 1).unwrap();
    // 650 and 200, an eighth of it
    assert_eq!((node.score, node.rating_weight), (106, 64));
    for _ in 0..3 {
        node.record(ON_TIME, &user(2), 2);
    }
    node.rate(1, &user(2), 2).unwrap();
    assert_eq!((node.rating_sum, node.rating_count), (6, 2));
    // the one star is the third of its user: 16 of 64
    assert_eq!((node.stars_weight, node.rating_weight), (5 * 64 + 16, 80));
}

#[test]
fn uptime_samples_are_checked() {
    let mut node = new();
    for (up, total) in [(0, 0), (1, 0), (2, 1), (121, 121), (255, 255)] {
        let refused = node.sample_uptime(up, total, HOUR).unwrap_err();
        assert_eq!(refused, ReputationError::InvalidUptimeSample.into());
    }
    node.sample_uptime(60, 120, HOUR).unwrap();
    assert_eq!((node.score, node.full_uptime_since), (25, 0));
    let refused = node.sample_uptime(1, 1, 2 * HOUR - 1).unwrap_err();
    assert_eq!(refused, ReputationError::UptimeTooEarly.into());
    node.sample_uptime(120, 120, 2 * HOUR).unwrap();
    assert_eq!((node.score, node.full_uptime_since), (37, 2 * HOUR));
    assert_eq!((node.uptime_up, node.uptime_total), (180, 240));
}

#[test]
fn thirty_days_of_uptime_take_points_back() {
    let mut node = proven(8);
    node.record(Outcome::Failed, &user(9), 9);
    let hours = FULL_UPTIME_SECONDS / HOUR;
    for hour in 1..=hours {
        node.sample_uptime(120, 120, hour * HOUR).unwrap();
    }
    assert_eq!((node.uptime_streaks, node.recovery_weight), (0, 0));
    node.sample_uptime(120, 120, (hours + 1) * HOUR).unwrap();
    assert_eq!((node.uptime_streaks, node.recovery_weight), (1, 20 * 64));
    assert_eq!(node.score, 355 + 250 + 50 - 30);
}

/// What may happen to a node.
#[derive(Clone, Copy, Debug)]
enum Step {
    Job(Outcome, u8),
    Stars(u8, u8),
    Uptime(u8),
}

impl Step {
    fn take(self, node: &mut Reputation, now: i64) {
        match self {
            Self::Job(outcome, by) => drop(node.record(outcome, &user(by), now)),
            Self::Stars(stars, by) => node.rate(stars, &user(by), now).unwrap(),
            Self::Uptime(up) => node.sample_uptime(up, 120, now).unwrap(),
        }
    }
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => any::<(bool, bool)>().prop_map(|(on_time, proven)| Outcome::Completed { on_time, proven }),
        1 => any::<(bool, bool)>().prop_map(|(on_time, proven)| Outcome::DisputeWon { on_time, proven }),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::TimedOut),
        1 => Just(Outcome::CancelledByUser),
        1 => Just(Outcome::DisputeLost),
        1 => Just(Outcome::DisputeUnresolved),
        1 => Just(Outcome::InvalidProof),
        1 => Just(Outcome::Declined),
    ]
}

fn step(users: u8) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (outcome(), 0..users).prop_map(|(outcome, by)| Step::Job(outcome, by)),
        2 => (1..=MAX_STARS, 0..users).prop_map(|(stars, by)| Step::Stars(stars, by)),
        1 => (0..=120u8).prop_map(Step::Uptime),
    ]
}

/// A step that speaks for the node only.
fn good_step(users: u8) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..users).prop_map(|by| Step::Job(ON_TIME, by)),
        2 => (0..users).prop_map(|by| Step::Stars(MAX_STARS, by)),
        1 => Just(Step::Uptime(120)),
    ]
}

fn play(steps: &[Step]) -> Reputation {
    let mut node = new();
    for (hour, step) in (1..).zip(steps) {
        step.take(&mut node, hour * HOUR);
    }
    node
}

proptest! {
    #[test]
    fn a_score_stays_in_its_bounds(steps in prop::collection::vec(step(30), 0..200)) {
        let node = play(&steps);
        prop_assert!(node.score <= MAX_SCORE);
        prop_assert!(node.breadth as usize <= RECENT_JOBS);
        prop_assert!(node.recovery_weight <= node.penalty_points * FULL_WEIGHT);
        prop_assert_eq!(node.seq, steps.len() as u64);
    }

    #[test]
    fn good_evidence_never_lowers_a_score(
        past in prop::collection::vec(step(30), 0..100),
        good in good_step(30),
    ) {
        let before = play(&past);
        let mut after = before;
        good.take(&mut after, (past.len() as i64 + 1) * HOUR);
        prop_assert!(after.score >= before.score, "{} -> {}", before.score, after.score);
    }

    #[test]
    fn bad_evidence_never_raises_a_score(
        past in prop::collection::vec(step(30), 0..100),
        by in 0..30u8,
        kind in 0..3usize,
    ) {
        let before = play(&past);
        let mut after = before;
        let bad = [Outcome::Failed, Outcome::TimedOut, Outcome::DisputeLost][kind];
        after.record(bad, &user(by), (past.len() as i64 + 1) * HOUR);
        prop_assert!(after.score <= before.score);
    }

    /// However many jobs they pay each other for, and rate with five stars, in whatever order.
    #[test]
    fn four_wallets_never_make_a_node_gold(
        steps in prop::collection::vec(good_step(4), 0..300),
        valid_proofs in 0..3u32,
    ) {
        let mut node = play(&steps);
        node.valid_proofs = valid_proofs;
        node.settle(0);
        prop_assert!(node.breadth <= 4);
        prop_assert!(node.tier() < Tier::Gold, "{}", node.score);
    }

    #[test]
    fn one_wallet_never_leaves_bronze(steps in prop::collection::vec(good_step(1), 0..300)) {
        let node = play(&steps);
        prop_assert!(node.score <= 950 / FULL_BREADTH + 50);
        prop_assert_eq!(node.tier(), Tier::Bronze);
    }
}
