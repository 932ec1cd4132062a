use anchor_lang::prelude::*;
use reputation::Outcome;

use super::settlement::*;
use crate::{EscrowError, State, math::Split};

/// Accounts of `accept`.
#[derive(Accounts)]
pub struct Accept<'info> {
    #[account(address = settlement.escrow.user @ EscrowError::NotEscrowUser)]
    pub user: Signer<'info>,
    pub settlement: Settlement<'info>,
}

/// Pays a submitted job at once.
pub fn accept(ctx: Context<Accept>) -> Result<()> {
    ctx.accounts.settlement.pay_submitted(&Clock::get()?)
}

impl Settlement<'_> {
    /// `Submitted` -> `Paid`: the fee to the platform, the rest to the node.
    pub(crate) fn pay_submitted(&mut self, clock: &Clock) -> Result<()> {
        let escrow = &self.escrow;
        escrow.require_state(State::Submitted)?;
        let outcome = Outcome::Completed {
            on_time: escrow.on_time(),
        };
        let split = Split::paid(escrow.amount, escrow.fee_bps);
        self.end(State::Paid, split, outcome, clock)
    }
}
