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

/// Pays a submitted job at once. Where the work is shown by audits alone, the user cannot shorten the time that
/// they have.
pub fn accept(ctx: Context<Accept>) -> Result<()> {
    let clock = Clock::get()?;
    let settlement = &mut ctx.accounts.settlement;
    let escrow = &settlement.escrow;
    let may_be_audited =
        escrow.verification.tier.is_audited() && clock.unix_timestamp < escrow.release_at;
    require!(!may_be_audited, EscrowError::AuditWindowOpen);
    settlement.pay_submitted(&clock)
}

impl Settlement<'_> {
    /// `Submitted` -> `Paid`: the fee to the platform, the rest to the node.
    pub(crate) fn pay_submitted(&mut self, clock: &Clock) -> Result<()> {
        let escrow = &self.escrow;
        escrow.require_state(State::Submitted)?;
        let outcome = Outcome::Completed {
            on_time: escrow.on_time(),
            proven: escrow.verification.tier.is_proven(),
        };
        let split = Split::paid(escrow.amount, escrow.fee_bps);
        self.end(State::Paid, split, outcome, clock)
    }
}
