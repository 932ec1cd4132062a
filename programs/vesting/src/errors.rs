//! Everything vesting refuses, numbered from 9000.

use anchor_lang::prelude::*;

/// Refusals of vesting.
#[error_code(offset = 9000)]
pub enum VestingError {
    #[msg("An allocation of nothing is none: pass a total above 0")]
    ZeroTotal,
    #[msg("The cliff lies within the duration, which is 20 years at most; both are in seconds")]
    ScheduleOutOfBounds,
    #[msg("The start lies within ten years of now; it is a Unix time in seconds")]
    StartOutOfBounds,
    #[msg(
        "A mint that someone may freeze could hold an allocation back: its freeze authority must be none"
    )]
    UnsuitableMint,
    #[msg("Nobody could claim it: pass the beneficiary's wallet")]
    NoBeneficiary,
    #[msg("Only the beneficiary may do this: sign with the key that the allocation names")]
    NotBeneficiary,
    #[msg("Only the proposed beneficiary may accept: call propose_beneficiary for this key first")]
    NotPendingBeneficiary,
    #[msg("Nothing can be claimed yet: wait for the cliff, or for more time since the last claim")]
    NothingVested,
    #[msg("The allocation still holds tokens: claim them all first")]
    NotEmpty,
    #[msg("The account is not the allocation's: pass the address that it names")]
    AddressMismatch,
    #[msg("The rent goes back to who paid it: pass the payer that the allocation names")]
    RentPayerMismatch,
    #[msg("The vault holds less than is still owed: this must not happen, please report it")]
    InvariantViolated,
}
