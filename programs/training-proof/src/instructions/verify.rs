use anchor_lang::prelude::*;

use crate::{
    ProofError, Stage, Transcript,
    events::{ProofVerified, TranscriptPost},
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

/// Notes that the proof shows what the transcript demands. Proofs can be varied without knowing what they
/// show, so it is the transcript's stage that counts, never the bytes: it is verified once.
pub fn verify(ctx: Context<Verify>, proof: &[u8; PROOF_BYTES]) -> Result<()> {
    let clock = Clock::get()?;
    let transcript = &mut ctx.accounts.transcript;
    transcript.require_stage(Stage::Revealed)?;
    let input = transcript.public_input()?;
    let key = key_of(registered(&transcript.circuit)?)?;
    verifier::verify(proof, input, key.bytes)?;
    transcript.stage = Stage::Verified;
    transcript.verified_at = clock.unix_timestamp;
    emit!(ProofVerified {
        node: transcript.node,
        circuit: transcript.circuit,
        public_input: input,
        post: TranscriptPost::after_change(transcript, &clock),
    });
    Ok(())
}
