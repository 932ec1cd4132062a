use anchor_lang::prelude::*;

/// The one configuration of reputation, at PDA ["config"].
///
/// Only this program creates accounts of this type, and only this one: where an instruction takes it, the
/// type is check enough. The same goes for the records and ratings, whose fields say whose they are.
///
/// `settlement_authority` and `escrow_program` are fixed at initialization: changing the former
/// while jobs run would leave escrows that cannot settle.
#[account]
#[derive(InitSpace, Debug)]
pub struct Config {
    /// Layout version, 1.
    pub version: u8,
    /// Bump of this PDA.
    pub bump: u8,
    /// Whether new accounts, ratings and reports on uptime are stopped.
    pub paused: bool,
    /// Who may change this account.
    pub admin: Pubkey,
    /// Who may become admin by accepting.
    pub pending_admin: Option<Pubkey>,
    /// job-escrow's signer, the only one who may record outcomes.
    pub settlement_authority: Pubkey,
    /// job-escrow, whose escrows may be rated.
    pub escrow_program: Pubkey,
    /// Who may report uptime.
    pub coordinator: Pubkey,
    /// For later versions.
    pub reserved: [u8; 128],
}

impl Config {
    /// Seed of the config PDA.
    pub const SEED: &'static [u8] = b"config";
}
