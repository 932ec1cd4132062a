use super::*;

fn submitted(amount: u64) -> Escrow {
    Escrow {
        state: State::Submitted,
        amount,
        required_epochs: 20,
        estimated_seconds: 600,
        timeout_seconds: 3_600,
        assigned_at: 100,
        deadline: 3_700,
        submitted_at: 1_000,
        release_at: 2_000,
        fee_bps: 1_000,
        acceptance_seconds: 1_000,
        ..Escrow::EMPTY
    }
}

#[test]
fn the_bond_lies_beside_the_jobs_money() {
    let mut escrow = submitted(1_000);
    escrow.open_dispute(50, 86_400, 1_999).unwrap();
    assert_eq!((escrow.state, escrow.bond), (State::Disputed, 50));
    assert_eq!(escrow.dispute_ends_at, 1_999 + 86_400);
    assert_eq!(
        (escrow.unpaid().unwrap(), escrow.held().unwrap()),
        (1_000, 1_050)
    );
    escrow.invariant(1_050).unwrap();
    assert!(escrow.invariant(1_049).is_err());

    let split = Split::paid(1_000, 1_000).unwrap();
    let bond = escrow.settle(State::Resolved, split, 5_000).unwrap();
    assert_eq!((bond, escrow.bond, escrow.held().unwrap()), (50, 0, 0));
    escrow.invariant(0).unwrap();
}

#[test]
fn a_split_that_spends_the_bond_is_refused() {
    let mut escrow = submitted(1_000);
    escrow.open_dispute(50, 86_400, 1_000).unwrap();
    let split = Split {
        user: 1_050,
        ..Split::default()
    };
    assert!(escrow.settle(State::Resolved, split, 5_000).is_err());
    assert_eq!(escrow.state, State::Disputed);
}

#[test]
fn amount_and_bond_together_must_be_countable() {
    let mut escrow = submitted(u64::MAX - 1);
    escrow.open_dispute(1, 86_400, 1_000).unwrap();
    assert_eq!(escrow.held().unwrap(), u64::MAX);
    escrow.bond = 2;
    assert!(escrow.held().is_err() && escrow.invariant(u64::MAX).is_err());
}

#[test]
fn a_moment_is_for_disputing_or_for_releasing() {
    assert!(submitted(1).open_dispute(1, 86_400, 1_999).is_ok());
    assert!(submitted(1).open_dispute(1, 86_400, 2_000).is_err());
    assert!(submitted(1).open_dispute(1, i64::MAX, 1_999).is_err());
}

#[test]
fn a_deadline_moves_within_the_longest_timeout() {
    let mut escrow = submitted(1);
    escrow.state = State::Assigned;
    assert!(escrow.extend_deadline(0, 7_200, 200).is_err());
    assert!(escrow.extend_deadline(3_601, 7_200, 200).is_err());
    escrow.extend_deadline(3_600, 7_200, 200).unwrap();
    assert_eq!(escrow.deadline, 7_300);
    assert!(escrow.extend_deadline(1, 7_200, 7_301).is_err());
    assert!(escrow.extend_deadline(u32::MAX, u32::MAX, 200).is_err());
}

fn assigned() -> Escrow {
    Escrow {
        state: State::Assigned,
        submitted_at: 0,
        release_at: 0,
        deadline: 100 + 7_200,
        ..submitted(1_000)
    }
}

fn refusal(escrow: &Escrow, stage: Option<Stage>, now: i64) -> Option<Error> {
    escrow.require_declinable(stage, now).err()
}

#[test]
fn a_job_is_handed_back_within_an_hour_and_half_of_its_time() {
    let mut escrow = assigned();
    let (assigned_at, deadline) = (escrow.assigned_at, escrow.deadline);
    for (timeout, window) in [
        (60, 30),
        (61, 30),
        (7_199, 3_599),
        (7_200, 3_600),
        (7_202, 3_600),
        (u32::MAX, 3_600),
    ] {
        escrow.timeout_seconds = timeout;
        // More time for the job is no more time for this.
        for extra in [0, 86_400] {
            escrow.deadline = deadline + extra;
            for stage in [None, Some(Stage::OPENED)] {
                assert_eq!(refusal(&escrow, stage, assigned_at + window), None);
                let late = refusal(&escrow, stage, assigned_at + window + 1);
                assert_eq!(late, Some(EscrowError::DeclineTooLate.into()));
            }
        }
    }
    escrow.assigned_at = i64::MAX;
    let beyond = refusal(&escrow, None, 1_000);
    assert_eq!(beyond, Some(EscrowError::MathOverflow.into()));
}

#[test]
fn work_is_held_where_both_parties_say_so() {
    let mut escrow = assigned();
    escrow.receipt_held = 1;
    assert_eq!(refusal(&escrow, None, 200), None);
    escrow.checkpoint_epoch = 1;
    let held = refusal(&escrow, Some(Stage::OPENED), 200);
    assert_eq!(held, Some(EscrowError::WorkHeld.into()));
    escrow.receipt_held = 0;
    assert_eq!(refusal(&escrow, None, 200), None);
}

#[test]
fn a_node_that_has_committed_finishes_unless_no_proof_is_possible() {
    let mut escrow = assigned();
    for stage in [
        Stage(1),
        Stage(2),
        Stage::VERIFIED,
        Stage::REFUTED,
        Stage(6),
    ] {
        let committed = refusal(&escrow, Some(stage), 200);
        assert_eq!(committed, Some(EscrowError::TranscriptStage.into()));
    }
    (escrow.checkpoint_epoch, escrow.receipt_held) = (20, 20);
    assert_eq!(refusal(&escrow, Some(Stage::FULL_AUDIT), i64::MAX), None);
    escrow.state = State::Cancelling;
    let stopped = refusal(&escrow, Some(Stage::FULL_AUDIT), 200);
    assert_eq!(stopped, Some(EscrowError::WrongState.into()));
}
