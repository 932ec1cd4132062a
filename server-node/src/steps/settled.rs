//! The money has moved: the job is kept a while for the engine, then forgotten.

use std::time::Duration;

use chrono::Utc;
use cyxwiz_chain::{EscrowAccount, EscrowState};
use tokio::time::sleep;

use crate::{
    jobs::{Job, JobError, Settlement},
    node::Node,
};

/// Longest single sleep; a machine's clock may be set meanwhile.
const LOOK_AGAIN: Duration = Duration::from_secs(3_600);

/// Notes how the job ended. `escrow` is `None` when the account is closed.
///
/// # Errors
/// [`JobError::File`].
pub fn note(node: &Node, job: &Job, escrow: Option<&EscrowAccount>) -> Result<(), JobError> {
    let summary = match escrow {
        None => "the escrow is closed".to_owned(),
        Some(escrow) if escrow.node != Some(node.identity.address()) => {
            "the escrow names another node".to_owned()
        }
        Some(escrow) if escrow.state == EscrowState::Refunded => {
            let reason = job.record().failure;
            let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
            let user = escrow.paid_user;
            format!("handed back{reason}: all {user} CYXWIZ to the user")
        }
        Some(escrow) => format!(
            "{}: {} CYXWIZ to the node, {} to the user, {} to the platform",
            escrow.state.job_state(),
            escrow.paid_node,
            escrow.paid_user,
            escrow.paid_platform
        ),
    };
    tracing::info!(job = %job.id(), summary, "settled");
    job.settle(Settlement {
        seen_at: Utc::now().timestamp(),
        summary,
    })
}

/// Frees the inputs now and everything after the retention.
pub async fn retain_then_forget(node: &Node, job: &Job) {
    job.discard_inputs();
    let retention = i64::try_from(node.settings.jobs.retention.as_secs()).unwrap_or(i64::MAX);
    let Some(settlement) = job.record().settlement else {
        return;
    };
    let until = settlement.seen_at.saturating_add(retention);
    loop {
        let left = until.saturating_sub(Utc::now().timestamp());
        let Ok(left) = u64::try_from(left) else { break };
        if left == 0 {
            break;
        }
        sleep(Duration::from_secs(left).min(LOOK_AGAIN)).await;
    }
    match node.jobs.remove(job.id()) {
        Ok(()) => tracing::info!(job = %job.id(), "forgotten after its retention"),
        Err(error) => tracing::warn!(job = %job.id(), %error, "failed to remove a job's files"),
    }
}
