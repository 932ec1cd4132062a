//! What may become of a job now, for `job status`.

use cyxwiz_chain::{EscrowAccount, EscrowState};
use cyxwiz_domain::Address;

use crate::printer::utc;

/// Who may do what next, and until when, at `now` of the chain's clock; `None` once all is settled.
/// `authority` decides disputes.
pub fn next(escrow: &EscrowAccount, authority: Address, now: i64) -> Option<String> {
    let (job, address) = (escrow.job_id, escrow.address);
    let tier = escrow.verification.tier;
    let audited = tier.is_audited();
    let cost = match tier.is_proven() {
        true => ", and pays for the epochs seen although nothing is proven",
        false => "",
    };
    Some(match escrow.state {
        EscrowState::Open => {
            format!(
                "the coordinator assigns a node; `cyxwiz job cancel {job}` takes the money back"
            )
        }
        EscrowState::Assigned if now <= escrow.deadline => format!(
            "the node trains until {} at most; `cyxwiz job extend {job}` gives it more time, \
             `cyxwiz job cancel {job}` stops it{cost}",
            utc(escrow.deadline)
        ),
        EscrowState::Assigned => {
            format!("the deadline has passed: `cyxwiz job cancel {job}` takes the money back")
        }
        EscrowState::Submitted if now < escrow.release_at && audited => format!(
            "the payment is due on {}; until then `cyxwiz job dispute {job}` contests the result",
            utc(escrow.release_at)
        ),
        EscrowState::Submitted if now < escrow.release_at => format!(
            "`cyxwiz job watch {job}` pays; `cyxwiz job dispute {job}` contests the result until {}, \
             after which anyone may release the payment",
            utc(escrow.release_at)
        ),
        EscrowState::Submitted => {
            "anyone may release the payment; the result cannot be disputed any more".to_owned()
        }
        EscrowState::Cancelling => format!(
            "the node may show its last receipt until {}, then anyone may split the money",
            utc(escrow.cancel_at)
        ),
        EscrowState::Disputed if now < escrow.dispute_ends_at => format!(
            "{authority} decides until {}: for you, for the node, or a share to each; after that anyone may \
             end it, and you pay for the epochs that you hold, {} of {} as shown so far",
            utc(escrow.dispute_ends_at),
            escrow.receipt_held,
            escrow.required_epochs
        ),
        EscrowState::Disputed => format!(
            "nobody decided until {}: the coordinator ends it, or `cyxwiz dispute expire {address}`",
            utc(escrow.dispute_ends_at)
        ),
        EscrowState::Paid
        | EscrowState::Refunded
        | EscrowState::TimedOut
        | EscrowState::Cancelled
        | EscrowState::Failed
        | EscrowState::Resolved => return None,
    })
}
