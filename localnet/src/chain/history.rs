//! Recent transactions, found by signature and by address.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use solana_pubkey::Pubkey;
use solana_signature::Signature;

use super::record::ProcessedTransaction;

/// Transactions remembered; older ones are forgotten, as a validator with a limited ledger does. Far more than can be processed
/// while a blockhash is valid, so a transaction cannot come back after it was forgotten.
pub const RETAINED: usize = 50_000;

/// The last transactions in the order they were processed.
pub struct History {
    retained: usize,
    transactions: VecDeque<Arc<ProcessedTransaction>>,
    /// Number of transactions forgotten, that is the sequence number of the first one held.
    forgotten: u64,
    by_signature: HashMap<Signature, u64>,
    by_address: HashMap<Pubkey, VecDeque<u64>>,
}

impl History {
    /// An empty history that holds at most `retained` transactions.
    pub fn new(retained: usize) -> Self {
        Self {
            retained,
            transactions: VecDeque::new(),
            forgotten: 0,
            by_signature: HashMap::new(),
            by_address: HashMap::new(),
        }
    }

    /// Adds the newest transaction.
    pub fn push(&mut self, transaction: Arc<ProcessedTransaction>) {
        let sequence = self.total();
        self.by_signature.insert(transaction.signature, sequence);
        for key in &transaction.account_keys {
            self.by_address.entry(*key).or_default().push_back(sequence);
        }
        self.transactions.push_back(transaction);
        if self.transactions.len() > self.retained {
            self.forget_oldest();
        }
    }

    /// Transactions ever processed.
    pub fn total(&self) -> u64 {
        self.forgotten + self.transactions.len() as u64
    }

    /// The transactions held, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ProcessedTransaction>> {
        self.transactions.iter()
    }

    /// The transaction with this signature, if it is held.
    pub fn get(&self, signature: &Signature) -> Option<&Arc<ProcessedTransaction>> {
        self.by_signature
            .get(signature)
            .and_then(|sequence| self.at(*sequence))
    }

    /// Transactions that name `address`, newest first, older than `before` and newer than `until`; a `before` that is not held
    /// leaves nothing.
    pub fn mentioning<'a>(
        &'a self,
        address: &Pubkey,
        before: Option<&Signature>,
        until: Option<&Signature>,
    ) -> impl Iterator<Item = &'a Arc<ProcessedTransaction>> {
        let sequence = |signature: &Signature| self.by_signature.get(signature).copied();
        let below = before.map_or(u64::MAX, |signature| sequence(signature).unwrap_or(0));
        let above = until.and_then(sequence);
        self.by_address
            .get(address)
            .into_iter()
            .flat_map(|sequences| sequences.iter().rev().copied())
            .skip_while(move |sequence| *sequence >= below)
            .take_while(move |sequence| above.is_none_or(|above| *sequence > above))
            .filter_map(|sequence| self.at(sequence))
    }

    fn at(&self, sequence: u64) -> Option<&Arc<ProcessedTransaction>> {
        let index = usize::try_from(sequence.checked_sub(self.forgotten)?).ok()?;
        self.transactions.get(index)
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.transactions.pop_front() else {
            return;
        };
        self.forgotten += 1;
        self.by_signature.remove(&oldest.signature);
        for key in &oldest.account_keys {
            if let Some(sequences) = self.by_address.get_mut(key) {
                sequences.pop_front();
                if sequences.is_empty() {
                    self.by_address.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(number: u8, address: Pubkey) -> Arc<ProcessedTransaction> {
        Arc::new(ProcessedTransaction {
            signature: Signature::from([number; 64]),
            slot: u64::from(number),
            block_time: 0,
            wire: Vec::new(),
            account_keys: vec![address],
            loaded_addresses: Default::default(),
            error: None,
            fee: 0,
            compute_units: 0,
            logs: Vec::new(),
            inner_instructions: Vec::new(),
            return_data: None,
            pre_balances: Vec::new(),
            post_balances: Vec::new(),
            pre_token_balances: Vec::new(),
            post_token_balances: Vec::new(),
        })
    }

    #[test]
    fn pages_by_signature_and_forgets_the_oldest() {
        let (ours, other) = (
            Pubkey::new_from_array([1; 32]),
            Pubkey::new_from_array([2; 32]),
        );
        let mut history = History::new(4);
        for number in 0..6 {
            history.push(transaction(number, if number == 3 { other } else { ours }));
        }
        let signature = |number: u8| Signature::from([number; 64]);
        let slots = |before: Option<u8>, until: Option<u8>| {
            let (before, until) = (before.map(signature), until.map(signature));
            history
                .mentioning(&ours, before.as_ref(), until.as_ref())
                .map(|transaction| transaction.slot)
                .collect::<Vec<_>>()
        };
        assert_eq!(history.total(), 6);
        assert!(history.get(&signature(1)).is_none());
        assert_eq!(history.get(&signature(2)).map(|found| found.slot), Some(2));
        assert_eq!(slots(None, None), [5, 4, 2]);
        assert_eq!(slots(Some(5), None), [4, 2]);
        assert_eq!(slots(Some(5), Some(2)), [4]);
        assert_eq!(slots(Some(1), None), Vec::<u64>::new());
    }
}
