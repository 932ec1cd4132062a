//! What the coordinator does about a transcript. Pure: from what was read, and nothing else, so that any replica
//! and any restart decides the same.

use cyxwiz_chain::{Draw, TranscriptAccount, TranscriptStage};

use crate::db::chain_writes::Kind;

/// A transcript, and what the database knows of its job.
pub struct Seen<'a> {
    /// As read; its slot is the time.
    pub transcript: &'a TranscriptAccount,
    /// Whether it was opened with the hash of our nonce.
    pub holds_ours: bool,
    /// Whether the chain has assigned the job, and no more.
    pub running: bool,
    /// Whether the job is settled, and the parties had their time to close the transcript.
    pub due: bool,
}

/// The next step, if it is ours to take.
pub fn next(seen: &Seen<'_>) -> Option<Kind> {
    if seen.due {
        return Some(Kind::CloseTranscript);
    }
    if !seen.running {
        return None;
    }
    match seen.transcript.stage {
        TranscriptStage::Committed => draw(seen),
        TranscriptStage::Refuted => Some(Kind::SettleRefuted),
        TranscriptStage::Opened
        | TranscriptStage::Revealed
        | TranscriptStage::Verified
        | TranscriptStage::FullAudit => None,
    }
}

fn draw(seen: &Seen<'_>) -> Option<Kind> {
    let owes_nonce = seen.holds_ours && seen.transcript.coordinator_nonce.is_none();
    Some(match seen.transcript.next_draw(owes_nonce)? {
        Draw::PinSlotHash => Kind::PinSlotHash,
        Draw::ShowNonce => Kind::ShowNonce,
        Draw::GoOn => Kind::DrawChallenge,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    const COMMITTED_AT: u64 = 1_000;

    /// Of a transcript that was committed that many slots ago.
    fn committed(passed: u64, pinned: bool, shown: bool) -> TranscriptAccount {
        TranscriptAccount {
            commit_slot: COMMITTED_AT,
            slot: COMMITTED_AT + passed,
            target_slot: if pinned { COMMITTED_AT + 32 } else { 0 },
            coordinator_nonce: shown.then_some([1; 32]),
            ..fixture::transcript(TranscriptStage::Committed)
        }
    }

    fn step(transcript: &TranscriptAccount, holds_ours: bool) -> Option<Kind> {
        next(&Seen {
            transcript,
            holds_ours,
            running: true,
            due: false,
        })
    }

    #[test]
    fn the_nonce_comes_after_the_slot_hash_and_never_with_it() {
        let cases = [
            (0, false, false, None),
            (32, false, false, None),
            (33, false, false, Some(Kind::PinSlotHash)),
            // Late, and the list of slot hashes still holds it: pinned first all the same.
            (500, false, false, Some(Kind::PinSlotHash)),
            // Somebody else has pinned it.
            (33, true, false, Some(Kind::ShowNonce)),
            (33, true, true, None),
            (450, true, true, None),
            (451, true, true, Some(Kind::DrawChallenge)),
            (451, true, false, Some(Kind::ShowNonce)),
        ];
        for (passed, pinned, shown, expected) in cases {
            let transcript = committed(passed, pinned, shown);
            assert_eq!(
                step(&transcript, true),
                expected,
                "{passed} {pinned} {shown}"
            );
        }
    }

    #[test]
    fn a_nonce_that_the_transcript_does_not_hold_is_not_shown() {
        assert_eq!(step(&committed(100, true, false), false), None);
        let late = step(&committed(451, true, false), false);
        assert_eq!(late, Some(Kind::DrawChallenge));
    }

    #[test]
    fn what_else_is_to_be_done_depends_on_stage_and_job() {
        use TranscriptStage::{Committed, FullAudit, Opened, Refuted, Revealed, Verified};
        for stage in [Opened, Committed, Revealed, Verified, FullAudit, Refuted] {
            let transcript = TranscriptAccount {
                slot: COMMITTED_AT + 33,
                commit_slot: COMMITTED_AT,
                ..fixture::transcript(stage)
            };
            let step = |running, due| {
                next(&Seen {
                    transcript: &transcript,
                    holds_ours: true,
                    running,
                    due,
                })
            };
            let expected = match stage {
                Committed => Some(Kind::PinSlotHash),
                Refuted => Some(Kind::SettleRefuted),
                _ => None,
            };
            assert_eq!(step(true, false), expected, "{stage:?}");
            // Submitted, cancelling, disputed, or settled just now.
            assert_eq!(step(false, false), None, "{stage:?}");
            assert_eq!(step(false, true), Some(Kind::CloseTranscript), "{stage:?}");
        }
    }
}
