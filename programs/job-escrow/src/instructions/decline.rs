use anchor_lang::prelude::*;
use reputation::Outcome;

use super::settlement::*;
use crate::{EscrowError, State, math::Split};

/// Accounts of `decline`. Hands back a job that the node has not failed, so nothing is slashed.
#[derive(Accounts)]
pub struct Decline<'info> {
    /// The node's owner.
    #[account(address = settlement.escrow.node @ EscrowError::NotAssignedNode)]
    pub signer: Signer<'info>,
    pub settlement: Settlement<'info>,
    /// CHECK: read by `Escrow::transcript_stage`; only where the job has a tier.
    pub transcript: Option<UncheckedAccount<'info>>,
}

/// Hands an assigned job back while `Escrow::require_declinable` allows it: all goes back to the user, and the
/// node's record shows it without a penalty.
pub fn decline(ctx: Context<Decline>) -> Result<()> {
    let clock = Clock::get()?;
    let settlement = &mut ctx.accounts.settlement;
    let escrow = &settlement.escrow;
    let stage = escrow.transcript_stage(&escrow.key(), &ctx.accounts.transcript)?;
    escrow.require_declinable(stage, clock.unix_timestamp)?;
    let split = Split {
        user: escrow.unpaid()?,
        ..Split::default()
    };
    settlement.end(State::Refunded, Some(split), Outcome::Declined, &clock)
}
