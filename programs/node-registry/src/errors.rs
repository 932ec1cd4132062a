//! Everything node-registry refuses, numbered from 7000.

use anchor_lang::prelude::*;

/// Refusals of node-registry.
#[error_code(offset = 7000)]
pub enum RegistryError {
    #[msg("Only the program's upgrade authority may initialize: sign with that key")]
    NotUpgradeAuthority,
    #[msg("Only the admin may do this: sign with the config's admin key")]
    NotAdmin,
    #[msg("Only the proposed admin may accept: call propose_admin for this key first")]
    NotPendingAdmin,
    #[msg("A parameter is outside its bounds: see Params::validate")]
    ParameterOutOfBounds,
    #[msg("The mint must have 9 decimals and no freeze authority")]
    UnsuitableMint,
    #[msg("The program is paused: registrations and new jobs wait until it resumes")]
    Paused,
    #[msg(
        "A profile needs an endpoint, a non-zero certificate fingerprint and a rate above 0, within the lengths of NodeProfile"
    )]
    InvalidProfile,
    #[msg("Only the node's owner may do this: sign with the key that registered it")]
    NotNodeOwner,
    #[msg("The amount must be above 0")]
    ZeroAmount,
    #[msg("Not enough free stake: deposit more, or wait until running jobs release theirs")]
    InsufficientStake,
    #[msg("Nothing to withdraw: call request_unstake first")]
    NothingRequested,
    #[msg("The stake is still cooling down or locked: see the node's unstake_at and locked_until")]
    StillLocked,
    #[msg("The node is suspended: see its suspended_until")]
    Suspended,
    #[msg("The node is banned from taking jobs")]
    Banned,
    #[msg("Only job-escrow may lock, unlock and slash")]
    NotSettlementAuthority,
    #[msg("The lock belongs to another node")]
    LockNodeMismatch,
    #[msg("The lock's rent goes back to who paid it: pass lock.payer")]
    LockPayerMismatch,
    #[msg("The mint is not the one in the config")]
    MintMismatch,
    #[msg("A vault is not the one that the config or the node names: pass that one")]
    VaultMismatch,
    #[msg("There is no token account at an address that should have one")]
    NotTokenAccount,
    #[msg("Tokens moved by another amount than they should: pass two different token accounts")]
    InexactMovement,
    #[msg("A lost dispute is slashed by slash_dispute, which pays the user's half")]
    WrongSlash,
    #[msg("The insurance payout is above what the job was funded with: see the lock's job_amount")]
    PayoutAboveJob,
    #[msg("The insurance payout is above insurance_payout_max_bps of the insurance vault")]
    PayoutAbovePool,
    #[msg("No reward has accrued: stake earns once it was not slashed for reward_after_seconds")]
    NoReward,
    #[msg(
        "The reward vault is empty: what has accrued stays, claim again when fees have filled it"
    )]
    RewardVaultEmpty,
    #[msg("A heartbeat on the chain is due at most hourly: see the node's last_heartbeat_at")]
    HeartbeatTooEarly,
    #[msg("The arithmetic overflowed")]
    MathOverflow,
    #[msg("The node's accounts do not add up; this is a bug, please report it")]
    InvariantViolated,
}
