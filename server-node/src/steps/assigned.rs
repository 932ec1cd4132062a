//! An assignment arrives: the coordinator says which job, the chain says whether
//! it is true.

use std::sync::Arc;

use cyxwiz_chain::{ChainError, EscrowState, pda};
use cyxwiz_domain::{
    Address, Digest, JobId,
    id::IdError,
    spec::{JobSpec, SpecError},
};
use cyxwiz_proto::node::v1::Assignment;

use crate::{
    jobs::{JobError, NewJob},
    node::Node,
};

/// Why an assignment is not taken on.
#[derive(Debug, thiserror::Error)]
pub enum AssignmentError {
    /// Its ids are malformed.
    #[error(transparent)]
    Id(#[from] IdError),
    /// Its spec is refused.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The chain cannot be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain says something else.
    #[error("escrow {escrow}: {problem}")]
    Escrow {
        /// Which.
        escrow: Address,
        /// What does not fit.
        problem: String,
    },
    /// The job cannot be kept.
    #[error(transparent)]
    Job(#[from] JobError),
}

/// Takes a job on after checking its escrow on the chain, or wakes one that is
/// here; whether it is new.
///
/// # Errors
/// [`AssignmentError`].
pub async fn take_on(node: &Arc<Node>, assignment: &Assignment) -> Result<bool, AssignmentError> {
    let id = JobId::from_slice(&assignment.job_id)?;
    if let Some(job) = node.jobs.get(id) {
        job.wake.notify_one();
        return Ok(false);
    }
    if assignment.ended {
        return Ok(false);
    }
    let new = verify(node, id, assignment).await?;
    let Some(job) = node.jobs.create(&new)? else {
        return Ok(false);
    };
    tracing::info!(job = %id, user = %new.user, epochs = new.spec.job.epochs, "assigned");
    node.start_driving(job);
    Ok(true)
}

async fn verify(
    node: &Node,
    id: JobId,
    assignment: &Assignment,
) -> Result<NewJob, AssignmentError> {
    let address = Address::from_slice(&assignment.escrow)?;
    let refuse = |problem: String| AssignmentError::Escrow {
        escrow: address,
        problem,
    };
    let spec = JobSpec::from_json(&assignment.spec)?;
    let escrow = node.ledger.escrow(address).await?;
    let escrow = escrow.ok_or_else(|| refuse("does not exist".to_owned()))?;
    let config = node.ledger.escrow_config().await?;
    let own = node.identity.address();
    if address != pda::escrow(escrow.user, id) || escrow.job_id != id {
        return Err(refuse(format!("is not that of job {id}")));
    }
    if escrow.mint != config.mint {
        return Err(refuse(format!("holds {} instead of CYXWIZ", escrow.mint)));
    }
    if escrow.node != Some(own) {
        return Err(refuse(format!("does not name this node ({own})")));
    }
    if escrow.state != EscrowState::Assigned {
        return Err(refuse(format!(
            "is {}, not assigned",
            escrow.state.job_state()
        )));
    }
    let spec_hash = Digest(spec.spec_hash());
    if spec_hash != escrow.spec_hash {
        return Err(refuse(format!(
            "is for spec {}, but the coordinator sent {spec_hash}",
            escrow.spec_hash
        )));
    }
    if spec.job.epochs != escrow.required_epochs {
        return Err(refuse(format!(
            "asks for {} epochs, but its spec for {}",
            escrow.required_epochs, spec.job.epochs
        )));
    }
    Ok(NewJob {
        id,
        escrow: address,
        user: escrow.user,
        dataset_root: escrow.dataset_root,
        spec,
    })
}
