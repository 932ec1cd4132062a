//! What to do next about a job: a pure function of what the node holds, what the
//! chain says, and the chain's clock.

use cyxwiz_chain::{EscrowAccount, EscrowState};
use cyxwiz_domain::Address;

use crate::jobs::{Local, Phase, adds_to};

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing now; look again later.
    Wait,
    /// Start a trainer.
    Train,
    /// Kill the trainer: what it does is worth nothing any more.
    StopTraining,
    /// The user's stop was not followed by a cancellation: go on as before it.
    GoOn,
    /// Anchor the checkpoint of this epoch.
    Anchor(u32),
    /// Show a receipt that says more than the chain knows.
    PresentReceipt,
    /// Put the completion on the chain.
    Submit,
    /// Note that the completion is on the chain.
    NoteSubmitted,
    /// Split the cancelled job.
    SettleCancel,
    /// Give the job up, for this reason.
    Fail(GiveUp),
    /// Take the payment that nobody has accepted in time.
    Release,
    /// Note that the money has moved.
    NoteSettled,
}

/// Why a job is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    /// The training cannot go on.
    Failed,
    /// The deadline is so near that only giving up avoids the slash.
    Deadline,
}

/// What the operator decided.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// This node's owner.
    pub node: Address,
    /// Epochs between anchors.
    pub anchor_every: u32,
    /// Seconds that a stop holds without a cancellation.
    pub stop_grace: i64,
}

/// Decides. `escrow` is `None` when the account is gone, which happens only after
/// settlement. `now` is the chain's clock, Unix seconds.
pub fn next_step(
    local: &Local,
    escrow: Option<&EscrowAccount>,
    now: i64,
    policy: &Policy,
) -> Action {
    if local.phase == Phase::Settled {
        return Action::Wait;
    }
    let escrow = match escrow {
        Some(escrow) if !escrow.state.is_settled() && escrow.node == Some(policy.node) => escrow,
        _ if local.training => return Action::StopTraining,
        _ => return Action::NoteSettled,
    };
    match escrow.state {
        EscrowState::Cancelling if local.training => Action::StopTraining,
        EscrowState::Cancelling if has_higher_receipt(local, escrow) => Action::PresentReceipt,
        EscrowState::Cancelling => Action::SettleCancel,
        EscrowState::Submitted if local.phase != Phase::Submitted => Action::NoteSubmitted,
        EscrowState::Submitted if now >= escrow.release_at => Action::Release,
        EscrowState::Submitted => Action::Wait,
        // Undecided, it is split by what the receipts show as held.
        EscrowState::Disputed if has_higher_receipt(local, escrow) => Action::PresentReceipt,
        EscrowState::Disputed => Action::Wait,
        EscrowState::Assigned if now > escrow.deadline => overdue(local, escrow),
        EscrowState::Assigned => assigned(local, escrow, now, policy),
        // Not possible for an escrow that names a node.
        _ => Action::Wait,
    }
}

fn assigned(local: &Local, escrow: &EscrowAccount, now: i64, policy: &Policy) -> Action {
    match local.phase {
        // On the chain the completion is not: it never landed.
        Phase::Trained | Phase::Submitted => return Action::Submit,
        Phase::Failed if local.training => return Action::StopTraining,
        Phase::Failed if has_higher_receipt(local, escrow) => return Action::PresentReceipt,
        Phase::Failed => return Action::Fail(GiveUp::Failed),
        _ => {}
    }
    if now >= escrow.deadline - give_up_margin(escrow) {
        return if local.training {
            Action::StopTraining
        } else if has_higher_receipt(local, escrow) {
            Action::PresentReceipt
        } else {
            Action::Fail(GiveUp::Deadline)
        };
    }
    let anchored = local.epochs_done - local.epochs_done % policy.anchor_every.max(1);
    match local.phase {
        Phase::Stopped
            if local
                .stopped_at
                .is_none_or(|at| now >= at + policy.stop_grace) =>
        {
            Action::GoOn
        }
        Phase::Training if !local.training => Action::Train,
        Phase::Training if anchored > escrow.checkpoint_epoch => Action::Anchor(anchored),
        _ => Action::Wait,
    }
}

/// The deadline has passed: anyone may end the job, and the user pays for what a
/// receipt shows as held.
fn overdue(local: &Local, escrow: &EscrowAccount) -> Action {
    if local.training {
        Action::StopTraining
    } else if has_higher_receipt(local, escrow) {
        Action::PresentReceipt
    } else {
        Action::Wait
    }
}

/// Seconds before the deadline at which an unfinished job is given up: a failure
/// on record costs less than a slash.
pub fn give_up_margin(escrow: &EscrowAccount) -> i64 {
    i64::from(escrow.timeout_seconds / 20).clamp(5, 60)
}

/// Whether training must no longer wait for anyone if it is to end in time, given
/// the seconds it still needs.
pub fn is_hurried(escrow: &EscrowAccount, now: i64, seconds_needed: f64) -> bool {
    let left = escrow.deadline - give_up_margin(escrow) - now;
    (left as f64) < seconds_needed * 1.5 + 10.0
}

fn has_higher_receipt(local: &Local, escrow: &EscrowAccount) -> bool {
    adds_to(local.receipt, (escrow.receipt_seen, escrow.receipt_held))
}

#[cfg(test)]
pub(crate) mod tests {
    use cyxwiz_domain::{Amount, Digest, JobId};

    use super::*;

    pub(crate) const NODE: Address = Address([7; 32]);
    const POLICY: Policy = Policy {
        node: NODE,
        anchor_every: 10,
        stop_grace: 120,
    };

    pub(crate) fn escrow(state: EscrowState) -> EscrowAccount {
        EscrowAccount {
            address: Address([1; 32]),
            user: Address([2; 32]),
            node: Some(NODE),
            job_id: JobId(uuid::Uuid::nil()),
            mint: Address([3; 32]),
            rent_payer: Address([2; 32]),
            state,
            amount: Amount::tokens(100),
            paid_node: Amount::ZERO,
            paid_user: Amount::ZERO,
            paid_platform: Amount::ZERO,
            spec_hash: Digest([4; 32]),
            dataset_root: Digest([5; 32]),
            required_epochs: 20,
            estimated_seconds: 100,
            timeout_seconds: 1_000,
            created_at: 0,
            assigned_at: 0,
            deadline: 1_000,
            submitted_at: 0,
            release_at: 2_000,
            cancel_at: 0,
            dispute_ends_at: 0,
            settled_at: 0,
            checkpoint_epoch: 0,
            checkpoint_root: Digest::default(),
            receipt_seen: 0,
            receipt_held: 0,
            receipt_hash: Digest::default(),
            epochs_done: 0,
            training_seconds: 0,
            final_root: Digest::default(),
            weights_hash: Digest::default(),
            fee_bps: 1_000,
            bond: Amount::ZERO,
            seq: 1,
            slot: 1,
        }
    }

    fn local(phase: Phase) -> Local {
        Local {
            phase,
            epochs_done: 0,
            receipt: (0, 0),
            stopped_at: None,
            training: false,
        }
    }

    /// One row: what is held, what the chain says, the time, what to do.
    #[test]
    fn the_table() {
        use Action::{
            Anchor, Fail, GoOn, NoteSettled, NoteSubmitted, PresentReceipt, Release, SettleCancel,
            StopTraining, Submit, Train, Wait,
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
            (local(Phase::AwaitingData), Assigned, 0, Wait),
            (
                local(Phase::AwaitingData),
                Assigned,
                950,
                Fail(GiveUp::Deadline),
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
            (local(Phase::Failed), Assigned, 0, Fail(GiveUp::Failed)),
            (receipt(Phase::Failed), Assigned, 0, PresentReceipt),
            (busy(Phase::Failed, 0), Assigned, 0, StopTraining),
            (stopped(100), Assigned, 219, Wait),
            (stopped(100), Assigned, 220, GoOn),
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
            let action = next_step(&local, Some(&escrow(state)), now, &POLICY);
            assert_eq!(action, expected, "{local:?}, {state:?} at {now}");
        }
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
        let step = |receipt| next_step(&with(receipt), Some(&known), 0, &POLICY);
        assert_eq!(step((5, 2)), Action::SettleCancel);
        assert_eq!(step((5, 3)), Action::PresentReceipt);
        assert_eq!(step((6, 1)), Action::PresentReceipt, "more is seen");
        assert_eq!(step((4, 3)), Action::PresentReceipt, "more is held");
        assert_eq!(step((5, 1)), Action::SettleCancel);
        assert_eq!(step((4, 2)), Action::SettleCancel);
    }

    #[test]
    fn a_closed_or_foreign_escrow_ends_the_job() {
        let step =
            |escrow: Option<&EscrowAccount>| next_step(&local(Phase::Training), escrow, 0, &POLICY);
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
        let step = |epoch| next_step(&local, Some(&anchored(epoch)), 0, &POLICY);
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
}
