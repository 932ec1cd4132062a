//! Models that are broken on purpose are caught: each by the check that is there for it.

use cyxwiz_tests_model::{
    Clock, Evidence, Fault, Market, Rules, Scope, exits::Item, explore::explore,
};

const SCOPE: Scope<'static> = Scope {
    users: 2,
    nodes: 1,
    amount: 101,
    timeout: 1,
    stake: 31,
    evidence: &[Evidence::None],
    receipts: &[],
    grow: false,
    diamond: false,
    again: false,
    disputes: true,
    unstake: true,
    pause: false,
    clock: Clock::Ticks,
};

/// What the exploration of a model with `fault` says.
fn complaint(fault: Option<Fault>, scope: &Scope) -> Option<String> {
    let rules = Rules {
        fault,
        ..Rules::scaled_down()
    };
    let start = Market::new(1_000, 1_000_000, 1_000_000);
    let found = explore(start, &rules, scope, 10_000_000);
    let checked = found.and_then(|found| found.exits(&Item::ALL));
    checked.err().map(|broken| broken.to_string())
}

#[track_caller]
fn caught(fault: Fault, scope: &Scope, by: &str) -> String {
    let complaint =
        complaint(Some(fault), scope).unwrap_or_else(|| panic!("{fault:?} went unseen"));
    eprintln!("{complaint}");
    assert!(
        complaint.contains(by),
        "{fault:?} was caught, but for another reason:\n{complaint}"
    );
    complaint
}

#[test]
fn the_sound_model_passes() {
    assert_eq!(complaint(None, &SCOPE), None);
}

#[test]
fn a_double_release_is_caught_with_the_way_to_it() {
    let complaint = caught(
        Fault::DoubleRelease,
        &SCOPE,
        "settled job 0 was changed again",
    );
    let steps: Vec<&str> = complaint
        .lines()
        .skip(1)
        .map(|line| line.trim_start())
        .collect();
    assert_eq!(steps.len(), 7, "the shortest way is shown:\n{complaint}");
    assert_eq!(
        steps[0],
        "1. user 0 funds job 0 with 101, for 1 s; user 0 1000000 -> 999899; escrow 0 0 -> 101"
    );
    assert!(steps[6].starts_with("7. a stranger releases job 0; node 0 "));
}

#[test]
fn a_dispute_without_an_end_is_caught() {
    let by = "without the dispute authority, nobody gets the money out of Escrow(0)";
    caught(Fault::NoExpireDispute, &SCOPE, by);
}

#[test]
fn a_pause_that_blocks_exits_is_caught() {
    let scope = Scope {
        users: 1,
        pause: true,
        ..SCOPE
    };
    caught(
        Fault::PauseBlocksExits,
        &scope,
        "nobody gets the money out of Escrow(0)",
    );
}

#[test]
fn a_cancel_that_only_the_node_settles_is_caught() {
    let by = "without node 0, nobody gets the money out of Escrow(0)";
    caught(Fault::OnlyNodeSettlesCancel, &SCOPE, by);
}

#[test]
fn a_slash_into_other_jobs_locks_is_caught() {
    caught(
        Fault::SlashIgnoresLocks,
        &SCOPE,
        "locks and requests exceed its stake",
    );
}

#[test]
fn a_slash_beyond_the_stake_is_caught() {
    caught(
        Fault::SlashBeyondStake,
        &SCOPE,
        "base units were minted, but there are",
    );
}

#[test]
fn a_lock_left_behind_by_a_dispute_is_caught() {
    caught(
        Fault::DisputeKeepsLock,
        &SCOPE,
        "stake is locked for job 0 though it does not run",
    );
}

#[test]
fn stake_taken_out_under_a_lock_is_caught() {
    caught(
        Fault::UnstakeIgnoresLocks,
        &SCOPE,
        "locks and requests exceed its stake",
    );
}

#[test]
fn a_burn_that_is_not_counted_is_caught() {
    caught(
        Fault::BurnForgotten,
        &SCOPE,
        "base units were minted, but there are",
    );
}

#[test]
fn a_bond_left_in_the_vault_is_caught() {
    caught(
        Fault::BondForgotten,
        &SCOPE,
        "holds something else than its books say",
    );
}

/// One job that can be handed back, with a checkpoint and a receipt for all of it.
const WORKED: Scope<'static> = Scope {
    users: 1,
    receipts: &[(1, 1)],
    grow: true,
    ..SCOPE
};

#[test]
fn a_job_handed_back_with_the_work_held_is_caught() {
    let by = "was handed back though work is held or shown";
    caught(Fault::DeclinedWorkHeld, &WORKED, by);
}

#[test]
fn pay_for_a_job_handed_back_is_caught() {
    let by = "was refunded, but not in whole";
    caught(Fault::DeclinePays, &WORKED, by);
}

#[test]
fn a_punishment_for_handing_a_job_back_is_caught() {
    let by = "was punished for handing job 0 back";
    caught(Fault::DeclineCounts, &WORKED, by);
}

#[test]
fn a_job_handed_back_because_it_is_late_is_caught() {
    let by = "was handed back after half of its time";
    caught(Fault::DeclinedLate, &WORKED, by);
}

/// One job that must be proven, and a receipt for all of it.
const PROVEN: Scope<'static> = Scope {
    users: 1,
    evidence: &[Evidence::Exact],
    receipts: &[(1, 1)],
    ..SCOPE
};

#[test]
fn a_submission_without_a_proof_is_caught() {
    let by = "was delivered without its proof";
    caught(Fault::SubmittedUnproven, &PROVEN, by);
}

#[test]
fn pay_for_what_was_never_proven_is_caught() {
    let by = "paid for work that was never proven";
    caught(Fault::PaidUnproven, &PROVEN, by);
}

#[test]
fn a_false_proof_that_is_forgiven_is_caught() {
    let by = "giving job 0 up would have cost node 0 more than this";
    caught(Fault::FalseProofForgiven, &PROVEN, by);
}

#[test]
fn a_false_proof_without_an_end_is_caught() {
    let by = "nobody gets the money out of Escrow(0)";
    caught(Fault::NobodySettlesRefuted, &PROVEN, by);
}
