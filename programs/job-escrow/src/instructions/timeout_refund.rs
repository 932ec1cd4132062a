use anchor_lang::prelude::*;
use reputation::Outcome;

use crate::{EscrowError, SettleByAnyone, State, instructions::settlement::StakeEnd};

/// Ends a job past its deadline and slashes the node. The user pays for what it holds.
pub fn timeout_refund(ctx: Context<SettleByAnyone>) -> Result<()> {
    let clock = Clock::get()?;
    let settlement = &mut ctx.accounts.settlement;
    settlement.escrow.require_state(State::Assigned)?;
    let late = clock.unix_timestamp > settlement.escrow.deadline;
    require!(late, EscrowError::DeadlineNotPassed);
    let split = settlement.split_by_held();
    settlement.end(
        State::TimedOut,
        split,
        StakeEnd::SlashTimeout,
        Outcome::TimedOut,
        &clock,
    )
}
