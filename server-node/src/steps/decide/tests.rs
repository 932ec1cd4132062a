use cyxwiz_chain::DECLINE_WINDOW_SECONDS;
use cyxwiz_domain::Amount;
use cyxwiz_test_support::escrow_account;

use super::*;

pub(crate) const NODE: Address = Address([7; 32]);
pub(crate) const POLICY: Policy = Policy {
    node: NODE,
    anchor_every: 10,
    stop_grace: 120,
    upload_timeout: 300,
    proof_allowance: 300,
    lacks_memory: false,
    declines: true,
};

pub(crate) fn escrow(state: EscrowState) -> EscrowAccount {
    EscrowAccount {
        node: Some(NODE),
        amount: Amount::tokens(100),
        deadline: 1_000,
        release_at: 2_000,
        ..escrow_account(state)
    }
}

pub(crate) fn local(phase: Phase) -> Local {
    Local {
        phase,
        epochs_done: 0,
        receipt: (0, 0),
        stopped_at: None,
        training: false,
        proof: None,
        proving: false,
    }
}

/// Of a job without a proof.
fn step(local: &Local, escrow: Option<&EscrowAccount>, now: i64) -> Action {
    let view = View {
        escrow,
        transcript: None,
        now,
    };
    next_step(local, &view, &POLICY)
}

/// One row: what is held, what the chain says, the time, what to do.
#[test]
fn the_table() {
    use Action::{
        Anchor, Decline, Fail, GoOn, NoteSettled, NoteSubmitted, PresentReceipt, Release,
        SettleCancel, StopTraining, Submit, Train, Wait,
    };
    use EscrowState::{
        Assigned, Cancelled, Cancelling, Disputed, Paid, Resolved, Submitted, TimedOut,
    };
    let receipt = |phase| Local {
        receipt: (5, 2),
        ..local(phase)
    };
    let busy = |phase, epochs_done| Local {
        training: true,
        epochs_done,
        ..local(phase)
    };
    let stopped = |at| Local {
        stopped_at: Some(at),
        ..local(Phase::Stopped)
    };
    let table = [
        (local(Phase::AwaitingData), Assigned, 299, Wait),
        (
            local(Phase::AwaitingData),
            Assigned,
            300,
            Decline(GiveUp::NoData),
        ),
        (local(Phase::Training), Assigned, 0, Train),
        (busy(Phase::Training, 9), Assigned, 0, Wait),
        (busy(Phase::Training, 19), Assigned, 0, Anchor(10)),
        (busy(Phase::Training, 19), Assigned, 950, StopTraining),
        (receipt(Phase::Training), Assigned, 950, PresentReceipt),
        (
            local(Phase::Training),
            Assigned,
            950,
            Fail(GiveUp::Deadline),
        ),
        (busy(Phase::Training, 19), Assigned, 1_001, StopTraining),
        (receipt(Phase::Training), Assigned, 1_001, PresentReceipt),
        (local(Phase::Training), Assigned, 1_001, Wait),
        (local(Phase::Trained), Assigned, 0, Submit),
        (local(Phase::Trained), Assigned, 999, Submit),
        (local(Phase::Trained), Assigned, 1_001, Wait),
        (local(Phase::Submitted), Assigned, 0, Submit),
        (local(Phase::Failed), Assigned, 0, Decline(GiveUp::Failed)),
        (local(Phase::Failed), Assigned, 1_001, Wait),
        (receipt(Phase::Failed), Assigned, 0, PresentReceipt),
        (busy(Phase::Failed, 0), Assigned, 0, StopTraining),
        (stopped(100), Assigned, 219, Wait),
        (stopped(100), Assigned, 220, GoOn),
        // The data are due at 300, stopped or not.
        (stopped(250), Assigned, 299, Wait),
        (stopped(250), Assigned, 300, GoOn),
        (stopped(310), Assigned, 429, Wait),
        (stopped(310), Assigned, 430, GoOn),
        (busy(Phase::Training, 3), Cancelling, 0, StopTraining),
        (receipt(Phase::Stopped), Cancelling, 0, PresentReceipt),
        (local(Phase::Stopped), Cancelling, 0, SettleCancel),
        (local(Phase::Trained), Cancelling, 0, SettleCancel),
        (local(Phase::Trained), Submitted, 0, NoteSubmitted),
        (local(Phase::Submitted), Submitted, 1_999, Wait),
        (local(Phase::Submitted), Submitted, 2_000, Release),
        (local(Phase::Submitted), Disputed, 9_999, Wait),
        (receipt(Phase::Submitted), Disputed, 0, PresentReceipt),
        (local(Phase::Submitted), Resolved, 0, NoteSettled),
        (local(Phase::Submitted), Paid, 0, NoteSettled),
        (local(Phase::Training), TimedOut, 0, NoteSettled),
        (busy(Phase::Training, 3), TimedOut, 0, StopTraining),
        (local(Phase::Stopped), Cancelled, 0, NoteSettled),
        (local(Phase::Settled), Cancelled, 0, Wait),
    ];
    for (local, state, now, expected) in table {
        let action = step(&local, Some(&escrow(state)), now);
        assert_eq!(action, expected, "{local:?}, {state:?} at {now}");
    }
}

/// What cannot be handed back any more is given up, and not before it must be.
#[test]
fn a_job_is_given_up_where_it_cannot_be_handed_back() {
    // One second later than leaves half of the margin for the transaction.
    let late = EscrowAccount {
        assigned_at: -(DECLINE_WINDOW_SECONDS - 30 + 1),
        timeout_seconds: 30_000,
        ..escrow(EscrowState::Assigned)
    };
    let held = EscrowAccount {
        checkpoint_epoch: 2,
        receipt_seen: 2,
        receipt_held: 2,
        ..escrow(EscrowState::Assigned)
    };
    let fail = Action::Fail(GiveUp::Failed);
    for escrow in [&late, &held] {
        let at = |phase, now| step(&local(phase), Some(escrow), now);
        assert_eq!(at(Phase::Failed, 0), fail);
        assert_eq!(at(Phase::AwaitingData, 300), Action::Wait);
        assert_eq!(at(Phase::AwaitingData, 950), Action::Fail(GiveUp::NoData));
        assert_eq!(at(Phase::Training, 950), Action::Fail(GiveUp::Deadline));
    }
    let in_time = EscrowAccount {
        assigned_at: late.assigned_at + 1,
        ..late
    };
    let view = View {
        escrow: Some(&in_time),
        transcript: None,
        now: 0,
    };
    let failed = local(Phase::Failed);
    let decline = Action::Decline(GiveUp::Failed);
    assert_eq!(next_step(&failed, &view, &POLICY), decline);
    // The chain did not take it back, again and again.
    let insisted = Policy {
        declines: false,
        ..POLICY
    };
    assert_eq!(next_step(&failed, &view, &insisted), fail);
}

/// Whoever had the data and the time and did not get done has failed, however soon the deadline is.
#[test]
fn a_node_that_is_too_slow_does_not_hand_back() {
    let escrow = escrow(EscrowState::Assigned);
    for phase in [Phase::Training, Phase::Stopped] {
        let at = |now| step(&local(phase), Some(&escrow), now);
        assert_ne!(at(949), Action::Fail(GiveUp::Deadline));
        assert_eq!(at(950), Action::Fail(GiveUp::Deadline));
    }
}

/// A job that pays something is ended so that it does, however it could be ended.
#[test]
fn what_is_held_is_paid_for_rather_than_handed_back() {
    let with_receipt = Local {
        receipt: (5, 2),
        ..local(Phase::Failed)
    };
    let shown = EscrowAccount {
        receipt_seen: 5,
        receipt_held: 2,
        ..escrow(EscrowState::Assigned)
    };
    assert!(shown.can_be_declined(None, 0), "nothing is anchored");
    let fail = Action::Fail(GiveUp::Failed);
    assert_eq!(step(&with_receipt, Some(&shown), 0), fail);
    // A receipt that this node does not know is of no work of its own.
    let decline = Action::Decline(GiveUp::Failed);
    assert_eq!(step(&local(Phase::Failed), Some(&shown), 0), decline);
}

/// Data that come too late to be trained on in time are not waited for.
#[test]
fn data_are_due_before_half_of_the_time_is_over() {
    let due = |timeout_seconds| {
        let escrow = EscrowAccount {
            timeout_seconds,
            assigned_at: 5_000,
            ..escrow(EscrowState::Assigned)
        };
        data_due(&escrow, 2_700) - escrow.assigned_at
    };
    assert_eq!(due(600), 300 - 30);
    assert_eq!(due(1_000), 500 - 50);
    assert_eq!(due(100_000), 2_700);
}

/// Epochs that were seen and are not held pay nothing, and do not keep the job.
#[test]
fn a_receipt_without_anything_held_is_not_shown_for_nothing() {
    let seen = Local {
        receipt: (5, 0),
        ..local(Phase::Failed)
    };
    let assigned = escrow(EscrowState::Assigned);
    let decline = Action::Decline(GiveUp::Failed);
    assert_eq!(step(&seen, Some(&assigned), 0), decline);
}

#[test]
fn a_receipt_that_the_chain_knows_is_not_shown_again() {
    let known = EscrowAccount {
        receipt_seen: 5,
        receipt_held: 2,
        ..escrow(EscrowState::Cancelling)
    };
    let with = |receipt| Local {
        receipt,
        ..local(Phase::Stopped)
    };
    let step = |receipt| step(&with(receipt), Some(&known), 0);
    assert_eq!(step((5, 2)), Action::SettleCancel);
    assert_eq!(step((5, 3)), Action::PresentReceipt);
    assert_eq!(step((6, 1)), Action::PresentReceipt, "more is seen");
    assert_eq!(step((4, 3)), Action::PresentReceipt, "more is held");
    assert_eq!(step((5, 1)), Action::SettleCancel);
    assert_eq!(step((4, 2)), Action::SettleCancel);
}

#[test]
fn a_closed_or_foreign_escrow_ends_the_job() {
    let step = |escrow: Option<&EscrowAccount>| step(&local(Phase::Training), escrow, 0);
    assert_eq!(step(None), Action::NoteSettled);
    let foreign = EscrowAccount {
        node: Some(Address([8; 32])),
        ..escrow(EscrowState::Assigned)
    };
    assert_eq!(step(Some(&foreign)), Action::NoteSettled);
}

#[test]
fn an_anchor_is_sent_once() {
    let local = Local {
        training: true,
        epochs_done: 25,
        ..local(Phase::Training)
    };
    let anchored = |epoch| EscrowAccount {
        checkpoint_epoch: epoch,
        ..escrow(EscrowState::Assigned)
    };
    let step = |epoch| step(&local, Some(&anchored(epoch)), 0);
    assert_eq!(step(10), Action::Anchor(20));
    assert_eq!(step(20), Action::Wait);
}

#[test]
fn waiting_ends_when_the_deadline_needs_it() {
    let escrow = escrow(EscrowState::Assigned);
    assert!(!is_hurried(&escrow, 0, 100.0));
    assert!(!is_hurried(&escrow, 700, 100.0));
    assert!(is_hurried(&escrow, 800, 100.0));
}

/// Data as late as they may come, a challenge that waits for a nonce, and a deadline: what coordinators grant holds
/// all of it, and what they grant without a proof does not.
#[test]
fn jobs_with_a_proof_need_the_time_that_coordinators_grant() {
    let patient = Policy {
        upload_timeout: 2_700,
        ..POLICY
    };
    let fits = |estimated_seconds: u32, timeout_seconds: u32| {
        let escrow = EscrowAccount {
            estimated_seconds,
            timeout_seconds,
            deadline: timeout_seconds.into(),
            ..escrow(EscrowState::Assigned)
        };
        let (left, needed) = time_to_prove(&escrow, &patient);
        left >= needed
    };
    for estimated in [
        1, 30, 150, 151, 600, 808, 1_079, 1_080, 1_081, 5_000, 100_000,
    ] {
        let plain = (4 * estimated).max(600);
        assert!(fits(estimated, plain + 1_200), "{estimated} s");
    }
    for estimated in [1, 150, 400] {
        let plain = (4 * estimated).max(600);
        assert!(!fits(estimated, plain), "{estimated} s");
    }
}
