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
        // an escrow created anew within the same second may pin another proof
        constraint = transcript.circuit == escrow.verification.circuit @ ProofError::VerificationMismatch,
    )]
    pub transcript: Box<Account<'info, Transcript>>,
}

/// Fixes root, weights and length, once and for good: whatever is drawn later is drawn about them.
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
