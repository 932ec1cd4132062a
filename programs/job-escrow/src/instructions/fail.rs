use anchor_lang::prelude::*;
use reputation::Outcome;

use crate::{
    EscrowError, SettleByAnyone, Settlement, State, instructions::settlement::StakeEnd, math::Split,
};

/// Gives an assigned job up. The user pays for what it holds.
pub fn fail(ctx: Context<SettleByAnyone>) -> Result<()> {
    let settlement = &mut ctx.accounts.settlement;
    settlement.escrow.require_state(State::Assigned)?;
    let by_node = ctx.accounts.signer.key() == settlement.escrow.node;
    require!(by_node, EscrowError::NotAssignedNode);
    let split = settlement.split_by_held();
    settlement.end(
        State::Failed,
        split,
        StakeEnd::UnlockFailed,
        Outcome::Failed,
        &Clock::get()?,
    )
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
