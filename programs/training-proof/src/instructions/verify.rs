use anchor_lang::prelude::*;

use crate::{
    ProofError, Stage, Transcript,
    events::{ProofRefuted, ProofVerified, TranscriptPost},
    state::{key_of, registered},
    verifier,
};

/// What a proof is about. The statement has it all in one number, which does not tell what differs.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The job: its escrow.
    pub escrow: Pubkey,
    /// The wallet that owns the node.
    pub node: Pubkey,
    /// The circuit.
    pub circuit: [u8; 32],
    /// These and the spec as one word, as the transcript has it.
    pub context: [u8; 32],
    /// The root of the dataset's batches.
    pub dataset: [u8; 32],
}

impl Subject {
    /// Refuses what is not about the same, by the first thing that differs.
    fn require_same(&self, demanded: &Self) -> Result<()> {
        require!(self.escrow == demanded.escrow, ProofError::OtherJob);
        require!(self.node == demanded.node, ProofError::OtherNode);
        require!(self.circuit == demanded.circuit, ProofError::OtherCircuit);
        // An escrow's address has its user and job id in it: the spec is all that is left.
        require!(self.context == demanded.context, ProofError::OtherSpec);
        require!(self.dataset == demanded.dataset, ProofError::OtherDataset);
        Ok(())
    }
}

/// A proof, and what the node vouches for with it.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// -A (64 bytes), B (128), C (64).
    pub proof: [u8; 256],
    /// What it is about.
    pub subject: Subject,
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
    claim.subject.require_same(&transcript.subject())?;
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
