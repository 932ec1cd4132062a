use anchor_lang::prelude::*;

use crate::{Config, Reputation, ReputationError, VERSION};

/// Accounts of `open_node`.
#[derive(Accounts)]
#[instruction(owner: Pubkey)]
pub struct OpenNode<'info> {
    #[account(mut)]
    pub payer: Signer<'info>,
    #[account(constraint = !config.paused @ ReputationError::Paused)]
    pub config: Box<Account<'info, Config>>,
    #[account(
        init,
        payer = payer,
        space = 8 + Reputation::INIT_SPACE,
        seeds = [Reputation::SEED, owner.as_ref()],
        bump,
    )]
    pub reputation: AccountLoader<'info, Reputation>,
    pub system_program: Program<'info, System>,
}

/// Creates an empty record for a node's owner.
pub fn open_node(ctx: Context<OpenNode>, owner: Pubkey) -> Result<()> {
    let mut reputation = ctx.accounts.reputation.load_init()?;
    reputation.version = VERSION;
    reputation.bump = ctx.bumps.reputation;
    reputation.owner = owner;
    reputation.last_change = Clock::get()?.unix_timestamp;
    Ok(())
}
