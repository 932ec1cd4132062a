//! What is remembered of a job in `job.json`.

use cyxwiz_domain::{Address, Digest, JobId};
use cyxwiz_proto::training::v1 as pb;
use serde::{Deserialize, Serialize};

/// Where a job stands on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The dataset is not complete.
    AwaitingData,
    /// Epochs are being trained.
    Training,
    /// Weights are ready, the completion is not on the chain yet.
    Trained,
    /// Weights are ready, the proof that the completion needs is not on the chain yet.
    Proving,
    /// The completion is on the chain.
    Submitted,
    /// The user stopped the training.
    Stopped,
    /// The training cannot go on.
    Failed,
    /// The money has moved.
    Settled,
}

impl Phase {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::AwaitingData,
        Self::Training,
        Self::Trained,
        Self::Proving,
        Self::Submitted,
        Self::Stopped,
        Self::Failed,
        Self::Settled,
    ];

    /// Its name in files and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingData => "awaiting_data",
            Self::Training => "training",
            Self::Trained => "trained",
            Self::Proving => "proving",
            Self::Submitted => "submitted",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Settled => "settled",
        }
    }

    /// Whether chunks of the dataset may still be missing; a stop may come before all are there.
    pub fn may_lack_data(self) -> bool {
        matches!(self, Self::AwaitingData | Self::Stopped)
    }

    /// What engines are told; a pause is training that waits.
    pub fn to_proto(self, paused: bool) -> pb::Phase {
        match self {
            Self::AwaitingData => pb::Phase::AwaitingData,
            Self::Training if paused => pb::Phase::Paused,
            Self::Training => pb::Phase::Training,
            // How far the proof has come they are told by events of its own.
            Self::Trained | Self::Proving => pb::Phase::Trained,
            Self::Submitted => pb::Phase::Submitted,
            Self::Stopped => pb::Phase::Stopped,
            Self::Failed => pb::Phase::Failed,
            Self::Settled => pb::Phase::Settled,
        }
    }
}

/// What a job's proof is bound to. It was fixed on the chain before this node was assigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofTerms {
    /// The circuit's id.
    pub circuit: Digest,
    /// Job, node, spec and circuit as one word.
    pub context: Digest,
    /// The dataset's root, as the user has pinned it.
    pub dataset: Digest,
    /// The commitment of the weights before the first step, as the user has pinned it.
    pub initial: Digest,
}

/// What the trained job comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// All of them.
    pub epochs: u32,
    /// On the rows held out.
    pub test_accuracy: Option<f64>,
    /// SHA-256 of the weights.
    pub weights_sha256: Digest,
    /// Length of the weights.
    pub weights_bytes: u64,
    /// Seconds trained, pauses not counted.
    pub training_seconds: f64,
}

/// A transaction that was signed and may have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingWrite {
    /// Name of its main instruction.
    pub instruction: String,
    /// Base58.
    pub signature: String,
    /// Wire format.
    #[serde(with = "hex::serde")]
    pub bytes: Vec<u8>,
    /// Beyond this block height it can no longer land.
    pub last_valid_block_height: u64,
}

/// How the money moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Seen settled at, Unix seconds of this machine.
    pub seen_at: i64,
    /// For people, like `paid: 90 CYXWIZ to the node, 0 back to the user`.
    pub summary: String,
}

/// What is remembered of a job, besides its spec, events and receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Layout of this document, 1.
    pub version: u32,
    /// The job.
    pub job_id: JobId,
    /// Its escrow account.
    pub escrow: Address,
    /// Who pays and signs receipts.
    pub user: Address,
    /// SHA-256 of the canonical spec.
    pub spec_hash: Digest,
    /// Root of the dataset's manifest.
    pub dataset_root: Digest,
    /// Epochs that make the job complete.
    pub required_epochs: u32,
    /// Where it stands.
    pub phase: Phase,
    /// The user wants it to wait.
    #[serde(default)]
    pub paused_by_user: bool,
    /// When the user stopped it, Unix seconds of the chain's clock; stays when the
    /// job goes on, since a stop is obeyed once.
    #[serde(default)]
    pub stopped_at: Option<i64>,
    /// Threads it was begun with: another number would round differently.
    #[serde(default)]
    pub threads: Option<u32>,
    /// What its proof is bound to, once that was found to be right; `None` before, and in a job
    /// without a proof.
    #[serde(default)]
    pub proof: Option<ProofTerms>,
    /// Why it failed.
    #[serde(default)]
    pub failure: Option<String>,
    /// What it came to.
    #[serde(default)]
    pub completion: Option<Completion>,
    /// A write to the chain whose fate is not known.
    #[serde(default)]
    pub pending: Option<PendingWrite>,
    /// How it ended.
    #[serde(default)]
    pub settlement: Option<Settlement>,
}
