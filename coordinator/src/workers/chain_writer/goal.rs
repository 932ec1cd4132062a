//! What the escrow, or the transcript, says about a chain write. Pure.

use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptAccount, TranscriptStage};
use cyxwiz_domain::JobState;

use crate::db::chain_writes::{ChainWrite, Kind};

/// Whether a chain write still has to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes, on this account.
    Open(Subject),
    /// No: what it was to bring about is so, whoever did it.
    Reached(Option<Box<EscrowAccount>>),
    /// It cannot be any more.
    Lost(String),
    /// The account reads empty, which one lagging RPC node is enough for: the
    /// indexer finds out whether the escrow is gone.
    Unclear,
}

/// What a chain write changes.
#[derive(Debug, PartialEq, Eq)]
pub enum Subject {
    /// The job's escrow.
    Escrow(Box<EscrowAccount>),
    /// The job's transcript.
    Transcript(Box<TranscriptAccount>),
}

/// Compares what `write` wants with the escrow as it is, and with the job where
/// there is none.
pub fn standing(write: &ChainWrite, job: JobState, escrow: Option<EscrowAccount>) -> Standing {
    let Some(escrow) = escrow.map(Box::new) else {
        return match write.kind {
            _ if !job.is_settled() => Standing::Unclear,
            Kind::AssignNode => Standing::Lost("the escrow is gone".into()),
            // Only a settled escrow can be closed.
            _ => Standing::Reached(None),
        };
    };
    let from = match write.kind {
        Kind::AssignNode | Kind::ExpireUnassigned => EscrowState::Open,
        Kind::Release => EscrowState::Submitted,
        Kind::SettleCancel => EscrowState::Cancelling,
        Kind::ExpireDispute => EscrowState::Disputed,
        // And those of the transcript, which do not come here.
        _ => EscrowState::Assigned,
    };
    if escrow.state == from {
        return Standing::Open(Subject::Escrow(escrow));
    }
    let reached = match write.kind {
        Kind::AssignNode => escrow.node.is_some() && escrow.node == write.node,
        _ => escrow.state.is_settled(),
    };
    match reached {
        true => Standing::Reached(Some(escrow)),
        false => Standing::Lost(format!("the escrow is {} now", escrow.state.job_state())),
    }
}

/// The same for a write that changes the job's transcript.
pub fn standing_of_transcript(
    kind: Kind,
    job: JobState,
    transcript: Option<TranscriptAccount>,
) -> Standing {
    let Some(transcript) = transcript.map(Box::new) else {
        return match kind {
            _ if !job.is_settled() => Standing::Unclear,
            Kind::CloseTranscript => Standing::Reached(None),
            _ => Standing::Lost("the transcript is gone".into()),
        };
    };
    let reached = match (kind, transcript.stage) {
        (Kind::CloseTranscript, _) => false,
        (_, TranscriptStage::Opened) => {
            return Standing::Lost("the node has not committed to a transcript".into());
        }
        (Kind::PinSlotHash, TranscriptStage::Committed) => transcript.target_slot != 0,
        (Kind::ShowNonce, TranscriptStage::Committed) => transcript.coordinator_nonce.is_some(),
        (_, stage) => stage != TranscriptStage::Committed,
    };
    match reached {
        true => Standing::Reached(None),
        // Whoever signs before the slot hash is fixed tells a secret too early.
        false if kind == Kind::ShowNonce && transcript.target_slot == 0 => Standing::Unclear,
        false => Standing::Open(Subject::Transcript(transcript)),
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_domain::{Address, JobId};

    use super::*;
    use crate::fixture::{self, escrow};

    const NODE: Address = Address([1; 32]);

    fn write(kind: Kind) -> ChainWrite {
        ChainWrite {
            id: 1,
            job_id: JobId(uuid::Uuid::from_u128(1)),
            kind,
            node: (kind == Kind::AssignNode).then_some(NODE),
            retries: 0,
            signed: None,
        }
    }

    /// In one letter: open, reached, lost, unclear.
    fn letter(kind: Kind, escrow: Option<EscrowAccount>) -> char {
        letter_when(kind, JobState::Funded, escrow)
    }

    fn letter_when(kind: Kind, job: JobState, escrow: Option<EscrowAccount>) -> char {
        match standing(&write(kind), job, escrow) {
            Standing::Open(_) => 'o',
            Standing::Reached(_) => 'r',
            Standing::Lost(_) => 'l',
            Standing::Unclear => 'u',
        }
    }

    #[test]
    fn each_write_has_one_state_to_start_from() {
        use EscrowState::{
            Assigned, Cancelled, Cancelling, Disputed, Open, Paid, Refunded, Resolved, Submitted,
        };
        let states = [
            Open, Assigned, Submitted, Cancelling, Disputed, Paid, Refunded, Cancelled, Resolved,
        ];
        let cases = [
            (Kind::AssignNode, "orrrrrlrr"),
            (Kind::ExpireUnassigned, "ollllrrrr"),
            (Kind::TimeoutRefund, "lolllrrrr"),
            (Kind::Release, "llollrrrr"),
            (Kind::SettleCancel, "lllolrrrr"),
            (Kind::ExpireDispute, "llllorrrr"),
            (Kind::SettleRefuted, "lolllrrrr"),
        ];
        for (kind, expected) in cases {
            let letters: String = states
                .iter()
                .map(|&state| {
                    let node = (!matches!(state, Open | Refunded)).then_some(NODE);
                    letter(kind, Some(escrow(state, node)))
                })
                .collect();
            assert_eq!(letters, expected, "{kind:?}");
        }
    }

    #[test]
    fn a_job_that_its_node_handed_back_was_assigned_and_is_over() {
        for kind in Kind::ALL.iter().filter(|kind| !kind.is_of_transcript()) {
            let handed_back = escrow(EscrowState::Refunded, Some(NODE));
            assert_eq!(letter(*kind, Some(handed_back)), 'r', "{kind:?}");
        }
    }

    #[test]
    fn assigned_to_another_node_is_not_assigned() {
        let other = Some(Address([2; 32]));
        let taken = escrow(EscrowState::Assigned, other);
        assert_eq!(letter(Kind::AssignNode, Some(taken)), 'l');
    }

    #[test]
    fn a_write_to_a_transcript_is_done_when_the_transcript_says_so() {
        use TranscriptStage::{Committed, FullAudit, Opened, Refuted, Revealed, Verified};
        let at = |stage, pinned: bool, shown: bool| TranscriptAccount {
            target_slot: if pinned { 50 } else { 0 },
            coordinator_nonce: shown.then_some([1; 32]),
            ..fixture::transcript(stage)
        };
        let seen = [
            at(Opened, false, false),
            at(Committed, false, false),
            at(Committed, true, false),
            at(Committed, true, true),
            at(Revealed, true, false),
            at(Verified, true, true),
            at(FullAudit, false, false),
            at(Refuted, true, true),
        ];
        let cases = [
            (Kind::PinSlotHash, "lorrrrrr"),
            // Never before the slot hash is fixed.
            (Kind::ShowNonce, "luorrrrr"),
            (Kind::DrawChallenge, "looorrrr"),
            (Kind::CloseTranscript, "oooooooo"),
        ];
        let letter = |standing| match standing {
            Standing::Open(_) => 'o',
            Standing::Reached(_) => 'r',
            Standing::Lost(_) => 'l',
            Standing::Unclear => 'u',
        };
        for (kind, expected) in cases {
            assert!(kind.is_of_transcript());
            let of = |job, seen| letter(standing_of_transcript(kind, job, seen));
            let letters: String = seen
                .iter()
                .map(|seen| of(JobState::Training, Some(seen.clone())))
                .collect();
            assert_eq!(letters, expected, "{kind:?}");
            assert_eq!(of(JobState::Training, None), 'u');
            let gone = if kind == Kind::CloseTranscript {
                'r'
            } else {
                'l'
            };
            assert_eq!(of(JobState::Paid, None), gone);
        }
    }

    #[test]
    fn a_closed_escrow_was_settled() {
        assert_eq!(letter_when(Kind::Release, JobState::Paid, None), 'r');
        assert_eq!(letter_when(Kind::AssignNode, JobState::Refunded, None), 'l');
    }

    #[test]
    fn an_empty_read_of_an_unsettled_job_decides_nothing() {
        for kind in Kind::ALL {
            assert_eq!(letter_when(*kind, JobState::Submitted, None), 'u');
        }
    }
}
