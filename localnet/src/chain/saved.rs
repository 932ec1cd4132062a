//! What a ledger holds, between its records and a running chain.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use solana_account::Account;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;
use solana_signer::Signer;

use super::record::{Genesis, ProcessedTransaction, Record, SlotRecord};
use super::{SLOTS_RETAINED, history, keep_last, random_hash};

/// The records of a ledger, added up.
#[derive(Default)]
pub struct Saved {
    /// First record.
    pub genesis: Option<Genesis>,
    /// Recent slots, newest last.
    pub slots: VecDeque<SlotRecord>,
    /// Last state of every account written; no lamports means it is gone.
    pub accounts: HashMap<Pubkey, Account>,
    /// Recent transactions, newest last.
    pub transactions: VecDeque<Arc<ProcessedTransaction>>,
}

impl Saved {
    /// A new chain with its faucet.
    pub fn new_chain(faucet_lamports: u64) -> Self {
        let faucet = Keypair::new();
        let account = Account {
            lamports: faucet_lamports,
            owner: system_program::ID,
            ..Account::default()
        };
        Self {
            accounts: HashMap::from([(faucet.pubkey(), account)]),
            genesis: Some(Genesis {
                hash: random_hash(),
                identity: Keypair::new().pubkey(),
                faucet: faucet.to_bytes().to_vec(),
            }),
            ..Self::default()
        }
    }

    /// Takes the next record of the journal.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Genesis(genesis) => self.genesis = Some(genesis),
            Record::Slot(slot) => keep_last(&mut self.slots, slot, SLOTS_RETAINED),
            Record::Accounts(accounts) => self.accounts.extend(accounts),
            Record::Transaction(transaction, accounts) => {
                self.accounts.extend(accounts);
                let transaction = Arc::new(*transaction);
                keep_last(&mut self.transactions, transaction, history::RETAINED);
            }
        }
    }

    /// The fewest records that add up to this. What transactions wrote is in the accounts already.
    pub fn into_records(self) -> impl Iterator<Item = Record> {
        let transactions = self.transactions.into_iter().map(|transaction| {
            Record::Transaction(Box::new(Arc::unwrap_or_clone(transaction)), Vec::new())
        });
        let accounts = self
            .accounts
            .into_iter()
            .filter(|(_, account)| account.lamports > 0)
            .map(|account| Record::Accounts(vec![account]));
        self.genesis
            .into_iter()
            .map(Record::Genesis)
            .chain(self.slots.into_iter().map(Record::Slot))
            .chain(accounts)
            .chain(transactions)
    }
}
