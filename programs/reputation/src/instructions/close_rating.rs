use anchor_lang::prelude::*;

use crate::{Config, Rating, ReputationError, events::RatingClosed};

/// Accounts of `close_rating`. Needs no signature: there is one address for the rent, and one time.
#[derive(Accounts)]
pub struct CloseRating<'info> {
    pub config: Box<Account<'info, Config>>,
    #[account(
        mut,
        dup,
        close = payer,
        has_one = escrow @ ReputationError::RatingMismatch,
        has_one = payer @ ReputationError::RatingPayerMismatch,
    )]
    pub rating: Box<Account<'info, Rating>>,
    /// CHECK: the rated escrow's address; lamports sent there by a stranger do not make it an escrow again.
    #[account(constraint = *escrow.owner != config.escrow_program @ ReputationError::EscrowStillThere)]
    pub escrow: UncheckedAccount<'info>,
    /// CHECK: who paid the rent, as the rating says.
    #[account(mut)]
    pub payer: UncheckedAccount<'info>,
}

/// Gives the rent of a closed escrow's rating back. An escrow created anew at the address is another job.
pub fn close_rating(ctx: Context<CloseRating>) -> Result<()> {
    let clock = Clock::get()?;
    emit!(RatingClosed {
        escrow: ctx.accounts.escrow.key(),
        slot: clock.slot,
        unix_timestamp: clock.unix_timestamp,
    });
    Ok(())
}
