//! Transactions whose signature is known before they are sent, so that it can be
//! written down first.

use cyxwiz_domain::Address;
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer as _;
use solana_transaction::Transaction;

use crate::{ChainError, address};

/// Signs transactions.
pub struct Signer(Keypair);

impl Signer {
    /// From secret and public key, 64 bytes.
    ///
    /// # Errors
    /// [`ChainError::Key`] when the halves do not belong together.
    pub fn from_keypair_bytes(bytes: &[u8; 64]) -> Result<Self, ChainError> {
        Keypair::try_from(bytes.as_slice())
            .map(Self)
            .map_err(|error| ChainError::Key(format!("not a key pair: {error}")))
    }

    /// The public key.
    pub fn address(&self) -> Address {
        address(&self.0.pubkey())
    }

    /// Draws a new key, for accounts that are created by signing, like a mint.
    pub fn generate() -> Self {
        Self(Keypair::new())
    }
}

impl Clone for Signer {
    fn clone(&self) -> Self {
        Self(self.0.insecure_clone())
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.address())
    }
}

/// A transaction that is ready to send, any number of times: it executes once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Base58; the transaction's name.
    pub signature: String,
    /// Wire format (bincode).
    pub bytes: Vec<u8>,
    /// Beyond this block height it can no longer land.
    pub last_valid_block_height: u64,
}

/// What became of a sent transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TxOutcome {
    /// Not known yet.
    Pending,
    /// Executed.
    Landed {
        /// Where.
        slot: u64,
    },
    /// Executed and failed: it changed nothing.
    Refused {
        /// The program's error number, if a program refused it.
        code: Option<u32>,
        /// For people.
        message: String,
    },
    /// Never executed, and it never will be.
    Expired,
}

pub(crate) fn sign(
    instructions: &[Instruction],
    payer: &Signer,
    others: &[&Signer],
    blockhash: Hash,
    last_valid_block_height: u64,
) -> Result<SignedTransaction, ChainError> {
    let message = Message::new_with_blockhash(instructions, Some(&payer.0.pubkey()), &blockhash);
    let mut transaction = Transaction::new_unsigned(message);
    let signers: Vec<&Keypair> = std::iter::once(payer)
        .chain(others.iter().copied())
        .map(|signer| &signer.0)
        .collect();
    transaction
        .try_sign(&signers, blockhash)
        .map_err(|error| ChainError::Key(format!("sign the transaction: {error}")))?;
    let bytes = bincode::serialize(&transaction)
        .map_err(|error| ChainError::Key(format!("encode the transaction: {error}")))?;
    Ok(SignedTransaction {
        signature: transaction.signatures[0].to_string(),
        bytes,
        last_valid_block_height,
    })
}

pub(crate) fn decode(transaction: &SignedTransaction) -> Result<Transaction, ChainError> {
    bincode::deserialize(&transaction.bytes)
        .map_err(|error| ChainError::Key(format!("not a transaction: {error}")))
}
