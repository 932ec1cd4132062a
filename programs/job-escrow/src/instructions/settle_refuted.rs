use anchor_lang::prelude::*;
use node_registry::SlashReason;
use reputation::Outcome;

use crate::{EndFailed, EscrowError, State, math::Split, transcript::Stage};

/// Ends a job whose node has claimed, with its signature, that a proof shows what it does not: all goes back to
/// the user, whatever the receipts say, and the node is slashed, as for its third failure where it is that. A cancel
/// that waits for receipts is no way out.
pub fn settle_refuted(ctx: Context<EndFailed>) -> Result<()> {
    let clock = Clock::get()?;
    let escrow = &ctx.accounts.slashing.settlement.escrow;
    let running = matches!(escrow.state, State::Assigned | State::Cancelling);
    require!(running, EscrowError::WrongState);
    let refuted = ctx.accounts.transcript_stage()? == Some(Stage::REFUTED);
    require!(refuted, EscrowError::TranscriptStage);
    let split = Split {
        user: escrow.amount,
        ..Split::default()
    };
    let slashing = &mut ctx.accounts.slashing;
    slashing.slash(SlashReason::InvalidProof)?;
    slashing.end(State::Failed, Some(split), Outcome::InvalidProof, &clock)
}
