//! Every state of scaled-down markets: the invariants hold in each, and out of each the money comes.
//!
//! Each test looks at one part of the market whole. `just model` runs the ignored ones too, which take
//! minutes and a few gigabytes.

use cyxwiz_tests_model::{
    Clock, Evidence, Market, Party, Rules, Scope, Seconds,
    exits::{Item, way_out},
    explore::{Exploration, explore},
};

const DAY: Seconds = 86_400;

/// One job and one node with all they can do, again and again. The amounts are odd, so that every share
/// is rounded.
const EVERYTHING: Scope<'static> = Scope {
    users: 1,
    nodes: 1,
    amount: 101,
    timeout: 1,
    stake: 20,
    evidence: &[Evidence::None],
    receipts: &[(1, 0), (1, 1)],
    grow: false,
    diamond: false,
    again: true,
    disputes: true,
    unstake: true,
    pause: true,
    clock: Clock::Ticks,
};

fn found(scope: &Scope, rules: &Rules, limit: usize) -> Exploration {
    let start = Market::new(1_000, 1_000_000, 1_000_000);
    let found = explore(start, rules, scope, limit).unwrap_or_else(|broken| panic!("{broken}"));
    eprintln!("{found}");
    found
}

/// Explores `scope` whole. Whoever is gone, a job's money is out within `escrow`, and a node's stake
/// within `stake`.
fn check(scope: &Scope, rules: &Rules, escrow: Seconds, stake: Seconds) {
    let found = found(scope, rules, usize::MAX);
    let items = if scope.unstake {
        &Item::ALL[..]
    } else {
        &Item::ALL[..2]
    };
    let bounds = found
        .exits(items)
        .unwrap_or_else(|broken| panic!("{broken}"));
    eprintln!("{bounds}");
    let longest = bounds.escrow_without.into_iter().max();
    assert_eq!((longest, bounds.stake), (Some(escrow), stake));
}

#[test]
fn one_job_with_everything() {
    check(&EVERYTHING, &Rules::scaled_down(), 2, 3);
}

/// Also those of which the node shows nothing, or something false.
#[test]
fn one_job_that_must_be_proven() {
    let scope = Scope {
        evidence: &[Evidence::Exact, Evidence::Audited],
        stake: 31,
        unstake: false,
        diamond: true,
        ..EVERYTHING
    };
    check(&scope, &Rules::scaled_down(), 2, 0);
}

#[test]
fn two_jobs_that_must_be_proven_on_one_stake() {
    let scope = Scope {
        users: 2,
        evidence: &[Evidence::Exact],
        stake: 31,
        receipts: &[(1, 1)],
        again: false,
        disputes: false,
        pause: false,
        ..EVERYTHING
    };
    check(&scope, &Rules::scaled_down(), 2, 2);
}

#[test]
fn two_jobs_on_two_nodes() {
    let scope = Scope {
        users: 2,
        nodes: 2,
        stake: 31,
        receipts: &[(1, 1)],
        again: false,
        unstake: false,
        ..EVERYTHING
    };
    // how long stake stays is of no matter where none is taken out
    let rules = Rules {
        min_lock: 0,
        lock_per_job: 0,
        ..Rules::scaled_down()
    };
    check(&scope, &rules, 2, 0);
}

#[test]
fn two_jobs_on_one_stake() {
    let scope = Scope {
        users: 2,
        stake: 31,
        receipts: &[],
        again: false,
        ..EVERYTHING
    };
    check(&scope, &Rules::scaled_down(), 2, 3);
}

#[test]
fn a_job_that_grows_with_a_diamond_node() {
    let scope = Scope {
        grow: true,
        diamond: true,
        unstake: false,
        pause: false,
        ..EVERYTHING
    };
    check(&scope, &Rules::scaled_down(), 2, 0);
}

#[test]
#[ignore = "takes minutes: just model"]
fn two_jobs_on_two_nodes_with_everything_once() {
    let scope = Scope {
        users: 2,
        nodes: 2,
        again: false,
        ..EVERYTHING
    };
    check(&scope, &Rules::scaled_down(), 2, 3);
}

#[test]
#[ignore = "takes minutes: just model"]
fn two_jobs_on_one_stake_again_and_again() {
    let scope = Scope {
        users: 2,
        receipts: &[(1, 1)],
        pause: false,
        ..EVERYTHING
    };
    check(&scope, &Rules::scaled_down(), 2, 3);
}

#[test]
#[ignore = "takes minutes: just model"]
fn one_job_with_everything_and_odd_stakes() {
    check(
        &Scope {
            stake: 31,
            ..EVERYTHING
        },
        &Rules::scaled_down(),
        2,
        3,
    );
}

/// The longest that each party alone waits for the money, in the first states of a market with these
/// windows and the longest jobs: user, node and anybody for a job's, the node for its stake's.
fn longest_waits(rules: &Rules) -> [Seconds; 4] {
    let scope = Scope {
        amount: 1_000_000_007,
        timeout: rules.max_timeout,
        stake: 200_000_000_003,
        clock: Clock::Events,
        ..EVERYTHING
    };
    let start = Market::new(1_760_000_000, 10_000_000_000, 1_000_000_000_000);
    let found = explore(start, rules, &scope, 1_500).unwrap_or_else(|broken| panic!("{broken}"));
    let alone = Scope {
        pause: false,
        ..scope
    };
    [
        (Party::User(0), Item::Escrow(0)),
        (Party::Node(0), Item::Escrow(0)),
        (Party::Stranger, Item::Escrow(0)),
        (Party::Node(0), Item::Stake(0)),
    ]
    .map(|(party, item)| {
        let waits = (0..found.states() as u32).map(|state| {
            let market = found.market(state);
            let out = way_out(&market, rules, &alone, party, item);
            out.unwrap_or_else(|| panic!("{party} alone does not get out of {item:?}: {market:?}"))
                .seconds
        });
        let longest = waits.max().unwrap_or_default();
        eprintln!("{party}, {item:?}: {} days", longest as f64 / DAY as f64);
        longest
    })
}

#[test]
fn by_default_the_money_is_out_within_a_month() {
    let longest = longest_waits(&Rules::default());
    assert_eq!(longest, [14 * DAY, 14 * DAY, 30 * DAY + 1, 30 * DAY]);
}

/// With the longest windows that the programs let the admin set.
#[test]
fn whatever_the_admin_sets_the_money_comes_out() {
    let rules = Rules {
        acceptance: [7 * DAY; 4],
        assign_window: DAY,
        receipt_window: DAY,
        max_timeout: 90 * DAY,
        dispute_window: 30 * DAY,
        min_lock: 365 * DAY,
        lock_per_job: 365 * DAY,
        cooldown: 365 * DAY,
        suspension: 365 * DAY,
        failure_window: 365 * DAY,
        ..Rules::default()
    };
    let longest = longest_waits(&rules);
    assert_eq!(longest, [30 * DAY, 30 * DAY, 90 * DAY + 1, 395 * DAY]);
}
