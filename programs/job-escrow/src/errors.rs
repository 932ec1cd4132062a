//! Everything job-escrow refuses, numbered from 6000.

use anchor_lang::prelude::*;

/// Refusals of job-escrow.
#[error_code]
pub enum EscrowError {
    #[msg("Only the program's upgrade authority may initialize: sign with that key")]
    NotUpgradeAuthority,
    #[msg("Only the admin may do this: sign with the config's admin key")]
    NotAdmin,
    #[msg("Only the proposed admin may accept: call propose_admin for this key first")]
    NotPendingAdmin,
    #[msg("Only the coordinator may assign nodes: sign with the config's coordinator key")]
    NotCoordinator,
    #[msg("Only the escrow's user may do this: sign with the key that created it")]
    NotEscrowUser,
    #[msg("Only the assigned node's owner may do this: sign with that wallet")]
    NotAssignedNode,
    #[msg("A parameter is outside its bounds: see Params::validate")]
    ParameterOutOfBounds,
    #[msg("The mint must have 9 decimals and no freeze authority")]
    UnsuitableMint,
    #[msg("The mint is not the one in the config")]
    MintMismatch,
    #[msg("The program is paused: new escrows, top-ups and assignments wait until it resumes")]
    Paused,
    #[msg("The amount must be above 0")]
    ZeroAmount,
    #[msg("The job is incomplete: it needs epochs, an estimate, a spec hash and a dataset root")]
    IncompleteJob,
    #[msg("The timeout is outside what the config allows")]
    TimeoutOutOfBounds,
    #[msg("The escrow's state does not allow this: read its state first")]
    WrongState,
    #[msg("The assignment window has passed: let the user be refunded with expire_unassigned")]
    AssignWindowOver,
    #[msg("The assignment window is still open: cancel as the user, or wait")]
    AssignWindowOpen,
    #[msg("The node's record belongs to another wallet: pass the PDA of the node's owner")]
    NodeMismatch,
    #[msg("The user's record belongs to another wallet: pass the PDA of the escrow's user")]
    UserMismatch,
    #[msg("The lock belongs to another escrow: pass the PDA of this one")]
    LockMismatch,
    #[msg("A checkpoint's epoch must grow and stay within the required epochs")]
    InvalidCheckpoint,
    #[msg(
        "The instruction before this one must be the Ed25519 program's, with one signature and its data inline"
    )]
    MissingSignatureCheck,
    #[msg("The receipt must be signed by the escrow's user")]
    ReceiptSignerMismatch,
    #[msg("The signed message is not this receipt: sign receipt_message(..) of the same numbers")]
    ReceiptMessageMismatch,
    #[msg("A receipt must hold at most what it has seen, and see at most the required epochs")]
    InvalidReceipt,
    #[msg("The escrow already knows this receipt or a higher one")]
    StaleReceipt,
    #[msg("The deadline has passed")]
    DeadlinePassed,
    #[msg("The deadline has not passed yet")]
    DeadlineNotPassed,
    #[msg("A completion needs all required epochs, a final root and a weights hash")]
    IncompleteCompletion,
    #[msg("The acceptance window is still open: accept as the user, or wait until release_at")]
    AcceptanceWindowOpen,
    #[msg("The receipt window is still open: settle as the node, or wait until cancel_at")]
    ReceiptWindowOpen,
    #[msg("Only the user may close this early: sign as the user, or wait 30 days from settlement")]
    CloseTooEarly,
    #[msg("The rent goes back to who paid it: pass escrow.rent_payer")]
    RentPayerMismatch,
    #[msg("The arithmetic overflowed")]
    MathOverflow,
    #[msg("The escrow's accounts do not add up; this is a bug, please report it")]
    InvariantViolated,
    #[msg(
        "The escrow is not the one these terms are for: read it again, or leave the job unassigned"
    )]
    TermsMismatch,
    #[msg("A user's own node does not do the user's job: choose another node")]
    OwnNode,
    #[msg("Only the dispute authority may decide: sign with the config's dispute_authority key")]
    NotDisputeAuthority,
    #[msg("The acceptance window is over: what may be released may not be disputed any more")]
    DisputeTooLate,
    #[msg("The dispute may still be decided: wait until dispute_ends_at")]
    DisputeRunning,
    #[msg("The time to decide is over: end the dispute with expire_dispute")]
    DisputeOver,
    #[msg("A verdict gives the node at most 10000 basis points")]
    InvalidVerdict,
    #[msg(
        "The config needs a coordinator, a dispute authority, a development and a liquidity wallet"
    )]
    MissingKey,
    #[msg("An account is not the one that the escrow or the config names: pass that one")]
    AddressMismatch,
    #[msg("No fees have been collected since the last distribution")]
    NothingToDistribute,
    #[msg(
        "The dispute authority is a party of this job: name another in the config, or let the dispute expire"
    )]
    OwnDispute,
    #[msg(
        "A job without a tier pins nothing of a proof; one with a tier pins the circuit that its proof is for"
    )]
    InvalidVerification,
    #[msg(
        "The transcript is not this job's: pass training-proof's PDA [\"transcript\", escrow], or none where the job has no tier"
    )]
    TranscriptMismatch,
    #[msg(
        "The transcript's stage does not allow this: a job with a tier is assigned while it is Opened, submitted once it is Verified, handed back while it is Opened or FullAudit, and ended with settle_refuted where it is Refuted"
    )]
    TranscriptStage,
    #[msg(
        "The job may still be audited: dispute it as the user, or wait until release_at, when anyone may release it"
    )]
    AuditWindowOpen,
    #[msg(
        "The time to hand the job back is over, an hour after its assignment or with half of its time: give it up with fail"
    )]
    DeclineTooLate,
    #[msg(
        "Work is done and held, as an anchored checkpoint and a receipt say: finish the job, or give it up with fail"
    )]
    WorkHeld,
    #[msg(
        "An escrow is not closed in the second in which it was created: try again a second later"
    )]
    CreatedJustNow,
    #[msg(
        "The escrow was created anew since it was checked: check it again, or leave the job unassigned"
    )]
    CreatedAnew,
}
