use anchor_lang::prelude::*;

use crate::state::Params;

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
    /// The token account that slashes fill, PDA ["insurance"].
    pub insurance_vault: Pubkey,
    /// The token account that stake rewards are paid from, PDA ["rewards"].
    pub reward_vault: Pubkey,
    /// Times, slashes and the reward.
    pub params: Params,
    /// For later versions.
    pub reserved: [u8; 128],
}

impl Config {
    /// Seed of the config PDA.
    pub const SEED: &'static [u8] = b"config";
    /// Seed of the insurance vault, a token account owned by the config.
    pub const INSURANCE_SEED: &'static [u8] = b"insurance";
    /// Seed of the reward vault, a token account owned by the config. Fees fill it, and so may anyone.
    pub const REWARD_SEED: &'static [u8] = b"rewards";
}
