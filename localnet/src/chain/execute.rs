//! Runs transactions: what a validator checks before a transaction enters a block, then the virtual machine, then the record.

use std::collections::HashSet;
use std::sync::Arc;

use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};
use solana_account::{AccountSharedData, ReadableAccount};
use solana_message::VersionedMessage;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::sanitized::{MAX_TX_ACCOUNT_LOCKS, MessageHash, SanitizedTransaction};
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

use super::record::{Event, ProcessedTransaction, Record, TransactionEvent};
use super::{Chain, token};

/// The outcome of a transaction that was tried and not kept.
pub struct Simulation {
    /// Why it would fail, if it would.
    pub error: Option<TransactionError>,
    /// Logs, units, return data, fee.
    pub meta: TransactionMetadata,
    /// State of its writable accounts afterwards; empty when it fails.
    pub accounts: Vec<(Pubkey, AccountSharedData)>,
}

impl Chain {
    /// Runs `transaction` in the current slot. It is recorded, and pays its fee, even when its instructions fail.
    ///
    /// # Errors
    /// When it cannot enter a block at all: malformed, badly signed, naming an unknown or expired blockhash, processed before, or
    /// unable to pay the fee. Nothing changes then. [`TransactionError::ClusterMaintenance`] means that the ledger cannot be written:
    /// see [`Chain::failure`].
    pub fn process(
        &mut self,
        transaction: VersionedTransaction,
    ) -> Result<Arc<ProcessedTransaction>, TransactionError> {
        let resolved = self.resolve(&transaction)?;
        verify_signatures(&transaction)?;
        self.check_age(&transaction)?;
        if self.failure.is_some() {
            return Err(TransactionError::ClusterMaintenance);
        }

        let keys: Vec<Pubkey> = resolved.message().account_keys().iter().copied().collect();
        let before: Vec<Option<AccountSharedData>> =
            keys.iter().map(|key| self.account(key).cloned()).collect();
        let pre_token_balances = token::balances(&self.svm, &keys);
        let wire =
            bincode::serialize(&transaction).map_err(|_| TransactionError::SanitizeFailure)?;
        let signature = transaction.signatures[0];

        let (error, meta) = match self.svm.send_transaction(transaction) {
            Ok(meta) => (None, meta),
            Err(FailedTransactionMetadata { err, meta })
                if meta.signature == Signature::default() =>
            {
                // The machine names the transaction only once it was loaded and could pay.
                tracing::debug!(%signature, %err, "transaction dropped");
                return Err(err);
            }
            Err(FailedTransactionMetadata { err, meta }) => (Some(err), meta),
        };

        let writes = self.changed(&keys, &before);
        let transaction = Arc::new(ProcessedTransaction {
            signature,
            slot: self.slot(),
            block_time: self.unix_timestamp(),
            wire,
            loaded_addresses: resolved.get_loaded_addresses(),
            error,
            fee: meta.fee,
            compute_units: meta.compute_units_consumed,
            logs: meta.logs,
            inner_instructions: meta.inner_instructions,
            return_data: Some((meta.return_data.program_id, meta.return_data.data))
                .filter(|(_, data)| !data.is_empty()),
            pre_balances: before
                .iter()
                .map(|account| account.as_ref().map_or(0, |held| held.lamports()))
                .collect(),
            post_balances: keys.iter().map(|key| self.balance(key)).collect(),
            pre_token_balances,
            post_token_balances: token::balances(&self.svm, &keys),
            account_keys: keys,
        });
        let recorded = self.record(|| {
            let accounts = writes
                .iter()
                .map(|(key, account)| (*key, account.clone().into()))
                .collect();
            Record::Transaction(Box::new((*transaction).clone()), accounts)
        });
        if !recorded {
            return Err(TransactionError::ClusterMaintenance);
        }
        self.history.push(Arc::clone(&transaction));
        let event = TransactionEvent {
            transaction: Arc::clone(&transaction),
            writes,
        };
        // No receiver is no error: nobody subscribed.
        let _ = self.events.send(Event::Transaction(Arc::new(event)));
        Ok(transaction)
    }

    /// Runs `transaction` against the current state and keeps nothing; its signatures count only with `check_signatures`.
    pub fn simulate(
        &self,
        transaction: VersionedTransaction,
        check_signatures: bool,
    ) -> Simulation {
        let checked = self
            .resolve(&transaction)
            .and_then(|_| {
                if check_signatures {
                    verify_signatures(&transaction)
                } else {
                    Ok(())
                }
            })
            .and_then(|()| self.check_age(&transaction));
        if let Err(error) = checked {
            return Simulation {
                error: Some(error),
                meta: TransactionMetadata::default(),
                accounts: Vec::new(),
            };
        }
        match self.svm.simulate_transaction(transaction) {
            Ok(done) => Simulation {
                error: None,
                meta: done.meta,
                accounts: done.post_accounts,
            },
            Err(FailedTransactionMetadata { err, meta }) => Simulation {
                error: Some(err),
                meta,
                accounts: Vec::new(),
            },
        }
    }

    /// Lamports that `message` would cost, or nothing when its blockhash is not valid or it is malformed.
    pub fn fee(&self, message: VersionedMessage) -> Option<u64> {
        if !self.blockhashes.is_valid(message.recent_blockhash()) {
            return None;
        }
        let signers = usize::from(message.header().num_required_signatures);
        let transaction = VersionedTransaction {
            signatures: vec![Signature::default(); signers],
            message,
        };
        self.resolve(&transaction).ok()?;
        let meta = match self.svm.simulate_transaction(transaction) {
            Ok(done) => done.meta,
            Err(failed) => failed.meta,
        };
        Some(meta.fee)
    }

    /// Every account key of `transaction`, those from lookup tables included.
    ///
    /// # Errors
    /// When it is malformed or names a lookup table that is not there.
    pub fn account_keys(
        &self,
        transaction: &VersionedTransaction,
    ) -> Result<Vec<Pubkey>, TransactionError> {
        Ok(self
            .resolve(transaction)?
            .message()
            .account_keys()
            .iter()
            .copied()
            .collect())
    }

    /// Checks the form of `transaction` and looks its address tables up.
    fn resolve(
        &self,
        transaction: &VersionedTransaction,
    ) -> Result<SanitizedTransaction, TransactionError> {
        let resolved = SanitizedTransaction::try_create(
            transaction.clone(),
            MessageHash::Compute,
            Some(false),
            self.svm.accounts_db(),
            // Only says which keys lose their write lock; the machine applies its own list.
            &HashSet::new(),
        )?;
        SanitizedTransaction::validate_account_locks(resolved.message(), MAX_TX_ACCOUNT_LOCKS)?;
        Ok(resolved)
    }

    fn check_age(&self, transaction: &VersionedTransaction) -> Result<(), TransactionError> {
        if !self
            .blockhashes
            .is_valid(transaction.message.recent_blockhash())
        {
            return Err(TransactionError::BlockhashNotFound);
        }
        if self.history.get(&transaction.signatures[0]).is_some() {
            return Err(TransactionError::AlreadyProcessed);
        }
        Ok(())
    }

    fn changed(
        &self,
        keys: &[Pubkey],
        before: &[Option<AccountSharedData>],
    ) -> Vec<(Pubkey, AccountSharedData)> {
        keys.iter()
            .zip(before)
            .filter(|(key, before)| self.account(key) != before.as_ref())
            .map(|(key, _)| (*key, self.account(key).cloned().unwrap_or_default()))
            .collect()
    }
}

fn verify_signatures(transaction: &VersionedTransaction) -> Result<(), TransactionError> {
    transaction.sanitize()?;
    transaction.verify_and_hash_message().map(|_| ())
}
