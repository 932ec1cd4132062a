use anchor_lang::prelude::*;

use super::refund::*;
use crate::{EscrowError, State};

/// Accounts of `expire_unassigned`.
#[derive(Accounts)]
pub struct ExpireUnassigned<'info> {
    pub refund: Refund<'info>,
}

/// Refunds a job that no node took within the assignment window.
pub fn expire_unassigned(ctx: Context<ExpireUnassigned>) -> Result<()> {
    let clock = Clock::get()?;
    let refund = &mut ctx.accounts.refund;
    refund.escrow.require_state(State::Open)?;
    let window_end = crate::state::later(
        refund.escrow.created_at,
        refund.config.params.assign_window_seconds,
    )?;
    let over = clock.unix_timestamp > window_end;
    require!(over, EscrowError::AssignWindowOpen);
    refund.refund(&clock)
}
