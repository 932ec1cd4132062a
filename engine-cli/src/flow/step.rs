//! What to do next with a job, decided from the journal and the chain alone, so
//! that a run resumed after any crash decides as the first one would have.

use cyxwiz_chain::{EscrowState, TxOutcome};

use super::journal::Journal;

/// The next thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Ask the coordinator for a node and a price, then fund the escrow.
    Offer,
    /// `create_escrow` may be on its way: send the same bytes again and wait.
    Resend,
    /// `create_escrow` was refused or has expired: forget it.
    Forget(String),
    /// The escrow was there and is closed.
    Gone,
    /// Tell the coordinator of the escrow and wait for the assignment.
    Confirm,
    /// Attach to the node: data, metrics, receipts, weights.
    Train,
    /// Check what was submitted and pay.
    Accept,
    /// The node still has its say about a cancelled job.
    AwaitCancellation,
    /// Paid and delivered.
    Report,
    /// Settled otherwise, or in the hands of the dispute authority.
    End,
}

/// Decides. `escrow` is the state on the chain, `sent` the fate of the journalled
/// `create_escrow` (asked for only while there is no escrow).
pub fn next_step(journal: &Journal, escrow: Option<EscrowState>, sent: Option<&TxOutcome>) -> Step {
    match escrow {
        None => match sent {
            None => Step::Offer,
            Some(TxOutcome::Pending) => Step::Resend,
            Some(TxOutcome::Refused { message, .. }) => Step::Forget(message.clone()),
            Some(TxOutcome::Expired) => Step::Forget("it expired before it landed".into()),
            // Landed, and yet no account.
            Some(TxOutcome::Landed { .. }) => Step::Gone,
        },
        Some(EscrowState::Open) => Step::Confirm,
        Some(EscrowState::Assigned) => Step::Train,
        Some(EscrowState::Submitted) if journal.is_delivered() => Step::Accept,
        // Nothing is decided any more by a transcript that did not come.
        Some(EscrowState::Paid) if journal.weights.is_some() => Step::Report,
        Some(EscrowState::Submitted | EscrowState::Paid) => Step::Train,
        Some(EscrowState::Cancelling) => Step::AwaitCancellation,
        Some(
            EscrowState::Refunded
            | EscrowState::TimedOut
            | EscrowState::Cancelled
            | EscrowState::Failed
            | EscrowState::Disputed
            | EscrowState::Resolved,
        ) => Step::End,
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_domain::{Address, Digest, JobId};

    use super::*;
    use crate::flow::journal::Weights;

    fn journal(delivered: bool) -> Journal {
        let id = JobId(uuid::Uuid::nil());
        let mut journal = Journal::new(id, "job", Address::default(), "http://c");
        journal.weights = delivered.then(|| Weights {
            path: "w".into(),
            sha256: Digest::default(),
        });
        journal
    }

    #[test]
    fn money_is_never_sent_twice() {
        let journal = journal(false);
        let step = |sent: Option<TxOutcome>| next_step(&journal, None, sent.as_ref());
        assert_eq!(step(None), Step::Offer);
        // Only a transaction that can never land any more makes way for another.
        assert_eq!(step(Some(TxOutcome::Pending)), Step::Resend);
        assert_eq!(step(Some(TxOutcome::Landed { slot: 1 })), Step::Gone);
        assert!(matches!(step(Some(TxOutcome::Expired)), Step::Forget(_)));
        let refused = TxOutcome::Refused {
            code: Some(1),
            message: "insufficient funds".into(),
        };
        assert_eq!(
            step(Some(refused)),
            Step::Forget("insufficient funds".into())
        );
        // Whatever is known of the transaction, an escrow that exists is not made again.
        for sent in [None, Some(TxOutcome::Pending), Some(TxOutcome::Expired)] {
            let step = next_step(&journal, Some(EscrowState::Open), sent.as_ref());
            assert_eq!(step, Step::Confirm);
        }
    }

    #[test]
    fn payment_follows_delivery() {
        use EscrowState::{Assigned, Paid, Submitted};
        let step = |delivered, state| next_step(&journal(delivered), Some(state), None);
        assert_eq!(step(false, Submitted), Step::Train);
        assert_eq!(step(true, Submitted), Step::Accept);
        assert_eq!(step(true, Assigned), Step::Train);
        assert_eq!(step(false, Paid), Step::Train);
        assert_eq!(step(true, Paid), Step::Report);
    }

    #[test]
    fn every_other_settlement_ends_the_run() {
        use EscrowState::{Cancelled, Cancelling, Disputed, Failed, Refunded, Resolved, TimedOut};
        for state in [Refunded, TimedOut, Cancelled, Failed, Disputed, Resolved] {
            for delivered in [false, true] {
                assert_eq!(next_step(&journal(delivered), Some(state), None), Step::End);
            }
        }
        let step = next_step(&journal(true), Some(Cancelling), None);
        assert_eq!(step, Step::AwaitCancellation);
    }
}
