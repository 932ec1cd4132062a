use anchor_lang::prelude::*;

use crate::{Config, ReputationError, UserReputation, VERSION};

/// Accounts of `open_user`.
#[derive(Accounts)]
#[instruction(user: Pubkey)]
pub struct OpenUser<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(constraint = !config.paused @ ReputationError::Paused)]
    pub config: Box<Account<'info, Config>>,
    #[account(
        init,
        payer = payer,
        space = 8 + UserReputation::INIT_SPACE,
        seeds = [UserReputation::SEED, user.as_ref()],
        bump,
    )]
    pub user_reputation: AccountLoader<'info, UserReputation>,
    pub system_program: Program<'info, System>,
}

/// Creates an empty record for a user.
pub fn open_user(ctx: Context<OpenUser>, user: Pubkey) -> Result<()> {
    let mut record = ctx.accounts.user_reputation.load_init()?;
    record.version = VERSION;
    record.bump = ctx.bumps.user_reputation;
    record.user = user;
    record.last_change = Clock::get()?.unix_timestamp;
    Ok(())
}
