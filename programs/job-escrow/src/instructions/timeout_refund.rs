use anchor_lang::prelude::*;
use node_registry::SlashReason;
use reputation::Outcome;

use crate::{EndFailed, EscrowError, State};

/// Ends a job past its deadline and slashes the node. The user pays for what it holds.
pub fn timeout_refund(ctx: Context<EndFailed>) -> Result<()> {
    let clock = Clock::get()?;
    ctx.accounts.require_not_refuted()?;
    let slashing = &mut ctx.accounts.slashing;
    let late = clock.unix_timestamp > slashing.settlement.escrow.deadline;
    require!(late, EscrowError::DeadlineNotPassed);
    slashing.slash(SlashReason::Timeout)?;
    let split = slashing.settlement.split_by_held();
    slashing.end(State::TimedOut, split, Outcome::TimedOut, &clock)
}
