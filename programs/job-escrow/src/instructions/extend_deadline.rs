use anchor_lang::prelude::*;

use crate::{
    Config, Escrow, EscrowError,
    events::{DeadlineExtended, EscrowPost},
};

/// Accounts of `extend_deadline`.
#[derive(Accounts)]
pub struct ExtendDeadline<'info> {
    pub user: Signer<'info>,
    pub config: Box<Account<'info, Config>>,
    #[account(mut, dup, has_one = user @ EscrowError::NotEscrowUser)]
    pub escrow: Box<Account<'info, Escrow>>,
}

/// Gives the node `extra_seconds` more. It can only help the node, which may still give up; the estimate
/// that its punctuality is measured against stays.
pub fn extend_deadline(ctx: Context<ExtendDeadline>, extra_seconds: u32) -> Result<()> {
    let clock = Clock::get()?;
    let escrow = &mut ctx.accounts.escrow;
    let max_timeout = ctx.accounts.config.params.max_timeout_seconds;
    escrow.extend_deadline(extra_seconds, max_timeout, clock.unix_timestamp)?;
    emit!(DeadlineExtended {
        extra_seconds,
        deadline: escrow.deadline,
        post: EscrowPost::after_change(escrow, &clock),
    });
    Ok(())
}
