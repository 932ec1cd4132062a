use cyxwiz_domain::{Address, Amount, Digest, JobId, JobState};
use serde::{Deserialize, Serialize};

use crate::{DECLINE_WINDOW_SECONDS, TranscriptStage, Verification, address};

/// Where an escrow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscrowState {
    /// Funded, no node yet.
    Open,
    /// A node works on it.
    Assigned,
    /// The completion is noted; payment waits for the user or the window.
    Submitted,
    /// The user stopped it; the node may still show receipts.
    Cancelling,
    /// Settled: node and platform were paid.
    Paid,
    /// Settled: no node took it, or the one that did handed it back; all went back.
    Refunded,
    /// Settled: the deadline passed.
    TimedOut,
    /// Settled: the user stopped it.
    Cancelled,
    /// Settled: the node gave up.
    Failed,
    /// The user disputes the result; the dispute authority decides.
    Disputed,
    /// Settled: the dispute was decided, or nobody decided it in time.
    Resolved,
}

impl EscrowState {
    /// Whether the money has left.
    pub const fn is_settled(self) -> bool {
        JobState::is_settled(self.job_state())
    }

    /// The job state that mirrors it.
    pub const fn job_state(self) -> JobState {
        match self {
            Self::Open => JobState::Funded,
            Self::Assigned => JobState::Assigned,
            Self::Submitted => JobState::Submitted,
            Self::Cancelling => JobState::Cancelling,
            Self::Paid => JobState::Paid,
            Self::Refunded => JobState::Refunded,
            Self::TimedOut => JobState::TimedOut,
            Self::Cancelled => JobState::Cancelled,
            Self::Failed => JobState::Failed,
            Self::Disputed => JobState::Disputed,
            Self::Resolved => JobState::Resolved,
        }
    }
}

impl From<job_escrow::State> for EscrowState {
    fn from(state: job_escrow::State) -> Self {
        use job_escrow::State;
        match state {
            State::Open => Self::Open,
            State::Assigned => Self::Assigned,
            State::Submitted => Self::Submitted,
            State::Cancelling => Self::Cancelling,
            State::Paid => Self::Paid,
            State::Refunded => Self::Refunded,
            State::TimedOut => Self::TimedOut,
            State::Cancelled => Self::Cancelled,
            State::Failed => Self::Failed,
            State::Disputed => Self::Disputed,
            State::Resolved => Self::Resolved,
        }
    }
}

/// One job's money and evidence. Times are Unix seconds of the chain's clock, 0
/// for what has not happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowAccount {
    /// Where it lives.
    pub address: Address,
    /// Who funded the job.
    pub user: Address,
    /// The wallet that owns the node.
    pub node: Option<Address>,
    /// The user's name for the job.
    pub job_id: JobId,
    /// The token.
    pub mint: Address,
    /// Who paid the rent and gets it back.
    pub rent_payer: Address,
    /// Where it stands.
    pub state: EscrowState,
    /// Funded so far.
    pub amount: Amount,
    /// Paid to the node.
    pub paid_node: Amount,
    /// Paid back to the user.
    pub paid_user: Amount,
    /// Paid to the platform.
    pub paid_platform: Amount,
    /// SHA-256 of the canonical job spec.
    pub spec_hash: Digest,
    /// Root of the dataset's chunk manifest.
    pub dataset_root: Digest,
    /// Epochs that make the job complete.
    pub required_epochs: u32,
    /// How long it should take, in seconds.
    pub estimated_seconds: u32,
    /// How long it may take from assignment, in seconds.
    pub timeout_seconds: u32,
    /// Creation.
    pub created_at: i64,
    /// Assignment.
    pub assigned_at: i64,
    /// When anyone may refund the user.
    pub deadline: i64,
    /// Submission.
    pub submitted_at: i64,
    /// When anyone may release the payment.
    pub release_at: i64,
    /// When anyone may settle the cancellation.
    pub cancel_at: i64,
    /// When anyone may end the dispute.
    pub dispute_ends_at: i64,
    /// Settlement.
    pub settled_at: i64,
    /// Epoch of the last anchored checkpoint.
    pub checkpoint_epoch: u32,
    /// Its root.
    pub checkpoint_root: Digest,
    /// Highest epochs seen in a receipt.
    pub receipt_seen: u32,
    /// Highest epochs held in a receipt.
    pub receipt_held: u32,
    /// Checkpoint hash of the receipt with the most epochs seen.
    pub receipt_hash: Digest,
    /// Epochs the node says it trained.
    pub epochs_done: u32,
    /// Seconds the node says it trained.
    pub training_seconds: u32,
    /// Head of the checkpoint chain at submission.
    pub final_root: Digest,
    /// SHA-256 of the weights.
    pub weights_hash: Digest,
    /// The platform's share in basis points, fixed at assignment.
    pub fee_bps: u16,
    /// Pledged by the user for an open dispute.
    pub bond: Amount,
    /// What the job's proof must be.
    pub verification: Verification,
    /// Counts changes.
    pub seq: u64,
    /// The slot it was read at.
    pub slot: u64,
}

impl EscrowAccount {
    pub(crate) fn new(at: Address, escrow: &job_escrow::Escrow, slot: u64) -> Self {
        let node = address(&escrow.node);
        Self {
            address: at,
            user: address(&escrow.user),
            node: (node != Address::default()).then_some(node),
            job_id: JobId::from_slice(&escrow.job_id).expect("16 bytes"),
            mint: address(&escrow.mint),
            rent_payer: address(&escrow.rent_payer),
            state: escrow.state.into(),
            amount: Amount(escrow.amount),
            paid_node: Amount(escrow.paid_node),
            paid_user: Amount(escrow.paid_user),
            paid_platform: Amount(escrow.paid_platform),
            spec_hash: Digest(escrow.spec_hash),
            dataset_root: Digest(escrow.dataset_root),
            required_epochs: escrow.required_epochs,
            estimated_seconds: escrow.estimated_seconds,
            timeout_seconds: escrow.timeout_seconds,
            created_at: escrow.created_at,
            assigned_at: escrow.assigned_at,
            deadline: escrow.deadline,
            submitted_at: escrow.submitted_at,
            release_at: escrow.release_at,
            cancel_at: escrow.cancel_at,
            dispute_ends_at: escrow.dispute_ends_at,
            settled_at: escrow.settled_at,
            checkpoint_epoch: escrow.checkpoint_epoch,
            checkpoint_root: Digest(escrow.checkpoint_root),
            receipt_seen: escrow.receipt_seen,
            receipt_held: escrow.receipt_held,
            receipt_hash: Digest(escrow.receipt_hash),
            epochs_done: escrow.epochs_done,
            training_seconds: escrow.training_seconds,
            final_root: Digest(escrow.final_root),
            weights_hash: Digest(escrow.weights_hash),
            fee_bps: escrow.fee_bps,
            bond: Amount(escrow.bond),
            verification: escrow.verification.into(),
            seq: escrow.seq,
            slot,
        }
    }

    /// Whether its node may hand the job back at `now`, by the chain's clock, where `transcript` is the stage of the
    /// job's transcript; looked at only where the job has a tier, and then a job without one is refused.
    ///
    /// It may for an hour from the assignment, but no longer than half of the time agreed then, unless it has
    /// committed to a transcript, or to work that the user holds, which takes a checkpoint that the node has anchored
    /// and a receipt. Where no proof is possible any more, it may at any time.
    pub fn can_be_declined(&self, transcript: Option<TranscriptStage>, now: i64) -> bool {
        let uncommitted = match transcript {
            _ if self.state != EscrowState::Assigned => return false,
            _ if !self.verification.tier.is_proven() => true,
            Some(TranscriptStage::FullAudit) => return true,
            stage => stage == Some(TranscriptStage::Opened),
        };
        let held = self.checkpoint_epoch > 0 && self.receipt_held > 0;
        let half = i64::from(self.timeout_seconds / 2);
        let window = half.min(DECLINE_WINDOW_SECONDS);
        uncommitted && !held && now <= self.assigned_at.saturating_add(window)
    }
}

/// job-escrow's configuration. Shares in basis points, times in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowConfig {
    /// Who may change it.
    pub admin: Address,
    /// Who may assign nodes; also signs job tokens.
    pub coordinator: Address,
    /// The token.
    pub mint: Address,
    /// Who decides disputes.
    pub dispute_authority: Address,
    /// Who gets the development share of the fees.
    pub development: Address,
    /// Who gets the liquidity share of the fees.
    pub liquidity: Address,
    /// Whether new escrows and assignments are stopped.
    pub paused: bool,
    /// The platform's share.
    pub fee_bps: u16,
    /// The same for a Diamond node.
    pub fee_bps_diamond: u16,
    /// What a node gets of the rest when the user cancels.
    pub cancel_fee_bps: u16,
    /// Acceptance windows: Bronze, Silver, Gold, Diamond.
    pub acceptance_seconds: [i64; 4],
    /// How long the coordinator may look for a node.
    pub assign_window_seconds: i64,
    /// How long a node may show receipts after a cancellation.
    pub receipt_window_seconds: i64,
    /// Shortest time a job may be given.
    pub min_timeout_seconds: u32,
    /// Longest time a job may be given.
    pub max_timeout_seconds: u32,
    /// What a dispute costs its user until it is settled.
    pub dispute_bond_bps: u16,
    /// How long the dispute authority may take.
    pub dispute_window_seconds: i64,
}

impl EscrowConfig {
    pub(crate) fn new(config: &job_escrow::Config) -> Self {
        let params = &config.params;
        Self {
            admin: address(&config.admin),
            coordinator: address(&config.coordinator),
            mint: address(&config.mint),
            dispute_authority: address(&config.dispute_authority),
            development: address(&config.development),
            liquidity: address(&config.liquidity),
            paused: config.paused,
            fee_bps: params.fee_bps,
            fee_bps_diamond: params.fee_bps_diamond,
            cancel_fee_bps: params.cancel_fee_bps,
            acceptance_seconds: params.acceptance_seconds,
            assign_window_seconds: params.assign_window_seconds,
            receipt_window_seconds: params.receipt_window_seconds,
            min_timeout_seconds: params.min_timeout_seconds,
            max_timeout_seconds: params.max_timeout_seconds,
            dispute_bond_bps: params.dispute_bond_bps,
            dispute_window_seconds: params.dispute_window_seconds,
        }
    }

    /// What its user pledges to dispute a job of this amount; `None` above 64 bits.
    pub fn dispute_bond(&self, job_amount: Amount) -> Option<Amount> {
        job_escrow::math::dispute_bond(job_amount.0, self.dispute_bond_bps).map(Amount)
    }
}

#[cfg(test)]
mod tests;
