use anchor_lang::prelude::*;

use crate::{EscrowError, SettleByAnyone, State};

/// Pays a submitted job after its acceptance window.
pub fn release(ctx: Context<SettleByAnyone>) -> Result<()> {
    let clock = Clock::get()?;
    let settlement = &mut ctx.accounts.settlement;
    settlement.escrow.require_state(State::Submitted)?;
    let over = clock.unix_timestamp >= settlement.escrow.release_at;
    require!(over, EscrowError::AcceptanceWindowOpen);
    settlement.pay_submitted(&clock)
}
