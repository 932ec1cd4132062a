use anchor_lang::prelude::*;
use reputation::Outcome;

use crate::{EndFailed, EscrowError, Settlement, State, math::Split};

/// Gives an assigned job up. The user pays for what it holds.
pub fn fail(ctx: Context<EndFailed>) -> Result<()> {
    let clock = Clock::get()?;
    ctx.accounts.require_not_refuted()?;
    let by_node = ctx.accounts.signer.key() == ctx.accounts.slashing.settlement.escrow.node;
    require!(by_node, EscrowError::NotAssignedNode);
    let slashing = &mut ctx.accounts.slashing;
    slashing.unlock_failed()?;
    let split = slashing.settlement.split_by_held();
    slashing.end(State::Failed, split, Outcome::Failed, &clock)
}

impl Settlement<'_> {
    /// The split of a job that the node did not finish. Where the job has a tier, a node that has submitted no
    /// proven work has earned nothing.
    pub(crate) fn split_by_held(&self) -> Option<Split> {
        let escrow = &self.escrow;
        let unproven = escrow.verification.tier.is_proven() && escrow.submitted_at == 0;
        Split::held(
            escrow.amount,
            if unproven { 0 } else { escrow.receipt_held },
            escrow.required_epochs,
            escrow.fee_bps,
        )
    }
}
