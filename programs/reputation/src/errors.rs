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
    #[msg("The program is paused: new accounts and ratings wait until it resumes")]
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
}
