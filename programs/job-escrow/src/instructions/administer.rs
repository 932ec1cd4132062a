use anchor_lang::prelude::*;

use crate::{Config, ConfigArgs, EscrowError, events::ConfigChanged};

/// Accounts of `update_config`, `propose_admin` and `set_paused`.
#[derive(Accounts)]
pub struct Administer<'info> {
    pub admin: Signer<'info>,
    #[account(mut, dup, has_one = admin @ EscrowError::NotAdmin)]
    pub config: Box<Account<'info, Config>>,
}

/// Replaces the keys and parameters. Fee and acceptance window of jobs that are assigned already stay what
/// they were.
pub fn update_config(ctx: Context<Administer>, args: ConfigArgs) -> Result<()> {
    args.validate()?;
    let config = &mut ctx.accounts.config;
    config.coordinator = args.coordinator;
    config.dispute_authority = args.dispute_authority;
    config.development = args.development;
    config.liquidity = args.liquidity;
    config.params = args.params;
    config.announce()
}

/// Names the next admin.
pub fn propose_admin(ctx: Context<Administer>, admin: Pubkey) -> Result<()> {
    ctx.accounts.config.pending_admin = Some(admin);
    ctx.accounts.config.announce()
}

/// Stops or allows new escrows, top-ups and assignments.
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
            dispute_authority: self.dispute_authority,
            development: self.development,
            liquidity: self.liquidity,
            paused: self.paused,
            params: self.params,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        });
        Ok(())
    }
}
