use anchor_lang::prelude::*;
use reputation::math::Tier;

use crate::{EscrowError, math::is_whole};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Shares (basis points) and windows (seconds) that the admin may set.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// The platform's share of what a node earns.
    pub fee_bps: u16,
    /// The same where the node is Diamond.
    pub fee_bps_diamond: u16,
    /// What a node gets of the unearned rest when the user cancels.
    pub cancel_fee_bps: u16,
    /// How long a user may look at a result before anyone may release the payment: Bronze, Silver,
    /// Gold, Diamond.
    pub acceptance_seconds: [i64; 4],
    /// How long the coordinator may look for a node.
    pub assign_window_seconds: i64,
    /// How long a node may still show receipts after a cancel.
    pub receipt_window_seconds: i64,
    /// Shortest time a job may be given.
    pub min_timeout_seconds: u32,
    /// Longest time a job may be given.
    pub max_timeout_seconds: u32,
    /// What a user pledges, as a share of the job's amount, to dispute a result.
    pub dispute_bond_bps: u16,
    /// How long the dispute authority may take.
    pub dispute_window_seconds: i64,
    /// What becomes of collected fees: stake rewards, development, liquidity, burned.
    pub fee_split_bps: [u16; 4],
}

impl Default for Params {
    fn default() -> Self {
        Self {
            fee_bps: 1_000,
            fee_bps_diamond: 800,
            cancel_fee_bps: 1_000,
            acceptance_seconds: [DAY, 6 * HOUR, HOUR, 0],
            assign_window_seconds: HOUR,
            receipt_window_seconds: HOUR / 4,
            min_timeout_seconds: 60,
            max_timeout_seconds: 30 * 86_400,
            dispute_bond_bps: 500,
            dispute_window_seconds: 14 * DAY,
            fee_split_bps: [4_000, 3_000, 2_000, 1_000],
        }
    }
}

impl Params {
    /// Refuses fees and bonds above 20 %, acceptance windows above a week, disputes shorter than a day
    /// or longer than 30, other windows above a day, timeouts above 90 days, and fee shares that are not
    /// a whole: whatever the admin sets, every escrow ends in bounded time.
    pub fn validate(&self) -> Result<()> {
        const MAX_FEE_BPS: u16 = 2_000;
        const MAX_TIMEOUT: u32 = 90 * 86_400;
        let fees = [
            self.fee_bps,
            self.fee_bps_diamond,
            self.cancel_fee_bps,
            self.dispute_bond_bps,
        ];
        let windows = [self.assign_window_seconds, self.receipt_window_seconds];
        let bounded = fees.iter().all(|bps| *bps <= MAX_FEE_BPS)
            && self
                .acceptance_seconds
                .iter()
                .all(|seconds| (0..=7 * DAY).contains(seconds))
            && windows.iter().all(|seconds| (1..=DAY).contains(seconds))
            && self.min_timeout_seconds > 0
            && self.min_timeout_seconds <= self.max_timeout_seconds
            && self.max_timeout_seconds <= MAX_TIMEOUT
            && (DAY..=30 * DAY).contains(&self.dispute_window_seconds)
            && is_whole(self.fee_split_bps);
        require!(bounded, EscrowError::ParameterOutOfBounds);
        Ok(())
    }

    /// The platform's share for a node of this tier.
    pub fn fee(&self, tier: Tier) -> u16 {
        match tier {
            Tier::Diamond => self.fee_bps_diamond,
            Tier::Bronze | Tier::Silver | Tier::Gold => self.fee_bps,
        }
    }

    /// The acceptance window for a node of this tier, in seconds.
    pub fn acceptance(&self, tier: Tier) -> i64 {
        let [bronze, silver, gold, diamond] = self.acceptance_seconds;
        match tier {
            Tier::Bronze => bronze,
            Tier::Silver => silver,
            Tier::Gold => gold,
            Tier::Diamond => diamond,
        }
    }
}

/// The one configuration of job-escrow, at PDA ["config"].
///
/// `mint`, and the two addresses after it, are fixed at initialization.
#[account]
#[derive(InitSpace, Debug)]
pub struct Config {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Bump of the platform vault.
    pub platform_bump: u8,
    /// Bump of the signer towards node-registry and reputation.
    pub authority_bump: u8,
    /// Whether new escrows, top-ups and assignments are stopped.
    pub paused: bool,
    /// Who may change this account.
    pub admin: Pubkey,
    /// Who may become admin by accepting.
    pub pending_admin: Option<Pubkey>,
    /// Who may assign nodes.
    pub coordinator: Pubkey,
    /// The CYXWIZ mint.
    pub mint: Pubkey,
    /// The signer towards node-registry and reputation, PDA ["authority"].
    pub authority: Pubkey,
    /// The token account that collects fees, PDA ["platform"].
    pub platform_vault: Pubkey,
    /// Who decides disputes.
    pub dispute_authority: Pubkey,
    /// The wallet whose token accounts get the development share of the fees.
    pub development: Pubkey,
    /// The wallet whose token accounts get the liquidity share of the fees.
    pub liquidity: Pubkey,
    /// Shares and windows.
    pub params: Params,
    /// For later versions.
    pub reserved: [u8; 128],
}

impl Config {
    /// Seed of the config PDA.
    pub const SEED: &'static [u8] = b"config";
    /// Seed of the platform vault, a token account owned by the config.
    pub const PLATFORM_SEED: &'static [u8] = b"platform";
    /// Seed of the PDA that signs towards node-registry and reputation.
    pub const AUTHORITY_SEED: &'static [u8] = b"authority";
}
