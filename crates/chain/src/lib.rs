//! The chain as the rest of CyxWiz sees it: reading accounts into plain types,
//! building instructions, and transactions that can be recorded before they are
//! sent. The only crate with Solana clients; its interface speaks domain types.

pub mod accounts;
mod client;
mod error;
pub mod instructions;
pub mod pda;
mod receipt;
mod send;
mod transaction;

pub use accounts::{
    Cancellation, Draw, EscrowAccount, EscrowConfig, EscrowState, MintAccount, NodeAccount,
    ReputationAccount, Subject, Tier, TranscriptAccount, TranscriptStage, UserReputationAccount,
    Verification, VestingAccount, context_word, nonce_hash, required_stake,
};
pub use client::Chain;
pub use error::ChainError;
pub use receipt::{Receipt, receipt_message};
pub use solana_instruction::Instruction;
pub use training_proof::{CLOCK_TOLERANCE_SECONDS, NONCE_TIMEOUT_SLOTS, REVEAL_DELAY_SLOTS};
pub use transaction::{SignedTransaction, Signer, TxOutcome};

/// Seconds from assignment within which a node may hand a job back, where half of the job's time is not less; see
/// [`EscrowAccount::can_be_declined`].
pub const DECLINE_WINDOW_SECONDS: i64 = job_escrow::Escrow::DECLINE_WINDOW_SECONDS;

use cyxwiz_domain::Address;
use solana_pubkey::Pubkey;

/// Solana's spelling of an address.
pub(crate) fn key(address: Address) -> Pubkey {
    Pubkey::new_from_array(address.0)
}

/// Our spelling of a Solana address.
pub(crate) fn address(key: &Pubkey) -> Address {
    Address(key.to_bytes())
}

/// The programs' addresses.
pub mod programs {
    use cyxwiz_domain::Address;

    /// job-escrow.
    pub fn job_escrow() -> Address {
        Address(job_escrow::ID.to_bytes())
    }

    /// node-registry.
    pub fn node_registry() -> Address {
        Address(node_registry::ID.to_bytes())
    }

    /// reputation.
    pub fn reputation() -> Address {
        Address(reputation::ID.to_bytes())
    }

    /// training-proof.
    pub fn training_proof() -> Address {
        Address(training_proof::ID.to_bytes())
    }

    /// vesting.
    pub fn vesting() -> Address {
        Address(vesting::ID.to_bytes())
    }
}
