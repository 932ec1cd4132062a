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
        "{:?} {:?} {stage:?} anchored {} held {} deadline {} now {now}",
        escrow.state,
        escrow.verification.tier,
        escrow.checkpoint_epoch,
        escrow.receipt_held,
        escrow.deadline
    );
    (program, ours, case)
}

#[test]
fn a_job_can_be_handed_back_when_the_program_says_so() {
    const ASSIGNED_AT: i64 = 1_000;
    const WINDOW_END: i64 = ASSIGNED_AT + DECLINE_WINDOW_SECONDS;
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
                for deadline in [WINDOW_END - 100, WINDOW_END + 100] {
                    let mut escrow = Escrow {
                        state,
                        assigned_at: ASSIGNED_AT,
                        deadline,
                        checkpoint_epoch: anchored,
                        receipt_held: held,
                        ..Escrow::EMPTY
                    };
                    escrow.verification.tier = tier;
                    for stage in STAGES {
                        for now in [
                            ASSIGNED_AT,
                            deadline,
                            deadline + 1,
                            WINDOW_END,
                            WINDOW_END + 1,
                        ] {
                            let (program, ours, case) = both(&escrow, stage, now);
                            assert_eq!(program, ours, "{case}");
                            allowed += u32::from(ours);
                        }
                    }
                }
            }
        }
    }
    assert!(allowed > 0, "the table must have cases of both kinds");
}
