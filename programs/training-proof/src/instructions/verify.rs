use anchor_lang::prelude::*;

use crate::{
    ProofError, Stage, Transcript,
    events::{ProofRefuted, ProofVerified, TranscriptPost},
    state::{key_of, registered},
    verifier,
};

/// A proof, and what the node vouches for with it.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// -A (64 bytes), B (128), C (64).
    pub proof: [u8; 256],
    /// The statement that it proves, a field element.
    pub public_input: [u8; 32],
    /// SHA-256 of the verifying key that it proves it for.
    pub key: [u8; 32],
}

/// Accounts of `verify`.
#[derive(Accounts)]
pub struct Verify<'info> {
    /// The wallet that owns the node.
    pub node: Signer<'info>,
    #[account(mut, dup, has_one = node @ ProofError::NotEscrowNode)]
    pub transcript: Box<Account<'info, Transcript>>,
}

/// Notes what a claim shows. Where it is not about the transcript's statement, or for another key than this
/// program's, the node meant something else, and nothing has happened. Where it is, the node vouches for the proof: it
/// is verified once, or refuted once. Proofs can be varied without knowing what they show, so the stage counts, never
/// the bytes.
pub fn verify(ctx: Context<Verify>, claim: &Claim) -> Result<()> {
    let clock = Clock::get()?;
    let transcript = &mut ctx.accounts.transcript;
    transcript.require_stage(Stage::Revealed)?;
    let input = transcript.public_input()?;
    require!(claim.public_input == input, ProofError::OtherStatement);
    let key = key_of(registered(&transcript.circuit)?)?;
    require!(claim.key == key.sha256, ProofError::OtherKey);
    if verifier::shows(&claim.proof, input, key.bytes)? {
        transcript.stage = Stage::Verified;
        transcript.verified_at = clock.unix_timestamp;
        emit!(ProofVerified {
            node: transcript.node,
            circuit: transcript.circuit,
            public_input: input,
            post: TranscriptPost::after_change(transcript, &clock),
        });
    } else {
        transcript.stage = Stage::Refuted;
        emit!(ProofRefuted {
            node: transcript.node,
            circuit: transcript.circuit,
            public_input: input,
            post: TranscriptPost::after_change(transcript, &clock),
        });
    }
    Ok(())
}
