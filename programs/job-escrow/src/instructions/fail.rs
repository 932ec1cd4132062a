use anchor_lang::prelude::*;
use reputation::Outcome;

use crate::{EndFailed, EscrowError, Settlement, State, events::EscrowSettled, math::Split};

/// Gives an assigned job up. The user pays for what it holds.
pub fn fail(ctx: Context<EndFailed>) -> Result<()> {
    let slashing = &mut ctx.accounts.slashing;
    let escrow = &slashing.settlement.escrow;
    escrow.require_state(State::Assigned)?;
    let by_node = ctx.accounts.signer.key() == escrow.node;
    require!(by_node, EscrowError::NotAssignedNode);
    slashing.unlock_failed()?;
    let settlement = &mut slashing.settlement;
    let split = settlement.split_by_held();
    let post = settlement.settle(State::Failed, split, Outcome::Failed, &Clock::get()?)?;
    emit!(EscrowSettled { post });
    Ok(())
}

impl Settlement<'_> {
    /// The split of a job that the node did not finish.
    pub(crate) fn split_by_held(&self) -> Option<Split> {
        let escrow = &self.escrow;
        Split::held(
            escrow.amount,
            escrow.receipt_held,
            escrow.required_epochs,
            escrow.fee_bps,
        )
    }
}
