use anchor_lang::prelude::*;

use crate::{
    Config, Outcome, Reputation, ReputationError, UserReputation, events::OutcomeRecorded,
};

/// Accounts of `record`. job-escrow, who signs, passes the records of its escrow's node and user.
#[derive(Accounts)]
pub struct Record<'info> {
    /// job-escrow's signer.
    pub settlement_authority: Signer<'info>,
    #[account(has_one = settlement_authority @ ReputationError::NotSettlementAuthority)]
    pub config: Box<Account<'info, Config>>,
    #[account(mut)]
    pub reputation: AccountLoader<'info, Reputation>,
    #[account(mut)]
    pub user_reputation: AccountLoader<'info, UserReputation>,
}

/// Counts a settled job for its node and user.
pub fn record(ctx: Context<Record>, outcome: Outcome) -> Result<()> {
    let clock = Clock::get()?;
    let mut node = ctx.accounts.reputation.load_mut()?;
    let mut user = ctx.accounts.user_reputation.load_mut()?;
    let weight = node.record(outcome, &user.user, clock.unix_timestamp);
    user.record(outcome, clock.unix_timestamp);
    emit!(OutcomeRecorded {
        node: node.owner,
        user: user.user,
        outcome,
        weight,
        score: node.score,
        seq: node.seq,
        slot: clock.slot,
        unix_timestamp: clock.unix_timestamp,
    });
    Ok(())
}
