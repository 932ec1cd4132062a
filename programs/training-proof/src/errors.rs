//! Everything training-proof refuses, numbered from 10000.

use anchor_lang::prelude::*;

/// Refusals of training-proof.
#[error_code(offset = 10000)]
pub enum ProofError {
    #[msg("Only the escrow's user may open its transcript: sign with the key that created it")]
    NotEscrowUser,
    #[msg("Only the escrow's node may do this: sign with the wallet that owns it")]
    NotEscrowNode,
    #[msg("The escrow is no longer open: open the transcript before a node is assigned")]
    EscrowNotOpen,
    #[msg("The escrow is not assigned: commit while the node works on the job")]
    EscrowNotAssigned,
    #[msg(
        "The escrow is not the transcript's: pass the one that it names, created when it was opened"
    )]
    EscrowMismatch,
    #[msg("The circuit is not registered: pass the id of a registered one")]
    UnknownCircuit,
    #[msg("This build has no key for the circuit: a ceremony must make one first")]
    NoVerifyingKey,
    #[msg("The circuit has no room for the job's epochs: choose a larger one")]
    TooManyEpochs,
    #[msg("A learning rate belongs to a training circuit, and must not be 0 there")]
    InvalidRate,
    #[msg("A word is not smaller than the field's order: pass the canonical one")]
    NotCanonical,
    #[msg("The job's epochs are not complete: commit when all that the escrow requires are done")]
    IncompleteTraining,
    #[msg("The transcript is at another stage: look at its stage for what comes next")]
    WrongStage,
    #[msg("The slot whose hash the challenge needs has not come yet: try again in a few seconds")]
    RevealTooEarly,
    #[msg("The nonce is not the one whose hash was fixed when the transcript was opened")]
    WrongNonce,
    #[msg("A nonce is missing: pass it, or wait for the end of the time it may take")]
    NonceMissing,
    #[msg(
        "The proof's points are not on their curves, or are none: it is damaged; make it again from the transcript"
    )]
    ProofRejected,
    #[msg("The escrow is not settled: close the transcript when it is")]
    EscrowNotSettled,
    #[msg("The rent goes back to who paid it: pass the payer that the transcript names")]
    RentPayerMismatch,
    #[msg("The arithmetic overflowed")]
    MathOverflow,
    #[msg(
        "The proof is for another statement than this transcript's: other commitments, another learning rate, or a challenge that was not drawn here; make it again from the transcript"
    )]
    OtherStatement,
    #[msg(
        "The escrow pins another proof: open the transcript with the circuit that its verification names"
    )]
    VerificationMismatch,
    #[msg(
        "The proof is for another verifying key than this program's: update the node, or wait for the program's upgrade"
    )]
    OtherKey,
    #[msg("The proof is of another job: pass the transcript of its escrow")]
    OtherJob,
    #[msg("The proof is of another node's work on the job: make one of your own")]
    OtherNode,
    #[msg("The proof is of another spec than the escrow's: make it again from this job's run")]
    OtherSpec,
    #[msg("The proof is for another circuit than the one that the escrow pins: make it for that")]
    OtherCircuit,
    #[msg("The proof is of a run on other data than the user's: train on what came from the user")]
    OtherDataset,
    #[msg(
        "The deadline has passed, and nothing is submitted any more: give the job up with job-escrow's fail"
    )]
    DeadlinePassed,
}
