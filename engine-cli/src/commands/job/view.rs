//! A job as `status` and `list` print it.

use cyxwiz_domain::{Address, Amount, Digest, JobId, JobState};
use cyxwiz_proto::job::v1 as pb;
use serde::Serialize;

use super::proven::ProofStanding;
use crate::{
    coordinator::{node_of, state_of},
    error::{Error, Result},
    printer::utc,
};

/// What the coordinator says about a job.
#[derive(Debug, Clone, Serialize)]
pub struct JobView {
    /// The job.
    pub job_id: JobId,
    /// For people.
    pub name: String,
    /// Where it stands.
    pub state: JobState,
    /// Owner of its node.
    pub node: Option<Address>,
    /// Price in base units.
    pub amount: u64,
    /// As reported by the node.
    pub epochs_done: u32,
    /// What the job is for.
    pub epochs: u32,
    /// Unix seconds.
    pub created_at: i64,
    /// SHA-256 of the spec.
    pub spec_hash: Digest,
    /// Last thing that went wrong.
    pub message: String,
    /// Where the job's proof stands: `proof`, `circuit`, `insecure_dev_key`; absent without one.
    #[serde(flatten)]
    pub proof: Option<ProofStanding>,
}

impl TryFrom<&pb::Job> for JobView {
    type Error = Error;

    fn try_from(job: &pb::Job) -> Result<Self> {
        let nonsense = |error: cyxwiz_domain::id::IdError| Error::Protocol {
            who: "the coordinator",
            problem: error.to_string(),
        };
        Ok(Self {
            job_id: JobId::from_slice(&job.job_id).map_err(nonsense)?,
            name: job.name.clone(),
            state: state_of(job)?,
            node: node_of(job)?,
            amount: job.amount,
            epochs_done: job.epochs_done,
            epochs: job.required_epochs,
            created_at: job.created_at,
            spec_hash: Digest::from_slice(&job.spec_hash).map_err(nonsense)?,
            message: job.message.clone(),
            proof: None,
        })
    }
}

impl JobView {
    /// Price for people.
    pub fn price(&self) -> String {
        format!("{} CYXWIZ", Amount(self.amount))
    }

    /// State for people.
    pub fn standing(&self) -> &'static str {
        match (self.state, self.node) {
            (JobState::Refunded, Some(_)) => "handed back",
            (state, _) => state.as_str(),
        }
    }

    /// Standing of the proof for people.
    pub fn stage(&self) -> String {
        self.proof
            .map_or_else(|| "-".to_owned(), |proof| proof.name())
    }

    /// Creation for people.
    pub fn created(&self) -> String {
        utc(self.created_at)
    }

    /// Progress for people.
    pub fn progress(&self) -> String {
        format!("{}/{}", self.epochs_done, self.epochs)
    }
}
