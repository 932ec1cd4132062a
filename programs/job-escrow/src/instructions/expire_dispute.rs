use anchor_lang::prelude::*;
use reputation::Outcome;

use crate::{EscrowError, SettleByAnyone, State, events::DisputeExpired};

/// Ends a dispute that its authority has left undecided: the user pays for what it holds, as its
/// receipts show, and gets the bond back. Nobody's fault.
pub fn expire_dispute(ctx: Context<SettleByAnyone>) -> Result<()> {
    let clock = Clock::get()?;
    let settlement = &mut ctx.accounts.settlement;
    settlement.escrow.require_state(State::Disputed)?;
    let over = clock.unix_timestamp >= settlement.escrow.dispute_ends_at;
    require!(over, EscrowError::DisputeRunning);
    settlement.unlock()?;
    let (split, bond) = (settlement.split_by_held(), settlement.escrow.bond);
    let outcome = Outcome::DisputeUnresolved;
    let post = settlement.settle(State::Resolved, split, outcome, &clock)?;
    emit!(DisputeExpired { bond, post });
    Ok(())
}
