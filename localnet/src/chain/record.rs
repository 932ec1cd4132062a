//! What the chain remembers: the shapes kept in memory and in the journal.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use solana_account::{Account, AccountSharedData};
use solana_hash::Hash;
use solana_message::{inner_instruction::InnerInstructionsList, v0::LoadedAddresses};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

/// What was drawn at random when the chain was created.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Genesis {
    /// Names the chain: `getGenesisHash`.
    pub hash: Hash,
    /// The public key that `getIdentity` answers.
    pub identity: Pubkey,
    /// Ed25519 key pair bytes (secret, then public) of the account that pays airdrops.
    pub faucet: Vec<u8>,
}

/// A slot at the moment it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRecord {
    /// Slot number, equal to the block height: no slot is skipped here.
    pub slot: u64,
    /// Blockhash that this slot announces.
    pub blockhash: Hash,
    /// Hash under which the SlotHashes sysvar lists this slot, from the next slot on.
    pub slot_hash: Hash,
    /// Seconds since the Unix epoch, as the Clock sysvar shows them.
    pub unix_timestamp: i64,
    /// Seconds by which the chain ran ahead of the wall clock.
    pub clock_offset: i64,
}

/// A token balance beside a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenBalance {
    /// Position in the transaction's account keys.
    pub account_index: u8,
    /// Mint of the token.
    pub mint: Pubkey,
    /// Owner of the token account.
    pub owner: Pubkey,
    /// Token program that owns the account.
    pub program_id: Pubkey,
    /// Base units.
    pub amount: u64,
    /// Decimals of the mint.
    pub decimals: u8,
}

/// A transaction that entered a block, whether its instructions succeeded or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProcessedTransaction {
    /// First signature: the transaction's name.
    pub signature: Signature,
    /// Slot it ran in.
    pub slot: u64,
    /// Time of that slot, seconds since the Unix epoch.
    pub block_time: i64,
    /// The transaction in wire format.
    pub wire: Vec<u8>,
    /// Static keys, then those loaded from tables (writable, then read-only).
    pub account_keys: Vec<Pubkey>,
    /// The keys that came from lookup tables.
    pub loaded_addresses: LoadedAddresses,
    /// Why the instructions were rolled back, if they were.
    pub error: Option<TransactionError>,
    /// Lamports paid by the fee payer.
    pub fee: u64,
    /// Compute units used.
    pub compute_units: u64,
    /// Program logs.
    pub logs: Vec<String>,
    /// Cross-program invocations by top-level instruction.
    pub inner_instructions: InnerInstructionsList,
    /// Program and bytes of the last `sol_set_return_data`, if any.
    pub return_data: Option<(Pubkey, Vec<u8>)>,
    /// Lamports of every account key before.
    pub pre_balances: Vec<u64>,
    /// Lamports of every account key after.
    pub post_balances: Vec<u64>,
    /// Token balances before.
    pub pre_token_balances: Vec<TokenBalance>,
    /// Token balances after.
    pub post_token_balances: Vec<TokenBalance>,
}

impl ProcessedTransaction {
    /// Decodes the transaction.
    pub fn transaction(&self) -> VersionedTransaction {
        bincode::deserialize(&self.wire).expect("only transactions that decode are recorded")
    }
}

/// An entry of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Record {
    /// First entry of every journal.
    Genesis(Genesis),
    /// A slot began.
    Slot(SlotRecord),
    /// Accounts written outside transactions; no lamports means the account is gone.
    Accounts(Vec<(Pubkey, Account)>),
    /// A transaction and every account it changed, in one entry so that both survive or neither does.
    Transaction(Box<ProcessedTransaction>, Vec<(Pubkey, Account)>),
}

/// What subscribers are told.
#[derive(Clone)]
pub enum Event {
    /// A slot began.
    Slot {
        /// Its number.
        slot: u64,
    },
    /// A transaction was processed.
    Transaction(Arc<TransactionEvent>),
}

/// A transaction as subscribers see it.
pub struct TransactionEvent {
    /// The transaction with its outcome.
    pub transaction: Arc<ProcessedTransaction>,
    /// Accounts it changed, with their state after it.
    pub writes: Vec<(Pubkey, AccountSharedData)>,
}
