//! What training-proof tells indexers. Every event carries the state after the change.

use anchor_lang::prelude::*;

use crate::{Stage, Transcript};

/// A transcript after a change.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug, PartialEq, Eq)]
pub struct TranscriptPost {
    /// The transcript.
    pub transcript: Pubkey,
    /// The escrow whose job it is about.
    pub escrow: Pubkey,
    /// Where it stands.
    pub stage: Stage,
    /// The transcript's change counter.
    pub seq: u64,
    /// Slot of the change.
    pub slot: u64,
    /// Unix time of the change.
    pub unix_timestamp: i64,
}

impl TranscriptPost {
    /// Counts the change and describes the transcript at `address` after it.
    pub(crate) fn at(address: Pubkey, transcript: &mut Transcript, clock: &Clock) -> Self {
        transcript.seq = transcript.seq.wrapping_add(1);
        Self {
            transcript: address,
            escrow: transcript.escrow,
            stage: transcript.stage,
            seq: transcript.seq,
            slot: clock.slot,
            unix_timestamp: clock.unix_timestamp,
        }
    }

    /// Counts the change and describes the transcript after it.
    pub(crate) fn after_change(transcript: &mut Account<Transcript>, clock: &Clock) -> Self {
        Self::at(transcript.key(), transcript, clock)
    }
}

/// What a proof must show was fixed.
#[event]
pub struct TranscriptOpened {
    /// The circuit.
    pub circuit: [u8; 32],
    /// The root of the dataset's batches.
    pub dataset: [u8; 32],
    /// The commitment of the weights before training.
    pub initial: [u8; 32],
    /// After the change.
    pub post: TranscriptPost,
}

/// The node has committed.
#[event]
pub struct TranscriptCommitted {
    /// The wallet that owns the node.
    pub node: Pubkey,
    /// The Merkle root over the transcript's hash chain.
    pub root: [u8; 32],
    /// The commitment of the trained weights.
    pub trained: [u8; 32],
    /// SHA-256 of the file with the commitments of all steps.
    pub leaves_hash: [u8; 32],
    /// After the change.
    pub post: TranscriptPost,
}

/// The slot hash or a nonce is known; something is still waited for.
#[event]
pub struct RandomnessShown {
    /// The slot whose hash counts.
    pub target_slot: u64,
    /// Whether the user's nonce is there.
    pub user_nonce: bool,
    /// Whether the coordinator's nonce is there.
    pub coordinator_nonce: bool,
    /// After the change.
    pub post: TranscriptPost,
}

/// Which steps must be shown is drawn.
#[event]
pub struct ChallengeDrawn {
    /// The slot whose hash it was drawn with.
    pub target_slot: u64,
    /// What the challenge follows from.
    pub seed: [u8; 32],
    /// The challenge as the statement's word.
    pub challenge: [u8; 32],
    /// Whether the user's nonce took part.
    pub user_nonce: bool,
    /// Whether the coordinator's nonce took part.
    pub coordinator_nonce: bool,
    /// After the change.
    pub post: TranscriptPost,
}

/// The slot hash was lost: no challenge can be drawn any more.
#[event]
pub struct FullAuditRequired {
    /// After the change.
    pub post: TranscriptPost,
}

/// A proof was verified.
#[event]
pub struct ProofVerified {
    /// The wallet that owns the node.
    pub node: Pubkey,
    /// The circuit.
    pub circuit: [u8; 32],
    /// The proof's public input.
    pub public_input: [u8; 32],
    /// After the change.
    pub post: TranscriptPost,
}

/// A proof was refuted: the node has signed one that does not show what it claims.
#[event]
pub struct ProofRefuted {
    /// The wallet that owns the node.
    pub node: Pubkey,
    /// The circuit.
    pub circuit: [u8; 32],
    /// The public input that the proof was claimed to have.
    pub public_input: [u8; 32],
    /// After the change.
    pub post: TranscriptPost,
}

/// A transcript whose escrow is settled or gone was closed.
#[event]
pub struct TranscriptClosed {
    /// After the change.
    pub post: TranscriptPost,
}
