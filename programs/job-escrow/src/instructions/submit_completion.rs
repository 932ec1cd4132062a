use anchor_lang::prelude::*;

use crate::{
    Completion, Escrow, EscrowError,
    events::{CompletionSubmitted, EscrowPost},
    transcript::Stage,
};

/// Accounts of `submit_completion`.
#[derive(Accounts)]
pub struct SubmitCompletion<'info> {
    /// The node's owner.
    pub node: Signer<'info>,
    #[account(mut, dup, has_one = node @ EscrowError::NotAssignedNode)]
    pub escrow: Box<Account<'info, Escrow>>,
    /// CHECK: read by `Escrow::require_stage`; only where the job has a tier.
    pub transcript: Option<UncheckedAccount<'info>>,
}

/// Declares the training done and opens the acceptance window. A job with a tier must have been proven.
pub fn submit_completion(ctx: Context<SubmitCompletion>, args: Completion) -> Result<()> {
    let clock = Clock::get()?;
    let escrow = &mut ctx.accounts.escrow;
    escrow.require_stage(&escrow.key(), &ctx.accounts.transcript, Stage::VERIFIED)?;
    escrow.submit(&args, clock.unix_timestamp)?;
    emit!(CompletionSubmitted {
        final_root: args.final_root,
        weights_hash: args.weights_hash,
        release_at: escrow.release_at,
        post: EscrowPost::after_change(escrow, &clock),
    });
    Ok(())
}
