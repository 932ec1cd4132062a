//! Every state of scaled-down markets: the invariants hold in each, and out of each the money comes.
//!
//! Each test looks at one part of the market whole. `just model` runs the ignored ones too, which take
//! minutes.

use cyxwiz_tests_model::{Clock, Market, Rules, Scope, Seconds, exits::Item, explore::explore};

/// One job and one node with all they can do, again and again.
const EVERYTHING: Scope = Scope {
    users: 1,
    nodes: 1,
    amount: 100,
    timeout: 1,
    stake: 20,
    receipts: &[(1, 0), (1, 1)],
    grow: false,
    diamond: false,
    again: true,
    disputes: true,
    unstake: true,
    pause: true,
    clock: Clock::Ticks,
};

/// Explores `scope` whole, and holds what it finds to be the longest waits against `escrow` and `stake`.
fn check(scope: &Scope, rules: &Rules, escrow: Seconds, stake: Seconds) {
    let start = Market::new(1_000, 1_000_000, 1_000_000);
    let found =
        explore(start, rules, scope, 50_000_000).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{found}");
    let items = if scope.unstake {
        &Item::ALL[..]
    } else {
        &Item::ALL[..2]
    };
    let bounds = found
        .exits(items)
        .unwrap_or_else(|broken| panic!("{broken}"));
    println!("{bounds}");
    let waits = bounds.escrow_without.into_iter().max();
    assert_eq!((waits, bounds.stake), (Some(escrow), stake));
}

#[test]
fn one_job_with_everything() {
    check(&EVERYTHING, &Rules::scaled_down(), 2, 3);
}

#[test]
fn two_jobs_on_two_nodes() {
    let scope = Scope {
        users: 2,
        nodes: 2,
        again: false,
        unstake: false,
        pause: false,
        receipts: &[(1, 1)],
        ..EVERYTHING
    };
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
        again: false,
        pause: false,
        receipts: &[],
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
