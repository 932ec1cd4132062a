//! How a job ended where it did not end well.

use std::{env, fmt, path::PathBuf};

use cyxwiz_chain::{EscrowAccount, EscrowState, TranscriptStage};
use cyxwiz_domain::{Address, Amount, JobId};
use serde::Serialize;

/// The settlement of a job, as the escrow account has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// The job.
    pub job_id: JobId,
    /// The escrow's state.
    pub state: EscrowState,
    /// Owner of the node that had the job; absent where none took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Address>,
    /// Why the node did not do the job: in its words, or that this machine never sent it the data. Absent where
    /// it did, and where it did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Base units that were escrowed.
    pub amount: u64,
    /// Base units that came back.
    pub paid_user: u64,
    /// Base units that the node got.
    pub paid_node: u64,
    /// Base units that the platform got.
    pub paid_platform: u64,
    /// Epochs in the highest receipt shown.
    pub epochs_seen: u32,
    /// Epochs that the job was for.
    pub epochs: u32,
    /// Where the job's proof stood; absent without one, and once its account is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<TranscriptStage>,
    /// The job file that the run began with; absent where it is not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_file: Option<PathBuf>,
}

impl Ending {
    /// The settlement of `escrow`, whose proof stood at `proof`.
    pub fn new(escrow: &EscrowAccount, proof: Option<TranscriptStage>) -> Self {
        Self {
            proof,
            node: escrow.node,
            reason: None,
            job_file: None,
            job_id: escrow.job_id,
            state: escrow.state,
            amount: escrow.amount.0,
            paid_user: escrow.paid_user.0,
            paid_node: escrow.paid_node.0,
            paid_platform: escrow.paid_platform.0,
            epochs_seen: escrow.receipt_seen,
            epochs: escrow.required_epochs,
        }
    }

    /// Whether the node itself has ended the job.
    pub fn is_by_node(&self) -> bool {
        self.is_handed_back() || self.state == EscrowState::Failed
    }

    /// Whether its node has handed the job back, rather than that none took it.
    pub fn is_handed_back(&self) -> bool {
        self.state == EscrowState::Refunded && self.node.is_some()
    }

    /// Nobody was paid and nobody is to blame: the same job may do well at another node, or at another time.
    fn handed_back(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the node handed job {} back{}; all {} CYXWIZ are back in your wallet",
            self.job_id,
            self.because(),
            Amount(self.paid_user)
        )?;
        match &self.job_file {
            None => write!(f, "; you may run it again"),
            Some(file) => {
                let here = env::current_dir().unwrap_or_default();
                let shown = file.strip_prefix(here).unwrap_or(file);
                write!(f, "; run it again with: cyxwiz job run {}", shown.display())
            }
        }
    }

    fn because(&self) -> String {
        let reason = self.reason.as_ref();
        reason.map_or_else(String::new, |reason| format!(": {reason}"))
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_handed_back() {
            return self.handed_back(f);
        }
        let Self { job_id, .. } = self;
        let what = match self.state {
            EscrowState::Refunded => "was refunded before a node took it".to_owned(),
            EscrowState::TimedOut => "passed its deadline".to_owned(),
            EscrowState::Failed => match self.proof {
                Some(TranscriptStage::Refuted) => {
                    "ended because the node signed a false proof, for which it lost stake"
                        .to_owned()
                }
                Some(TranscriptStage::FullAudit) => {
                    "was given up by the node: nobody drew the challenge of its proof in time"
                        .to_owned()
                }
                _ => format!("was given up by the node{}", self.because()),
            },
            EscrowState::Cancelled => format!(
                "was cancelled after {} of {} epochs",
                self.epochs_seen, self.epochs
            ),
            EscrowState::Paid => "was paid".to_owned(),
            EscrowState::Resolved => "was disputed, and that is settled".to_owned(),
            EscrowState::Disputed => "is disputed and waits for the decision".to_owned(),
            EscrowState::Open
            | EscrowState::Assigned
            | EscrowState::Submitted
            | EscrowState::Cancelling => "is not settled".to_owned(),
        };
        write!(
            f,
            "job {job_id} {what}: of {} CYXWIZ {} came back to you, {} went to the node, {} to the platform",
            Amount(self.amount),
            Amount(self.paid_user),
            Amount(self.paid_node),
            Amount(self.paid_platform)
        )
    }
}
