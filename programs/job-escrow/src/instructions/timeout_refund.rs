use anchor_lang::prelude::*;
use reputation::Outcome;

use crate::{EndFailed, EscrowError, State, events::EscrowSettled};

/// Ends a job past its deadline and slashes the node. The user pays for what it holds.
pub fn timeout_refund(ctx: Context<EndFailed>) -> Result<()> {
    let clock = Clock::get()?;
    let slashing = &mut ctx.accounts.slashing;
    let escrow = &slashing.settlement.escrow;
    escrow.require_state(State::Assigned)?;
    let late = clock.unix_timestamp > escrow.deadline;
    require!(late, EscrowError::DeadlineNotPassed);
    slashing.slash_timeout()?;
    let settlement = &mut slashing.settlement;
    let split = settlement.split_by_held();
    let post = settlement.settle(State::TimedOut, split, Outcome::TimedOut, &clock)?;
    emit!(EscrowSettled { post });
    Ok(())
}
