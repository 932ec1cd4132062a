//! What a user should know before cancelling a job that asks for a proof.

use cyxwiz_chain::{Cancellation, EscrowAccount, TranscriptStage};

use crate::printer::utc;

/// What stands between the user and a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caution {
    /// It costs what it costs in any job.
    Nothing,
    /// It pays for what is not proven: only who knows the price may do so.
    Ask(String),
    /// Waiting costs nothing, and brings everything back.
    Wait(String),
}

/// What to say of cancelling the assigned job of `escrow`, which has a tier and is not late, when its transcript
/// stands at `stage` and that came to `cost`.
pub fn caution(escrow: &EscrowAccount, stage: TranscriptStage, cost: Cancellation) -> Caution {
    let (job, deadline) = (escrow.job_id, utc(escrow.deadline));
    let paid = format!(
        "{} of {} epochs, {} CYXWIZ to the node and {} to the platform of {}",
        cost.epochs, escrow.required_epochs, cost.to_node, cost.to_platform, escrow.amount
    );
    match stage {
        // The node has shown what it was asked for.
        TranscriptStage::Verified => Caution::Nothing,
        // Everything comes back by another way.
        TranscriptStage::Refuted => Caution::Nothing,
        TranscriptStage::FullAudit => Caution::Wait(format!(
            "job {job} cannot be proven any more, and cancelling it would pay its node all the same ({paid}). \
             Wait: its node hands it back, or from {deadline} on this command takes all of it back"
        )),
        TranscriptStage::Opened | TranscriptStage::Committed | TranscriptStage::Revealed => {
            Caution::Ask(format!(
                "cancelling job {job} pays by your receipts although nothing is proven: {paid}; wait until \
                 {deadline}, and all of it comes back unless a proof is verified before"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_chain::EscrowState;
    use cyxwiz_domain::Amount;
    use cyxwiz_test_support::escrow_account;

    use super::*;

    #[test]
    fn unproven_work_is_paid_knowingly_or_not_at_all() {
        use TranscriptStage::{Committed, FullAudit, Opened, Refuted, Revealed, Verified};
        let mut escrow = escrow_account(EscrowState::Assigned);
        escrow.deadline = 1_700_000_000;
        let cost = Cancellation {
            epochs: 5,
            to_node: Amount(300_000_000),
            to_platform: Amount(25_000_000),
            to_user: Amount(675_000_000),
        };
        for stage in [Opened, Committed, Revealed] {
            let Caution::Ask(text) = caution(&escrow, stage, cost) else {
                panic!("{stage:?}");
            };
            for part in [
                "5 of 20 epochs, 0.3 CYXWIZ to the node and 0.025 to the platform of 1;",
                "although nothing is proven",
                "wait until 2023-11-14 22:13:20 UTC, and all of it comes back",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
        let Caution::Wait(text) = caution(&escrow, FullAudit, cost) else {
            panic!("it is paid for nothing");
        };
        assert!(text.contains("from 2023-11-14 22:13:20 UTC on"), "{text}");
        for stage in [Verified, Refuted] {
            assert_eq!(caution(&escrow, stage, cost), Caution::Nothing, "{stage:?}");
        }
    }
}
