use cyxwiz_economics::stake::required_stake;

use crate::{Seconds, Units};

const HOUR: Seconds = 3_600;
const DAY: Seconds = 24 * HOUR;

/// Everything the admin may set, and what jobs ask for.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Platform's share of what a node earns, in basis points.
    pub fee_bps: u16,
    /// The same where the node is Diamond.
    pub fee_bps_diamond: u16,
    /// A node's share of the unearned rest when the user cancels, in basis points.
    pub cancel_fee_bps: u16,
    /// Acceptance windows of Bronze, Silver, Gold and Diamond nodes.
    pub acceptance: [Seconds; 4],
    /// How long an open job waits for a node.
    pub assign_window: Seconds,
    /// How long a node may show receipts after a cancel.
    pub receipt_window: Seconds,
    /// How long from its assignment a node may hand a job back, where half of the job's time is not less.
    pub decline_window: Seconds,
    /// Shortest time that a job may be given.
    pub min_timeout: Seconds,
    /// Longest time a job may take from its assignment, extensions included.
    pub max_timeout: Seconds,
    /// A dispute's bond, in basis points of the job's amount.
    pub dispute_bond_bps: u16,
    /// How long the authority has to settle a dispute.
    pub dispute_window: Seconds,
    /// Shares of the fees in basis points: rewards, development, liquidity, burned.
    pub fee_split_bps: [u16; 4],
    /// Time from settlement after which anyone may close an escrow.
    pub close_after: Seconds,

    /// How long a deposit stays.
    pub min_lock: Seconds,
    /// How long stake stays after an assignment.
    pub lock_per_job: Seconds,
    /// Time between asking for stake and taking it out.
    pub cooldown: Seconds,
    /// How long three failures suspend.
    pub suspension: Seconds,
    /// Within which three failures count together.
    pub failure_window: Seconds,
    /// Slash for a passed deadline, in basis points of the stake at assignment.
    pub slash_timeout_bps: u16,
    /// Slash for three failures.
    pub slash_failures_bps: u16,
    /// Slash for a false proof.
    pub slash_invalid_proof_bps: u16,
    /// Slash for a lost dispute.
    pub slash_dispute_bps: u16,
    /// Part of a slash that is burned.
    pub burn_bps: u16,
    /// Part of the insurance pool that one dispute may pay out.
    pub insurance_payout_max_bps: u16,
    /// Yearly reward for stake, in basis points.
    pub reward_bps: u16,
    /// Time without a slash after which stake earns.
    pub reward_after: Seconds,

    /// Epochs of every job.
    pub required_epochs: u32,
    /// Stake that a job of this amount locks.
    pub required_stake: fn(Units) -> Units,
    /// What is wrong with this model on purpose; nothing in a sound one.
    pub fault: Option<Fault>,
}

impl Default for Rules {
    /// What docs/PROTOCOL.md says.
    fn default() -> Self {
        Self {
            fee_bps: 1_000,
            fee_bps_diamond: 800,
            cancel_fee_bps: 1_000,
            acceptance: [DAY, 6 * HOUR, HOUR, 0],
            assign_window: HOUR,
            receipt_window: HOUR / 4,
            decline_window: HOUR,
            min_timeout: 60,
            max_timeout: 30 * DAY,
            dispute_bond_bps: 500,
            dispute_window: 14 * DAY,
            fee_split_bps: [4_000, 3_000, 2_000, 1_000],
            close_after: 30 * DAY,
            min_lock: 30 * DAY,
            lock_per_job: 7 * DAY,
            cooldown: 14 * DAY,
            suspension: 30 * DAY,
            failure_window: 7 * DAY,
            slash_timeout_bps: 1_000,
            slash_failures_bps: 3_000,
            slash_invalid_proof_bps: 2_500,
            slash_dispute_bps: 5_000,
            burn_bps: 2_000,
            insurance_payout_max_bps: 1_000,
            reward_bps: 500,
            reward_after: 90 * DAY,
            required_epochs: 20,
            required_stake,
            fault: None,
        }
    }
}

impl Rules {
    /// The same market with amounts and times so small that all its states can be looked at: a tick of
    /// the clock for what takes minutes or hours, two and three for what takes days and weeks.
    pub fn scaled_down() -> Self {
        Self {
            acceptance: [1, 1, 1, 0],
            assign_window: 1,
            receipt_window: 1,
            decline_window: 1,
            min_timeout: 1,
            max_timeout: 2,
            dispute_window: 2,
            close_after: 1,
            min_lock: 2,
            lock_per_job: 1,
            cooldown: 1,
            suspension: 2,
            failure_window: 2,
            reward_bps: 0,
            required_epochs: 1,
            required_stake: |_| 10,
            ..Self::default()
        }
    }

    /// Whether the model has this fault.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

/// A way to break the model, so that tests can see the checks find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A released job can be released again.
    DoubleRelease,
    /// A dispute waits for its authority for ever.
    NoExpireDispute,
    /// Pausing stops the ways out too.
    PauseBlocksExits,
    /// A slash takes what other jobs have locked.
    SlashIgnoresLocks,
    /// A slash is measured against the stake at assignment whatever is left.
    SlashBeyondStake,
    /// A settled dispute leaves the node's stake locked.
    DisputeKeepsLock,
    /// Stake is destroyed that nobody counts as burned.
    BurnForgotten,
    /// The bond stays in the vault of a settled dispute.
    BondForgotten,
    /// A job that is stopped waits for its node alone.
    OnlyNodeSettlesCancel,
    /// Stake that is locked can be requested back.
    UnstakeIgnoresLocks,
    /// A job that must be proven is submitted without a proof.
    SubmittedUnproven,
    /// A job that must be proven pays for what is held before it is.
    PaidUnproven,
    /// A false proof leaves no way out but the user's cancel.
    NobodySettlesRefuted,
    /// A job is handed back after work is done and held.
    DeclinedWorkHeld,
    /// Handing a job back pays for what is held.
    DeclinePays,
    /// Handing a job back counts as a failure.
    DeclineCounts,
    /// A false proof is slashed and forgotten.
    FalseProofForgiven,
    /// A job is handed back until its deadline, because the node sees that it will be late.
    DeclinedLate,
}
