use anchor_lang::prelude::*;
use cyxwiz_statement::Word;

use crate::{
    ProofError, Stage, Transcript,
    events::{ProofRefuted, ProofVerified, TranscriptPost},
    state::{key_of, registered},
    verifier::{self, PROOF_BYTES},
};

/// Accounts of `verify`.
#[derive(Accounts)]
pub struct Verify<'info> {
    /// The wallet that owns the node.
    pub node: Signer<'info>,
    #[account(mut, dup, has_one = node @ ProofError::NotEscrowNode)]
    pub transcript: Box<Account<'info, Transcript>>,
}

/// Notes what a proof of `public_input` shows. Where that is not the transcript's statement, the node meant
/// something else, and nothing has happened. Where it is, the node vouches for the proof: it is verified once, or
/// refuted once. Proofs can be varied without knowing what they show, so the stage counts, never the bytes.
pub fn verify(ctx: Context<Verify>, proof: &[u8; PROOF_BYTES], public_input: Word) -> Result<()> {
    let clock = Clock::get()?;
    let transcript = &mut ctx.accounts.transcript;
    transcript.require_stage(Stage::Revealed)?;
    let input = transcript.public_input()?;
    require!(public_input == input, ProofError::OtherStatement);
    let key = key_of(registered(&transcript.circuit)?)?;
    if verifier::shows(proof, input, key.bytes)? {
        transcript.stage = Stage::Verified;
        transcript.verified_at = clock.unix_timestamp;
        emit!(ProofVerified {
            node: transcript.node,
            circuit: transcript.circuit,
            public_input,
            post: TranscriptPost::after_change(transcript, &clock),
        });
    } else {
        transcript.stage = Stage::Refuted;
        emit!(ProofRefuted {
            node: transcript.node,
            circuit: transcript.circuit,
            public_input,
            post: TranscriptPost::after_change(transcript, &clock),
        });
    }
    Ok(())
}
