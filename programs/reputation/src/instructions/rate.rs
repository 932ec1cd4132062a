use anchor_lang::prelude::*;

use crate::{
    Config, Rating, Reputation, ReputationError, VERSION,
    escrow_view::{EscrowView, STATE_PAID},
    events::NodeRated,
};

/// Accounts of `rate`.
#[derive(Accounts)]
pub struct Rate<'info> {
    /// The escrow's user; pays the rating's rent.
    #[account(mut)]
    pub user: Signer<'info>,
    #[account(constraint = !config.paused @ ReputationError::Paused)]
    pub config: Box<Account<'info, Config>>,
    /// CHECK: its owner, type, state, user and node are checked in the handler.
    pub escrow: UncheckedAccount<'info>,
    #[account(mut)]
    pub reputation: AccountLoader<'info, Reputation>,
    #[account(
        init,
        payer = user,
        space = 8 + Rating::INIT_SPACE,
        seeds = [Rating::SEED, escrow.key().as_ref()],
        bump,
    )]
    pub rating: Box<Account<'info, Rating>>,
    pub system_program: Program<'info, System>,
}

/// Gives the escrow's node 1 to 5 stars.
pub fn rate(ctx: Context<Rate>, stars: u8) -> Result<()> {
    let accounts = ctx.accounts;
    let escrow = EscrowView::read(&accounts.escrow, &accounts.config.escrow_program)?;
    require!(escrow.state == STATE_PAID, ReputationError::NotPaid);
    require_keys_eq!(
        escrow.user,
        accounts.user.key(),
        ReputationError::NotEscrowUser
    );
    let mut node = accounts.reputation.load_mut()?;
    require_keys_eq!(escrow.node, node.owner, ReputationError::NodeMismatch);

    let clock = Clock::get()?;
    node.rate(stars, &escrow.user, clock.unix_timestamp)?;
    accounts.rating.set_inner(Rating {
        version: VERSION,
        bump: ctx.bumps.rating,
        stars,
        escrow: accounts.escrow.key(),
        node: node.owner,
        payer: accounts.user.key(),
        rated_at: clock.unix_timestamp,
        reserved: [0; 16],
    });
    emit!(NodeRated {
        escrow: accounts.escrow.key(),
        node: node.owner,
        stars,
        score: node.score,
        seq: node.seq,
        slot: clock.slot,
        unix_timestamp: clock.unix_timestamp,
    });
    Ok(())
}
