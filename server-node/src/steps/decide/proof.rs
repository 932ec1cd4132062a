//! What to do next about the proof of a trained job.

use cyxwiz_chain::{
    EscrowAccount, NONCE_TIMEOUT_SLOTS, REVEAL_DELAY_SLOTS, TranscriptAccount, TranscriptStage,
};

use super::{Action, GiveUp, Policy, View, can_hand_back, give_up, give_up_margin};
use crate::{jobs::Local, steps::transcript::demanded};

/// Decides for a job that is trained and assigned. Without the transcript nothing is known, and the deadline
/// alone can decide.
pub(super) fn next(
    local: &Local,
    escrow: &EscrowAccount,
    view: &View<'_>,
    policy: &Policy,
) -> Action {
    let transcript = view.transcript;
    let stage = transcript.map(|transcript| transcript.stage);
    match stage {
        Some(TranscriptStage::Verified) => return Action::Submit,
        Some(TranscriptStage::FullAudit) => {
            return give_up(GiveUp::NoChallenge, local, escrow, view, policy);
        }
        Some(TranscriptStage::Refuted) => return Action::Concede,
        _ => {}
    }
    let is_made = transcript.is_some_and(|transcript| shows(local, transcript));
    if view.now >= escrow.deadline - reserve(escrow, is_made) {
        return Action::Fail(GiveUp::Deadline);
    }
    match (transcript, stage) {
        (Some(_), Some(TranscriptStage::Opened)) => commit(escrow, view, policy),
        (Some(transcript), Some(TranscriptStage::Committed)) => match reveal_helps(transcript) {
            true => Action::Reveal,
            false => Action::Wait,
        },
        (Some(_), _) if is_made => Action::Verify,
        (Some(_), _) if !local.proving => Action::Prove,
        _ => Action::Wait,
    }
}

/// Commits, if there is time for a challenge whose nonces are kept back, and memory for the proof: from then on
/// only the proof ends the job without a failure.
fn commit(escrow: &EscrowAccount, view: &View<'_>, policy: &Policy) -> Action {
    let margin = give_up_margin(escrow);
    let can_leave_at = |now| can_hand_back(escrow, &View { now, ..*view }, policy);
    let can_leave = can_leave_at(view.now);
    if view.now >= escrow.deadline - margin - policy.proof_allowance {
        return match can_leave {
            true => Action::Decline(GiveUp::Deadline),
            // To give up now is no better than to have tried.
            false => Action::Commit,
        };
    }
    match policy.lacks_memory {
        false => Action::Commit,
        true if can_leave && !can_leave_at(view.now + margin) => Action::Decline(GiveUp::NoMemory),
        true => Action::Wait,
    }
}

/// Seconds before the deadline beyond which the job cannot be finished. A proof that is made needs two
/// transactions more.
fn reserve(escrow: &EscrowAccount, is_made: bool) -> i64 {
    match is_made {
        true => give_up_margin(escrow) / 2,
        false => give_up_margin(escrow),
    }
}

/// Whether the proof on the disk is of what the chain asks for now.
fn shows(local: &Local, transcript: &TranscriptAccount) -> bool {
    local.proof.is_some() && local.proof == demanded(transcript)
}

/// Whether a `reveal` without nonces changes anything: it makes the slot's hash known, and later it stands
/// for the nonces that never came. The hash of a slot is listed in the slots after it.
fn reveal_helps(transcript: &TranscriptAccount) -> bool {
    let passed = transcript.slot.saturating_sub(transcript.commit_slot);
    match transcript.target_slot {
        0 => passed > REVEAL_DELAY_SLOTS,
        _ => passed > NONCE_TIMEOUT_SLOTS,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use cyxwiz_chain::{EscrowState, Tier, Verification};
    use cyxwiz_domain::{Address, Digest};
    use cyxwiz_statement::Registered;
    use cyxwiz_test_support::transcript_account;

    use super::*;
    use crate::{
        jobs::{Phase, Shown},
        steps::decide::{
            View, next_step,
            tests::{POLICY, escrow, local},
        },
    };

    fn circuit() -> &'static Registered {
        Registered::by_name("z16x4-ci").expect("registered")
    }

    fn proven(state: EscrowState) -> EscrowAccount {
        EscrowAccount {
            verification: Verification {
                tier: Tier::ZkExact,
                samples: 1,
                circuit: Digest(circuit().id),
                runtime_class: Digest::default(),
            },
            ..escrow(state)
        }
    }

    /// A transcript that was committed in slot 100 and read in `slot`.
    fn transcript(stage: TranscriptStage, slot: u64) -> TranscriptAccount {
        let escrow = proven(EscrowState::Assigned);
        let word = |byte| Digest([0, byte].repeat(16).try_into().expect("32 bytes"));
        TranscriptAccount {
            node: escrow.node,
            trained: word(1),
            root: word(2),
            dataset: word(3),
            initial: word(4),
            context: word(5),
            leaves_hash: word(6),
            user_nonce_hash: word(7),
            coordinator_nonce_hash: word(8),
            commit_slot: 100,
            challenge_seed: word(9),
            ends_at: 1_000,
            rate: 6,
            epochs: 4,
            slot,
            ..transcript_account(&escrow, stage)
        }
    }

    fn step(local: &Local, transcript: Option<&TranscriptAccount>, now: i64) -> Action {
        let escrow = proven(EscrowState::Assigned);
        let view = View {
            escrow: Some(&escrow),
            transcript,
            now,
        };
        next_step(local, &view, &POLICY)
    }

    /// One row: what is held, the transcript's stage, the slot, the time, what to do. The deadline is
    /// 1,000, the margin before it 50.
    #[test]
    fn the_table() {
        use Action::{Commit, Concede, Decline, Fail, Prove, Reveal, Submit, Verify, Wait};
        use TranscriptStage::{Committed, FullAudit, Opened, Refuted, Revealed, Verified};
        let trained = local(Phase::Proving);
        let busy = Local {
            proving: true,
            ..trained.clone()
        };
        let made = Local {
            proof: demanded(&transcript(Revealed, 0)),
            ..trained.clone()
        };
        assert!(made.proof.is_some());
        let stale = Local {
            proof: made.proof.map(|shown| Shown {
                public_input: Digest([1; 32]),
                ..shown
            }),
            ..trained.clone()
        };
        let failed = local(Phase::Failed);
        let submitted = local(Phase::Submitted);
        let late = Fail(GiveUp::Deadline);
        let table = [
            (&trained, Opened, 0, 0, Commit),
            (&trained, Opened, 0, 949, Commit),
            (&trained, Opened, 0, 950, late),
            (&trained, Committed, 100, 0, Wait),
            (&trained, Committed, 132, 0, Wait),
            (&trained, Committed, 133, 0, Reveal),
            (&trained, Committed, 133, 950, late),
            (&trained, Revealed, 200, 0, Prove),
            (&busy, Revealed, 200, 0, Wait),
            (&stale, Revealed, 200, 0, Prove),
            (&busy, Revealed, 200, 950, late),
            (&made, Revealed, 200, 0, Verify),
            (&made, Revealed, 200, 974, Verify),
            (&made, Revealed, 200, 975, late),
            (&made, Verified, 200, 0, Submit),
            (&trained, Verified, 200, 999, Submit),
            (&submitted, Verified, 200, 0, Submit),
            (&submitted, Opened, 200, 0, Commit),
            (&trained, FullAudit, 700, 0, Decline(GiveUp::NoChallenge)),
            (&trained, Refuted, 200, 0, Concede),
            (&failed, Opened, 0, 0, Decline(GiveUp::Failed)),
            (&failed, Committed, 133, 0, Fail(GiveUp::Failed)),
            (&failed, Revealed, 200, 0, Fail(GiveUp::Failed)),
            (&failed, FullAudit, 700, 0, Decline(GiveUp::Failed)),
            (&failed, Refuted, 200, 0, Wait),
        ];
        for (local, stage, slot, now, expected) in table {
            let action = step(local, Some(&transcript(stage, slot)), now);
            assert_eq!(action, expected, "{local:?}, {stage:?} in {slot} at {now}");
        }
        assert_eq!(step(&trained, None, 0), Wait);
        assert_eq!(step(&trained, None, 950), late);
    }

    #[test]
    fn missing_nonces_are_waited_for_once_the_slot_is_known() {
        let known = |slot| TranscriptAccount {
            target_slot: 132,
            ..transcript(TranscriptStage::Committed, slot)
        };
        let trained = local(Phase::Proving);
        assert_eq!(step(&trained, Some(&known(133)), 0), Action::Wait);
        assert_eq!(step(&trained, Some(&known(550)), 0), Action::Wait);
        assert_eq!(step(&trained, Some(&known(551)), 0), Action::Reveal);
    }

    /// As [`step`], of a job that has so many seconds.
    fn step_of(
        seconds: u32,
        local: &Local,
        transcript: &TranscriptAccount,
        now: i64,
        policy: &Policy,
    ) -> Action {
        let escrow = EscrowAccount {
            timeout_seconds: seconds,
            deadline: seconds.into(),
            ..proven(EscrowState::Assigned)
        };
        let view = View {
            escrow: Some(&escrow),
            transcript: Some(transcript),
            now,
        };
        next_step(local, &view, policy)
    }

    /// A user gains nothing by keeping its nonce back from a node that has committed as late as it should.
    #[test]
    fn a_nonce_that_is_kept_back_leaves_time_for_proof_and_completion() {
        const SECONDS: u32 = 1_800;
        const TRANSACTION: i64 = 5;
        const PROVING: i64 = 30;
        let mut local = local(Phase::Proving);
        let opened = transcript(TranscriptStage::Opened, 0);
        let latest = i64::from(SECONDS) - 60 - POLICY.proof_allowance - 1;
        let step = step_of(SECONDS, &local, &opened, latest, &POLICY);
        assert_eq!(step, Action::Commit);
        let landed = latest + TRANSACTION;
        let mut now = landed;
        let mut account = transcript(TranscriptStage::Committed, 0);
        loop {
            // Slots of half a second.
            account.slot = account.commit_slot + 2 * (now - landed).unsigned_abs();
            match step_of(SECONDS, &local, &account, now, &POLICY) {
                Action::Wait => now += 1,
                Action::Reveal if account.target_slot == 0 => {
                    now += TRANSACTION;
                    account.target_slot = account.commit_slot + REVEAL_DELAY_SLOTS;
                }
                Action::Reveal => {
                    now += TRANSACTION;
                    account = transcript(TranscriptStage::Revealed, account.slot);
                }
                Action::Prove => {
                    now += PROVING;
                    local.proof = demanded(&account);
                }
                Action::Verify => {
                    now += TRANSACTION;
                    account = transcript(TranscriptStage::Verified, account.slot);
                }
                Action::Submit => break,
                other => panic!("{other:?} at {now}"),
            }
        }
        assert!(now - landed > 225, "the nonce was waited for");
        assert!(now + TRANSACTION < SECONDS.into(), "submitted at {now}");
    }

    /// Where a challenge might take longer than there is time, nothing is committed to that can be handed back.
    #[test]
    fn too_late_for_a_challenge_the_job_is_handed_back_while_it_may_be() {
        let (trained, opened) = (
            local(Phase::Proving),
            transcript(TranscriptStage::Opened, 0),
        );
        let decline = Action::Decline(GiveUp::Deadline);
        // Until 300 it may be handed back, with 15 for the transaction; then trying is no worse than giving up.
        let table = [
            (269, Action::Commit),
            (270, decline),
            (285, decline),
            (286, Action::Commit),
            (570, Action::Fail(GiveUp::Deadline)),
        ];
        for (now, expected) in table {
            let step = step_of(600, &trained, &opened, now, &POLICY);
            assert_eq!(step, expected, "at {now}");
        }
    }

    /// Without memory there is no proof, and after the commitment no way out: it is waited for before.
    #[test]
    fn memory_is_waited_for_as_long_as_the_job_can_be_handed_back() {
        let (trained, opened) = (
            local(Phase::Proving),
            transcript(TranscriptStage::Opened, 0),
        );
        let busy = Policy {
            lacks_memory: true,
            ..POLICY
        };
        // Until 900 it may be handed back, with 30 for the transaction; 60 before that it is.
        let decline = Action::Decline(GiveUp::NoMemory);
        let table = [
            (0, Action::Wait),
            (810, Action::Wait),
            (811, decline),
            (870, decline),
            (871, Action::Wait),
            (1_439, Action::Wait),
            (1_440, Action::Commit),
        ];
        for (now, expected) in table {
            let step = step_of(1_800, &trained, &opened, now, &busy);
            assert_eq!(step, expected, "at {now}");
            let free = step_of(1_800, &trained, &opened, now, &POLICY);
            assert_eq!(free, Action::Commit, "at {now}");
        }
        // What is committed to is proven as soon as it can be.
        let revealed = transcript(TranscriptStage::Revealed, 200);
        let step = step_of(1_800, &trained, &revealed, 0, &busy);
        assert_eq!(step, Action::Prove);
    }

    /// What is not proven is not paid, whatever the user holds: no receipt is shown for it.
    #[test]
    fn receipts_count_only_for_a_cancel_or_a_dispute() {
        let with_receipt = |phase| Local {
            receipt: (5, 2),
            ..local(phase)
        };
        let step = |phase, state, now| {
            let escrow = proven(state);
            let view = View {
                escrow: Some(&escrow),
                transcript: None,
                now,
            };
            next_step(&with_receipt(phase), &view, &POLICY)
        };
        use EscrowState::{Assigned, Cancelling, Disputed};
        let failed = Action::Fail(GiveUp::Failed);
        assert_eq!(step(Phase::Failed, Assigned, 0), failed);
        let late = Action::Fail(GiveUp::Deadline);
        assert_eq!(step(Phase::Training, Assigned, 950), late);
        assert_eq!(step(Phase::Proving, Assigned, 1_001), Action::Wait);
        let present = Action::PresentReceipt;
        assert_eq!(step(Phase::Proving, Cancelling, 0), present);
        assert_eq!(step(Phase::Submitted, Disputed, 0), present);
    }

    /// Nobody drew the challenge: that is not this node's doing, however long ago it was assigned.
    #[test]
    fn a_lost_challenge_is_handed_back_at_any_time() {
        let lost = transcript(TranscriptStage::FullAudit, 700);
        let assigned = EscrowAccount {
            assigned_at: -100_000,
            receipt_seen: 4,
            receipt_held: 4,
            ..proven(EscrowState::Assigned)
        };
        let view = |now| View {
            escrow: Some(&assigned),
            transcript: Some(&lost),
            now,
        };
        let decline = Action::Decline(GiveUp::NoChallenge);
        for now in [0, 999, 1_001] {
            let step = next_step(&local(Phase::Proving), &view(now), &POLICY);
            assert_eq!(step, decline, "at {now}");
        }
    }

    /// Another transcript's account asks for another proof.
    #[test]
    fn a_proof_of_something_else_is_not_sent() {
        let revealed = transcript(TranscriptStage::Revealed, 200);
        let made = Local {
            proof: demanded(&revealed),
            ..local(Phase::Proving)
        };
        assert_eq!(step(&made, Some(&revealed), 0), Action::Verify);
        let drawn_anew = TranscriptAccount {
            challenge_seed: Digest([3; 32]),
            ..revealed.clone()
        };
        assert_eq!(step(&made, Some(&drawn_anew), 0), Action::Prove);
        let another_node = TranscriptAccount {
            context: Digest([0; 32]),
            node: Some(Address([8; 32])),
            ..revealed
        };
        assert_eq!(step(&made, Some(&another_node), 0), Action::Prove);
    }
}
