use job_escrow::{Escrow, State, transcript::Stage};

use super::*;

const STAGES: [Option<(TranscriptStage, Stage)>; 7] = [
    None,
    Some((TranscriptStage::Opened, Stage(0))),
    Some((TranscriptStage::Committed, Stage(1))),
    Some((TranscriptStage::Revealed, Stage(2))),
    Some((TranscriptStage::Verified, Stage(3))),
    Some((TranscriptStage::FullAudit, Stage(4))),
    Some((TranscriptStage::Refuted, Stage(5))),
];

/// What an escrow of this program says, and what its view here says, where the job's transcript stands at `stage`.
fn both(
    escrow: &Escrow,
    stage: Option<(TranscriptStage, Stage)>,
    now: i64,
) -> (bool, bool, String) {
    let view = EscrowAccount::new(Address([7; 32]), escrow, 1);
    let proven = escrow.verification.tier.is_proven();
    // the program looks for a transcript where there is a tier, and nowhere else
    let found = stage.map(|(_, stage)| stage).filter(|_| proven);
    let program = found.is_some() == proven && escrow.require_declinable(found, now).is_ok();
    let ours = view.can_be_declined(stage.map(|(stage, _)| stage), now);
    let case = format!(
        "{:?} {:?} {stage:?} anchored {} held {} timeout {} deadline {} now {now}",
        escrow.state,
        escrow.verification.tier,
        escrow.checkpoint_epoch,
        escrow.receipt_held,
        escrow.timeout_seconds,
        escrow.deadline
    );
    (program, ours, case)
}

#[test]
fn a_job_can_be_handed_back_when_the_program_says_so() {
    const ASSIGNED_AT: i64 = 1_000;
    // Half of the time below, at and above the window, with the windows' lengths.
    const TIMES: [(u32, i64); 4] = [
        (601, 300),
        (7_199, 3_599),
        (7_200, DECLINE_WINDOW_SECONDS),
        (86_400, DECLINE_WINDOW_SECONDS),
    ];
    let mut allowed = 0;
    for state in [
        State::Open,
        State::Assigned,
        State::Submitted,
        State::Cancelling,
        State::Refunded,
    ] {
        for tier in [
            job_escrow::Tier::None,
            job_escrow::Tier::ZkExact,
            job_escrow::Tier::Audited,
        ] {
            for (anchored, held) in [(0, 0), (0, 3), (3, 0), (3, 3)] {
                for ((timeout, window), extended) in TIMES
                    .into_iter()
                    .flat_map(|time| [(time, 0), (time, 9_000)])
                {
                    let deadline = ASSIGNED_AT + i64::from(timeout) + extended;
                    let window_end = ASSIGNED_AT + window;
                    let mut escrow = Escrow {
                        state,
                        assigned_at: ASSIGNED_AT,
                        timeout_seconds: timeout,
                        deadline,
                        checkpoint_epoch: anchored,
                        receipt_held: held,
                        ..Escrow::EMPTY
                    };
                    escrow.verification.tier = tier;
                    for stage in STAGES {
                        for now in [
                            ASSIGNED_AT,
                            window_end,
                            window_end + 1,
                            deadline,
                            deadline + 1,
                        ] {
                            let (program, ours, case) = both(&escrow, stage, now);
                            assert_eq!(program, ours, "{case}");
                            let lost = stage.is_some_and(|(_, stage)| stage == Stage::FULL_AUDIT);
                            let in_time = now <= window_end || lost;
                            assert!(in_time || !ours, "too late: {case}");
                            allowed += u32::from(ours);
                        }
                    }
                }
            }
        }
    }
    assert!(allowed > 0, "the table must have cases of both kinds");
}
