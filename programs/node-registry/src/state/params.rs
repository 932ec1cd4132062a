use anchor_lang::prelude::*;
use cyxwiz_economics::BPS;

use crate::RegistryError;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Times (seconds), slashes (basis points of the stake at assignment), insurance and the reward that
/// the admin may set.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// How long a deposit stays at least.
    pub min_lock_seconds: i64,
    /// How long stake stays at least after taking a job.
    pub lock_per_job_seconds: i64,
    /// Time between `request_unstake` and `withdraw`.
    pub cooldown_seconds: i64,
    /// How long a node takes no jobs after three failures.
    pub suspension_seconds: i64,
    /// Time within which three failures count as one offence.
    pub failure_window_seconds: i64,
    /// How long stake must be clean before it earns.
    pub reward_after_seconds: i64,
    /// Time between announcing a TLS certificate and counting on it alone.
    pub rotation_notice_seconds: i64,
    /// Slash for a job that passed its deadline.
    pub slash_timeout_bps: u16,
    /// Slash for a proof that does not verify.
    pub slash_invalid_proof_bps: u16,
    /// Slash for three failures within the window.
    pub slash_failures_bps: u16,
    /// Slash for a lost dispute, of which half goes to the user.
    pub slash_dispute_bps: u16,
    /// Part of every slash that is burned, after the user's half; the rest is insurance.
    pub burn_bps: u16,
    /// Most that one lost dispute may be paid out of the insurance vault, as a part of its balance.
    pub insurance_payout_max_bps: u16,
    /// Reward a year, of the stake.
    pub reward_bps: u16,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            min_lock_seconds: 30 * DAY,
            lock_per_job_seconds: 7 * DAY,
            cooldown_seconds: 14 * DAY,
            suspension_seconds: 30 * DAY,
            failure_window_seconds: 7 * DAY,
            reward_after_seconds: 90 * DAY,
            rotation_notice_seconds: HOUR,
            slash_timeout_bps: 1_000,
            slash_invalid_proof_bps: 2_500,
            slash_failures_bps: 3_000,
            slash_dispute_bps: 5_000,
            burn_bps: 2_000,
            insurance_payout_max_bps: 1_000,
            reward_bps: 500,
        }
    }
}

impl Params {
    /// Refuses times below 0 or above a year, a notice above a week, slashes above half of the stake,
    /// insurance payouts above half of the vault, and a reward above 20 % a year.
    pub fn validate(&self) -> Result<()> {
        const MAX_NOTICE: i64 = 7 * DAY;
        const MAX_REWARD_BPS: u16 = 2_000;
        let times = [
            self.min_lock_seconds,
            self.lock_per_job_seconds,
            self.cooldown_seconds,
            self.suspension_seconds,
            self.failure_window_seconds,
            self.reward_after_seconds,
        ];
        let halves = [
            self.slash_timeout_bps,
            self.slash_invalid_proof_bps,
            self.slash_failures_bps,
            self.slash_dispute_bps,
            self.insurance_payout_max_bps,
        ];
        let bounded = times
            .iter()
            .all(|seconds| (0..=365 * DAY).contains(seconds))
            && (0..=MAX_NOTICE).contains(&self.rotation_notice_seconds)
            && halves.iter().all(|bps| *bps <= BPS / 2)
            && self.burn_bps <= BPS
            && self.reward_bps <= MAX_REWARD_BPS;
        require!(bounded, RegistryError::ParameterOutOfBounds);
        Ok(())
    }
}
