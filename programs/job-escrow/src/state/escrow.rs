use anchor_lang::prelude::*;

use crate::{
    EscrowError, Receipt, Verification,
    math::{Split, on_time},
    transcript::Stage,
};

/// Where an escrow stands. Append only: the numbers are part of the interface.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Funded, no node yet.
    Open,
    /// A node works on it.
    Assigned,
    /// The node says it is done.
    Submitted,
    /// The user stopped it; the node may still show receipts.
    Cancelling,
    /// Settled: the node was paid in full.
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

impl State {
    /// Whether the money has left.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Open | Self::Assigned | Self::Submitted | Self::Cancelling | Self::Disputed => {
                false
            }
            Self::Paid
            | Self::Refunded
            | Self::TimedOut
            | Self::Cancelled
            | Self::Failed
            | Self::Resolved => true,
        }
    }
}

/// One job's money and evidence, at PDA ["escrow", user, job_id]; its tokens lie in the token account
/// at PDA ["vault", escrow]. The fields up to `paid_platform` keep their offsets for good.
#[account]
#[derive(InitSpace, Debug)]
pub struct Escrow {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Where the escrow stands.
    pub state: State,
    /// Bump of the vault.
    pub vault_bump: u8,
    /// Who funded the job.
    pub user: Pubkey,
    /// The wallet that owns the node; zero until assigned.
    pub node: Pubkey,
    /// The user's name for the job.
    pub job_id: [u8; 16],
    /// The mint of the vault.
    pub mint: Pubkey,
    /// Who paid the rent and gets it back.
    pub rent_payer: Pubkey,
    /// Base units funded, top-ups included.
    pub amount: u64,
    /// Base units paid to the node.
    pub paid_node: u64,
    /// Base units paid back to the user.
    pub paid_user: u64,
    /// Base units paid to the platform vault.
    pub paid_platform: u64,
    /// SHA-256 of the canonical job spec.
    pub spec_hash: [u8; 32],
    /// Root of the dataset's chunk manifest.
    pub dataset_root: [u8; 32],
    /// Epochs that make the job complete.
    pub required_epochs: u32,
    /// How long the job should take, in seconds.
    pub estimated_seconds: u32,
    /// How long the job may take from assignment, in seconds.
    pub timeout_seconds: u32,
    /// Unix time of creation.
    pub created_at: i64,
    /// Unix time of assignment, 0 before.
    pub assigned_at: i64,
    /// Unix time after which the job has timed out, 0 before assignment.
    pub deadline: i64,
    /// Unix time of submission, 0 before.
    pub submitted_at: i64,
    /// Unix time from which anyone may release the payment, 0 before submission.
    pub release_at: i64,
    /// Unix time from which anyone may settle the cancel, 0 before it.
    pub cancel_at: i64,
    /// Unix time of settlement, 0 before.
    pub settled_at: i64,
    /// Epoch of the last anchored checkpoint.
    pub checkpoint_epoch: u32,
    /// Root of the last anchored checkpoint.
    pub checkpoint_root: [u8; 32],
    /// Highest epochs seen in a receipt.
    pub receipt_seen: u32,
    /// Highest epochs held in a receipt.
    pub receipt_held: u32,
    /// Checkpoint hash of the receipt with the most epochs seen.
    pub receipt_hash: [u8; 32],
    /// Epochs the node says it trained.
    pub epochs_done: u32,
    /// Seconds the node says it trained.
    pub training_seconds: u32,
    /// Head of the checkpoint chain at submission.
    pub final_root: [u8; 32],
    /// SHA-256 of the delivered weights.
    pub weights_hash: [u8; 32],
    /// The platform's share, fixed at assignment.
    pub fee_bps: u16,
    /// The acceptance window in seconds, fixed at assignment.
    pub acceptance_seconds: u32,
    /// Counts this account's changes; events carry it, so that an indexer sees gaps.
    pub seq: u64,
    /// The token account that holds this escrow's tokens.
    pub vault: Pubkey,
    /// Base units that the user has pledged for the open dispute, 0 without one. Not part of the job's
    /// money: they lie beside it in the vault, and go to one party whole.
    pub bond: u64,
    /// Unix time from which anyone may end the dispute, 0 before one.
    pub dispute_ends_at: i64,
    /// What the job's proof must be.
    pub verification: Verification,
    /// For later versions.
    pub reserved: [u8; 206],
}

impl Escrow {
    /// An escrow of nobody for nothing.
    pub const EMPTY: Self = Self {
        version: 0,
        bump: 0,
        state: State::Open,
        vault_bump: 0,
        user: Pubkey::new_from_array([0; 32]),
        node: Pubkey::new_from_array([0; 32]),
        job_id: [0; 16],
        mint: Pubkey::new_from_array([0; 32]),
        rent_payer: Pubkey::new_from_array([0; 32]),
        amount: 0,
        paid_node: 0,
        paid_user: 0,
        paid_platform: 0,
        spec_hash: [0; 32],
        dataset_root: [0; 32],
        required_epochs: 0,
        estimated_seconds: 0,
        timeout_seconds: 0,
        created_at: 0,
        assigned_at: 0,
        deadline: 0,
        submitted_at: 0,
        release_at: 0,
        cancel_at: 0,
        settled_at: 0,
        checkpoint_epoch: 0,
        checkpoint_root: [0; 32],
        receipt_seen: 0,
        receipt_held: 0,
        receipt_hash: [0; 32],
        epochs_done: 0,
        training_seconds: 0,
        final_root: [0; 32],
        weights_hash: [0; 32],
        fee_bps: 0,
        acceptance_seconds: 0,
        seq: 0,
        vault: Pubkey::new_from_array([0; 32]),
        bond: 0,
        dispute_ends_at: 0,
        verification: Verification::EMPTY,
        reserved: [0; 206],
    };
    /// Seed before the user's key and the job id.
    pub const SEED: &'static [u8] = b"escrow";
    /// Seed of the vault before this account's address.
    pub const VAULT_SEED: &'static [u8] = b"vault";
    /// Seconds from settlement after which anyone may close.
    pub const CLOSE_AFTER_SECONDS: i64 = 30 * 86_400;
    /// Seconds from assignment within which the node may hand the job back, where half of the job's time is not less.
    pub const DECLINE_WINDOW_SECONDS: i64 = 3_600;

    /// Refuses unless the escrow is in `state`.
    pub fn require_state(&self, state: State) -> Result<()> {
        require!(self.state == state, EscrowError::WrongState);
        Ok(())
    }

    /// Base units of the job's money that have not been paid out.
    pub fn unpaid(&self) -> Result<u64> {
        let paid = Split {
            node: self.paid_node,
            user: self.paid_user,
            platform: self.paid_platform,
        };
        let unpaid = paid.total().and_then(|paid| self.amount.checked_sub(paid));
        Ok(unpaid.ok_or(EscrowError::InvariantViolated)?)
    }

    /// Base units that the vault must still hold: what is unpaid, and the bond.
    pub fn held(&self) -> Result<u64> {
        let held = self.unpaid()?.checked_add(self.bond);
        Ok(held.ok_or(EscrowError::MathOverflow)?)
    }

    /// What must hold after every change: paid and unpaid make up what was funded, the vault covers
    /// what is held (strangers may send more), and nothing is held once settled.
    pub fn invariant(&self, vault_balance: u64) -> Result<()> {
        let held = self.held()?;
        let covered = vault_balance >= held;
        let emptied = held == 0 || !self.state.is_settled();
        require!(covered && emptied, EscrowError::InvariantViolated);
        Ok(())
    }

    /// `Open` -> `Assigned`: fixes node, deadline, fee and acceptance window.
    pub fn assign(&mut self, node: Pubkey, fee_bps: u16, acceptance: i64, now: i64) -> Result<()> {
        self.require_state(State::Open)?;
        self.state = State::Assigned;
        self.node = node;
        self.assigned_at = now;
        self.deadline = later(now, self.timeout_seconds.into())?;
        self.fee_bps = fee_bps;
        self.acceptance_seconds =
            u32::try_from(acceptance).map_err(|_| EscrowError::MathOverflow)?;
        Ok(())
    }

    /// Takes over a checkpoint of a later epoch.
    pub fn anchor(&mut self, epoch: u32, root: [u8; 32]) -> Result<()> {
        self.require_state(State::Assigned)?;
        let grows = epoch > self.checkpoint_epoch && epoch <= self.required_epochs;
        require!(grows, EscrowError::InvalidCheckpoint);
        self.checkpoint_epoch = epoch;
        self.checkpoint_root = root;
        Ok(())
    }

    /// Takes over what a receipt whose signature was checked shows beyond what is known. Seen and held
    /// count apart, so that no order of presenting receipts hides what one of them shows.
    pub fn present(&mut self, receipt: &Receipt) -> Result<()> {
        let running = matches!(
            self.state,
            State::Assigned | State::Submitted | State::Cancelling | State::Disputed
        );
        require!(running, EscrowError::WrongState);
        let Receipt {
            epochs_seen: seen,
            epochs_held: held,
            checkpoint_hash,
        } = *receipt;
        let sound = held <= seen && seen <= self.required_epochs;
        require!(sound, EscrowError::InvalidReceipt);
        let higher = seen > self.receipt_seen || held > self.receipt_held;
        require!(higher, EscrowError::StaleReceipt);
        if seen > self.receipt_seen {
            self.receipt_seen = seen;
            self.receipt_hash = checkpoint_hash;
        }
        self.receipt_held = self.receipt_held.max(held);
        Ok(())
    }

    /// `Assigned` -> `Submitted`: notes the result and opens the acceptance window.
    pub fn submit(&mut self, result: &Completion, now: i64) -> Result<()> {
        self.require_state(State::Assigned)?;
        require!(now <= self.deadline, EscrowError::DeadlinePassed);
        let complete = result.epochs == self.required_epochs
            && result.final_root != [0; 32]
            && result.weights_hash != [0; 32];
        require!(complete, EscrowError::IncompleteCompletion);
        self.state = State::Submitted;
        self.submitted_at = now;
        self.release_at = later(now, self.acceptance_seconds.into())?;
        self.epochs_done = result.epochs;
        self.training_seconds = result.training_seconds;
        self.final_root = result.final_root;
        self.weights_hash = result.weights_hash;
        Ok(())
    }

    /// `Assigned` -> `Cancelling`: the node has until `cancel_at` to show its receipts. After the
    /// deadline `timeout_refund` is the way out, and pays for what is held, not for what was seen.
    pub fn start_cancel(&mut self, receipt_window: i64, now: i64) -> Result<()> {
        self.require_state(State::Assigned)?;
        require!(now <= self.deadline, EscrowError::DeadlinePassed);
        self.state = State::Cancelling;
        self.cancel_at = later(now, receipt_window)?;
        Ok(())
    }

    /// Whether the submitted job kept to its estimate.
    pub fn on_time(&self) -> bool {
        let elapsed = self.submitted_at.saturating_sub(self.assigned_at);
        on_time(elapsed, self.estimated_seconds)
    }

    /// Whether the node may hand the job back, whose transcript is at `stage`; none where the job has no tier.
    ///
    /// It may until [`Self::declinable_until`], unless it has committed to something: to a transcript, or to work
    /// that the user holds. That takes the node's checkpoint and the user's receipt, for a user could sign a
    /// receipt of nothing, to have the node fail a job that cannot be done. Where no proof is possible any more, it
    /// may at any time: nothing is paid without one, and anyone could have had the challenge drawn in time.
    pub fn require_declinable(&self, stage: Option<Stage>, now: i64) -> Result<()> {
        self.require_state(State::Assigned)?;
        if stage == Some(Stage::FULL_AUDIT) {
            return Ok(());
        }
        let uncommitted = stage.is_none_or(|stage| stage == Stage::OPENED);
        require!(uncommitted, EscrowError::TranscriptStage);
        let held = self.checkpoint_epoch > 0 && self.receipt_held > 0;
        require!(!held, EscrowError::WorkHeld);
        let late = now > self.declinable_until()?;
        require!(!late, EscrowError::DeclineTooLate);
        Ok(())
    }

    /// The last moment, in Unix time, to hand back a job that the node is not bound to. Half of the time agreed at
    /// assignment, for with more of it a node could see nearly all of a short training first. An extension adds
    /// nothing, for the same reason.
    pub fn declinable_until(&self) -> Result<i64> {
        let half = i64::from(self.timeout_seconds / 2);
        later(self.assigned_at, half.min(Self::DECLINE_WINDOW_SECONDS))
    }

    /// Gives an assigned job `extra` more seconds, before its deadline and within the longest time that
    /// a job may be given.
    pub fn extend_deadline(&mut self, extra: u32, max_timeout: u32, now: i64) -> Result<()> {
        self.require_state(State::Assigned)?;
        require!(now <= self.deadline, EscrowError::DeadlinePassed);
        let deadline = later(self.deadline, extra.into())?;
        let latest = later(self.assigned_at, max_timeout.into())?;
        let allowed = extra > 0 && deadline <= latest;
        require!(allowed, EscrowError::TimeoutOutOfBounds);
        self.deadline = deadline;
        Ok(())
    }

    /// `Submitted` -> `Disputed`: pledges `bond`, and gives the dispute authority `window` seconds. Only
    /// until anyone may release, so that each moment has one of the two.
    pub fn open_dispute(&mut self, bond: u64, window: i64, now: i64) -> Result<()> {
        self.require_state(State::Submitted)?;
        require!(now < self.release_at, EscrowError::DisputeTooLate);
        self.state = State::Disputed;
        self.bond = bond;
        self.dispute_ends_at = later(now, window)?;
        Ok(())
    }

    /// Books a split of all that is unpaid and ends the escrow in `outcome`; the bond that must leave
    /// with it, in base units.
    pub fn settle(&mut self, outcome: State, split: Split, now: i64) -> Result<u64> {
        let complete = outcome.is_settled() && split.total() == Some(self.unpaid()?);
        require!(complete, EscrowError::InvariantViolated);
        self.state = outcome;
        self.paid_node = split.node;
        self.paid_user = split.user;
        self.paid_platform = split.platform;
        self.settled_at = now;
        Ok(std::mem::take(&mut self.bond))
    }
}

/// What a node says about a finished job.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// Head of the checkpoint chain.
    pub final_root: [u8; 32],
    /// SHA-256 of the weights file.
    pub weights_hash: [u8; 32],
    /// Epochs trained.
    pub epochs: u32,
    /// Seconds trained.
    pub training_seconds: u32,
}

/// `now + seconds`.
pub(crate) fn later(now: i64, seconds: i64) -> Result<i64> {
    Ok(now.checked_add(seconds).ok_or(EscrowError::MathOverflow)?)
}

#[cfg(test)]
mod tests;
