use anchor_lang::prelude::*;

use crate::{Config, Params, RegistryError, events::ConfigChanged};

/// Accounts of `update_config`, `propose_admin` and `set_paused`.
#[derive(Accounts)]
pub struct Administer<'info> {
    pub admin: Signer<'info>,
    #[account(mut, dup, has_one = admin @ RegistryError::NotAdmin)]
    pub config: Box<Account<'info, Config>>,
}

/// Replaces the parameters, within their bounds.
pub fn update_config(ctx: Context<Administer>, params: Params) -> Result<()> {
    params.validate()?;
    ctx.accounts.config.params = params;
    ctx.accounts.config.announce()
}

/// Names the next admin.
pub fn propose_admin(ctx: Context<Administer>, admin: Pubkey) -> Result<()> {
    ctx.accounts.config.pending_admin = Some(admin);
    ctx.accounts.config.announce()
}

/// Stops or allows registrations and new locks.
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
            paused: self.paused,
            params: self.params,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        });
        Ok(())
    }
}
