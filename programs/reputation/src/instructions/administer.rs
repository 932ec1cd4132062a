use anchor_lang::prelude::*;

use crate::{Config, ReputationError, events::ConfigChanged};

/// Accounts of `update_config`, `propose_admin` and `set_paused`.
#[derive(Accounts)]
pub struct Administer<'info> {
    pub admin: Signer<'info>,
    #[account(mut, dup, has_one = admin @ ReputationError::NotAdmin)]
    pub config: Box<Account<'info, Config>>,
}

/// Replaces the coordinator.
pub fn update_config(ctx: Context<Administer>, coordinator: Pubkey) -> Result<()> {
    ctx.accounts.config.coordinator = coordinator;
    ctx.accounts.config.announce()
}

/// Names the next admin.
pub fn propose_admin(ctx: Context<Administer>, admin: Pubkey) -> Result<()> {
    ctx.accounts.config.pending_admin = Some(admin);
    ctx.accounts.config.announce()
}

/// Stops or allows new accounts, ratings and reports on uptime.
pub fn set_paused(ctx: Context<Administer>, paused: bool) -> Result<()> {
    ctx.accounts.config.paused = paused;
    ctx.accounts.config.announce()
}

impl Config {
    /// Emits the configuration as it stands.
    pub(crate) fn announce(&self) -> Result<()> {
        let clock = Clock::get()?;
        emit!(ConfigChanged {
            admin: self.admin,
            pending_admin: self.pending_admin,
            coordinator: self.coordinator,
            paused: self.paused,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        });
        Ok(())
    }
}
