//! Instructions of training-proof.

use cyxwiz_domain::{Address, Digest};
use solana_instruction::Instruction;
use training_proof::{accounts, instruction};

use super::build;
use crate::{Subject, key, pda};

/// What a proof of a job must show, as its user wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTranscript {
    /// The circuit, as the escrow pins it.
    pub circuit: Digest,
    /// The root of the dataset's batches, a word.
    pub dataset: Digest,
    /// The commitment of the weights before training, a word.
    pub initial: Digest,
    /// The learning rate's numerator; 0 for a transcript alone.
    pub rate: u16,
    /// [`nonce_hash`](crate::nonce_hash) of the user's nonce.
    pub user_nonce_hash: Digest,
    /// [`nonce_hash`](crate::nonce_hash) of the coordinator's nonce.
    pub coordinator_nonce_hash: Digest,
}

/// What came out of a training run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commitment {
    /// The Merkle root over the transcript's hash chain, a word.
    pub root: Digest,
    /// The commitment of the trained weights, a word.
    pub trained: Digest,
    /// SHA-256 over the commitments of all steps.
    pub leaves_hash: Digest,
    /// Epochs in the transcript.
    pub epochs: u16,
}

/// Fixes what a proof of an open escrow's job must show. Signed by the user, who pays the rent.
pub fn open(user: Address, escrow: Address, open: &OpenTranscript) -> Instruction {
    build(
        training_proof::ID,
        &accounts::Open {
            user: key(user),
            payer: key(user),
            escrow: key(escrow),
            transcript: key(pda::transcript(escrow)),
            system_program: solana_sdk_ids::system_program::ID,
        },
        &instruction::Open {
            args: training_proof::OpenArgs {
                circuit: open.circuit.0,
                dataset: open.dataset.0,
                initial: open.initial.0,
                rate: open.rate,
                user_nonce_hash: open.user_nonce_hash.0,
                coordinator_nonce_hash: open.coordinator_nonce_hash.0,
            },
        },
    )
}

/// Fixes what came out of the training, once. Signed by the owner of the escrow's node.
pub fn commit(node: Address, escrow: Address, made: &Commitment) -> Instruction {
    build(
        training_proof::ID,
        &accounts::Commit {
            node: key(node),
            escrow: key(escrow),
            transcript: key(pda::transcript(escrow)),
        },
        &instruction::Commit {
            args: training_proof::Commitment {
                root: made.root.0,
                trained: made.trained.0,
                leaves_hash: made.leaves_hash.0,
                epochs: made.epochs,
            },
        },
    )
}

/// Has the slot hash and the nonces given taken over, and the challenge drawn when nothing more is waited for.
/// Needs no signer of its own.
pub fn reveal(
    escrow: Address,
    user_nonce: Option<[u8; 32]>,
    coordinator_nonce: Option<[u8; 32]>,
) -> Instruction {
    build(
        training_proof::ID,
        &accounts::Reveal {
            transcript: key(pda::transcript(escrow)),
        },
        &instruction::Reveal {
            nonces: training_proof::Nonces {
                user: user_nonce,
                coordinator: coordinator_nonce,
            },
        },
    )
}

/// A proof, and what the node vouches for with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// -A (64 bytes), B (128), C (64).
    pub proof: [u8; 256],
    /// What it is about.
    pub subject: Subject,
    /// The statement that it proves.
    pub public_input: Digest,
    /// SHA-256 of the verifying key that it proves it for.
    pub key: Digest,
}

/// Verifies a proof of what the node claims; one that is false refutes the transcript, so verify it natively first.
/// Signed by the owner of the escrow's node.
pub fn verify(node: Address, escrow: Address, claim: &Claim) -> Instruction {
    build(
        training_proof::ID,
        &accounts::Verify {
            node: key(node),
            transcript: key(pda::transcript(escrow)),
        },
        &instruction::Verify {
            claim: training_proof::Claim {
                proof: claim.proof,
                subject: training_proof::Subject {
                    escrow: key(claim.subject.escrow),
                    node: key(claim.subject.node),
                    circuit: claim.subject.circuit.0,
                    context: claim.subject.context.0,
                    dataset: claim.subject.dataset.0,
                },
                public_input: claim.public_input.0,
                key: claim.key.0,
            },
        },
    )
}

/// Closes the transcript of an escrow that is settled or gone; the rent goes back to who paid it. Needs no
/// signer of its own.
pub fn close(escrow: Address, rent_payer: Address) -> Instruction {
    build(
        training_proof::ID,
        &accounts::Close {
            transcript: key(pda::transcript(escrow)),
            escrow: key(escrow),
            rent_payer: key(rent_payer),
        },
        &instruction::Close {},
    )
}
