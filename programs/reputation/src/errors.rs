//! Everything reputation refuses, numbered from 8000.

use anchor_lang::prelude::*;

/// Refusals of reputation.
#[error_code(offset = 8000)]
pub enum ReputationError {
    #[msg("Only the program's upgrade authority may initialize: sign with that key")]
    NotUpgradeAuthority,
    #[msg("Only the admin may do this: sign with the config's admin key")]
    NotAdmin,
    #[msg("Only the proposed admin may accept: call propose_admin for this key first")]
    NotPendingAdmin,
    #[msg(
        "The program is paused: new accounts, ratings and reports on uptime wait until it resumes"
    )]
    Paused,
    #[msg("Only job-escrow may record outcomes")]
    NotSettlementAuthority,
    #[msg("A rating is 1 to 5 stars")]
    InvalidStars,
    #[msg("This is not an escrow of job-escrow: pass the address of a paid, not yet closed escrow")]
    NotAnEscrow,
    #[msg("Only a paid job can be rated: accept it, or wait for its release")]
    NotPaid,
    #[msg("Only the escrow's user may rate: sign with the key that created it")]
    NotEscrowUser,
    #[msg("The record belongs to another node: pass the one of the escrow's node")]
    NodeMismatch,
    #[msg("The arithmetic overflowed")]
    MathOverflow,
    #[msg("Only the coordinator may report uptime: sign with the config's coordinator key")]
    NotCoordinator,
    #[msg("Pass one sample for each record that follows the accounts, 1 to 60 of them")]
    InvalidBatch,
    #[msg("A sample counts at most 120 checks, at least one, and no more successes than checks")]
    InvalidUptimeSample,
    #[msg("This node's uptime was reported less than an hour ago, or it is in the batch twice")]
    UptimeTooEarly,
    #[msg("The rating is another escrow's: pass the address of the escrow that it names")]
    RatingMismatch,
    #[msg("The rent goes back to who paid it: pass the payer that the rating names")]
    RatingPayerMismatch,
    #[msg("The escrow is still there: close it first")]
    EscrowStillThere,
}
