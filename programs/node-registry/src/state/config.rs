use anchor_lang::prelude::*;
use cyxwiz_economics::BPS;

use crate::RegistryError;

const DAY: i64 = 86_400;

/// Times (seconds) and slashes (basis points of the stake at assignment) that the admin may set.
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
    /// Slash for a job that passed its deadline.
    pub slash_timeout_bps: u16,
    /// Slash for a proof that does not verify.
    pub slash_invalid_proof_bps: u16,
    /// Slash for three failures within the window.
    pub slash_failures_bps: u16,
    /// Part of every slash that is burned; the rest is insurance.
    pub burn_bps: u16,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            min_lock_seconds: 30 * DAY,
            lock_per_job_seconds: 7 * DAY,
            cooldown_seconds: 14 * DAY,
            suspension_seconds: 30 * DAY,
            failure_window_seconds: 7 * DAY,
            slash_timeout_bps: 1_000,
            slash_invalid_proof_bps: 2_500,
            slash_failures_bps: 3_000,
            burn_bps: 2_000,
        }
    }
}

impl Params {
    /// Refuses times below 0 or above a year, and slashes above half of the stake.
    pub fn validate(&self) -> Result<()> {
        let times = [
            self.min_lock_seconds,
            self.lock_per_job_seconds,
            self.cooldown_seconds,
            self.suspension_seconds,
            self.failure_window_seconds,
        ];
        let slashes = [
            self.slash_timeout_bps,
            self.slash_invalid_proof_bps,
            self.slash_failures_bps,
        ];
        let bounded = times
            .iter()
            .all(|seconds| (0..=365 * DAY).contains(seconds))
            && slashes.iter().all(|bps| *bps <= BPS / 2)
            && self.burn_bps <= BPS;
        require!(bounded, RegistryError::ParameterOutOfBounds);
        Ok(())
    }
}

/// The one configuration of the registry, at PDA ["config"].
///
/// `mint` and `settlement_authority` are fixed at initialization: changing either while jobs run
/// would leave locks that nobody can release.
#[account]
#[derive(InitSpace, Debug)]
pub struct Config {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Bump of the insurance vault.
    pub insurance_bump: u8,
    /// Whether registrations and new locks are stopped.
    pub paused: bool,
    /// Who may change this account.
    pub admin: Pubkey,
    /// Who may become admin by accepting.
    pub pending_admin: Option<Pubkey>,
    /// The CYXWIZ mint.
    pub mint: Pubkey,
    /// job-escrow's signer, the only one who may lock, unlock and slash.
    pub settlement_authority: Pubkey,
    /// Times and slashes.
    pub params: Params,
    /// For later versions.
    pub reserved: [u8; 128],
}

impl Config {
    /// Seed of the config PDA.
    pub const SEED: &'static [u8] = b"config";
    /// Seed of the insurance vault, a token account owned by the config.
    pub const INSURANCE_SEED: &'static [u8] = b"insurance";
}
