use anchor_lang::prelude::*;
use job_escrow::{Escrow, State};

use crate::{
    Commitment, ProofError, Transcript,
    events::{TranscriptCommitted, TranscriptPost},
};

/// Accounts of `commit`.
#[derive(Accounts)]
pub struct Commit<'info> {
    /// The wallet that owns the node.
    pub node: Signer<'info>,
    #[account(
        has_one = node @ ProofError::NotEscrowNode,
        constraint = escrow.state == State::Assigned @ ProofError::EscrowNotAssigned,
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(
        mut,
        dup,
        has_one = escrow @ ProofError::EscrowMismatch,
        constraint = transcript.escrow_created_at == escrow.created_at @ ProofError::EscrowMismatch,
        // so it was when it was opened; the job is paid as what its escrow says
        constraint = transcript.is_of(&escrow.verification) @ ProofError::VerificationMismatch,
    )]
    pub transcript: Box<Account<'info, Transcript>>,
}

/// Fixes root, weights and length, once and for good: whatever is drawn later is drawn about them. Not after the
/// deadline: nothing is submitted then, and a node that commits to nothing in particular could wait for a full audit
/// and leave unpunished.
pub fn commit(ctx: Context<Commit>, args: Commitment) -> Result<()> {
    let clock = Clock::get()?;
    let transcript = &mut ctx.accounts.transcript;
    transcript.commit(&ctx.accounts.escrow, &args, &clock)?;
    emit!(TranscriptCommitted {
        node: transcript.node,
        root: args.root,
        trained: args.trained,
        leaves_hash: args.leaves_hash,
        post: TranscriptPost::after_change(transcript, &clock),
    });
    Ok(())
}
