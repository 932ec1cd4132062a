//! The chain: one owner of all state, changed only by slots beginning and transactions running.

pub mod blockhash;
pub mod clock;
pub mod execute;
pub mod history;
pub mod journal;
pub mod record;
mod saved;
pub mod svm;
pub mod token;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use litesvm::LiteSVM;
use rand::RngCore;
use solana_account::{AccountSharedData, ReadableAccount};
use solana_hash::Hash;
use solana_keypair::Keypair;
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use thiserror::Error;
use tokio::sync::broadcast;

use self::blockhash::BlockhashQueue;
use self::clock::ChainClock;
use self::history::History;
use self::journal::{Journal, JournalError};
use self::record::{Event, Genesis, ProcessedTransaction, Record, SlotRecord};
use self::saved::Saved;
use self::svm::{Program, ProgramError};

/// Slots whose time and hash are remembered.
const SLOTS_RETAINED: usize = 10_000;
/// Events a slow subscriber may fall behind before it loses its subscription.
const EVENT_BACKLOG: usize = 8_192;

/// What a chain starts with.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Directory of the ledger; in memory only when absent.
    pub ledger: Option<PathBuf>,
    /// Forget what the ledger holds.
    pub reset: bool,
    /// Programs to load; the image given here replaces the ledger's when they differ.
    pub programs: Vec<Program>,
    /// Lamports of the account that pays airdrops, at genesis.
    pub faucet_lamports: u64,
}

/// Why a chain cannot start.
#[derive(Debug, Error)]
pub enum ChainError {
    /// The ledger is not usable.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A program is not usable.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The ledger lacks its first record or holds bad key material.
    #[error("the ledger is incomplete: start with --reset")]
    Incomplete,
}

/// The state of the chain. Readers share it; slots and transactions change it.
pub struct Chain {
    svm: LiteSVM,
    genesis: Genesis,
    faucet: Keypair,
    blockhashes: BlockhashQueue,
    /// Newest last; the last one is the current slot.
    slots: VecDeque<SlotRecord>,
    clock: ChainClock,
    history: History,
    journal: Option<Journal>,
    /// Set for good once the ledger could not be written.
    failure: Option<String>,
    events: broadcast::Sender<Event>,
}

impl Chain {
    /// Starts a chain: the one in the ledger, or a new one at slot 1.
    ///
    /// # Errors
    /// When the ledger or a program cannot be used.
    pub fn open(config: &ChainConfig) -> Result<Self, ChainError> {
        let mut saved = Saved::default();
        let mut journal = match &config.ledger {
            Some(directory) => Some(Journal::open(directory, config.reset, |record| {
                saved.apply(record)
            })?),
            None => None,
        };
        if saved.genesis.is_none() {
            saved = Saved::new_chain(config.faucet_lamports);
        }
        let genesis = saved.genesis.clone().ok_or(ChainError::Incomplete)?;
        let faucet =
            Keypair::try_from(genesis.faucet.as_slice()).map_err(|_| ChainError::Incomplete)?;
        let mut chain = Self {
            svm: svm::build(),
            genesis,
            faucet,
            blockhashes: BlockhashQueue::default(),
            clock: ChainClock::default(),
            slots: VecDeque::new(),
            history: History::new(history::RETAINED),
            journal: None,
            failure: None,
            events: broadcast::Sender::new(EVENT_BACKLOG),
        };
        chain.restore(&saved)?;
        for program in &config.programs {
            saved
                .accounts
                .extend(svm::load_program(&mut chain.svm, program)?);
        }
        if let Some(journal) = &mut journal {
            journal.rewrite(saved.into_records())?;
        }
        chain.journal = journal;
        if chain.slots.is_empty() {
            chain.begin_slot();
        }
        chain.begin_slot();
        Ok(chain)
    }

    fn restore(&mut self, saved: &Saved) -> Result<(), ChainError> {
        for slot in &saved.slots {
            self.blockhashes.push(slot.blockhash, slot.slot);
        }
        self.slots.clone_from(&saved.slots);
        if let Some(last) = self.slots.back().copied() {
            self.clock = ChainClock::resume(last.clock_offset, last.unix_timestamp);
            self.show_time();
        }
        for transaction in &saved.transactions {
            self.history.push(Arc::clone(transaction));
        }
        // A program needs its image in place before it.
        let (programs, data): (Vec<_>, Vec<_>) = saved
            .accounts
            .iter()
            .partition(|(_, account)| account.executable);
        for (address, account) in data.into_iter().chain(programs) {
            self.svm
                .set_account(*address, account.clone())
                .map_err(|_| ChainError::Incomplete)?;
        }
        Ok(())
    }

    /// Begins the next slot: a new blockhash, the clock, the slot hashes.
    pub fn begin_slot(&mut self) {
        let slot = self.slots.back().map_or(0, |last| last.slot + 1);
        let record = SlotRecord {
            slot,
            blockhash: random_hash(),
            slot_hash: random_hash(),
            unix_timestamp: self.clock.tick(),
            clock_offset: self.clock.offset(),
        };
        self.blockhashes.push(record.blockhash, slot);
        keep_last(&mut self.slots, record, SLOTS_RETAINED);
        self.show_time();
        self.record(|| Record::Slot(record));
        let _ = self.events.send(Event::Slot { slot });
    }

    /// Moves the chain's time forward by `seconds`; programs see it from the slot that this begins.
    pub fn advance_time(&mut self, seconds: u32) {
        self.clock.advance(seconds);
        self.begin_slot();
    }

    /// Sets the chain's time (seconds since the Unix epoch); false, and no change, when that lies in its past.
    pub fn set_time(&mut self, unix_timestamp: i64) -> bool {
        let moved = self.clock.set(unix_timestamp);
        if moved {
            self.begin_slot();
        }
        moved
    }

    /// Sends `lamports` from the faucet.
    ///
    /// # Errors
    /// When the faucet is empty, or has sent the same to the same account with every valid blockhash.
    pub fn airdrop(
        &mut self,
        to: &Pubkey,
        lamports: u64,
    ) -> Result<Arc<ProcessedTransaction>, TransactionError> {
        let payer = self.faucet.pubkey();
        let transfer = solana_system_interface::instruction::transfer(&payer, to, lamports);
        // Two equal airdrops in one slot would be one transaction: name an older blockhash then.
        let fresh = self.blockhashes.newest_first().find_map(|blockhash| {
            let message = Message::new_with_blockhash(
                std::slice::from_ref(&transfer),
                Some(&payer),
                blockhash,
            );
            let transaction =
                VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&self.faucet])
                    .ok()?;
            self.history
                .get(&transaction.signatures[0])
                .is_none()
                .then_some(transaction)
        });
        self.process(fresh.ok_or(TransactionError::AlreadyProcessed)?)
    }

    /// The current slot, which is also the block height.
    pub fn slot(&self) -> u64 {
        self.slots.back().map_or(0, |last| last.slot)
    }

    /// The chain's time, seconds since the Unix epoch.
    pub fn unix_timestamp(&self) -> i64 {
        self.slots.back().map_or(0, |last| last.unix_timestamp)
    }

    /// Time of `slot`, if it is remembered.
    pub fn block_time(&self, slot: u64) -> Option<i64> {
        let first = self.slots.front()?.slot;
        let index = usize::try_from(slot.checked_sub(first)?).ok()?;
        self.slots.get(index).map(|record| record.unix_timestamp)
    }

    /// First slot whose time is remembered.
    pub fn first_slot(&self) -> u64 {
        self.slots.front().map_or(0, |first| first.slot)
    }

    /// The account that pays airdrops.
    pub fn faucet(&self) -> &Keypair {
        &self.faucet
    }

    /// What was drawn at creation.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// Valid blockhashes.
    pub fn blockhashes(&self) -> &BlockhashQueue {
        &self.blockhashes
    }

    /// Recent transactions.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The account at `address`, if there is one.
    pub fn account(&self, address: &Pubkey) -> Option<&AccountSharedData> {
        self.svm.accounts_db().get_account_ref(address)
    }

    /// Every account.
    pub fn accounts(&self) -> impl Iterator<Item = (&Pubkey, &AccountSharedData)> {
        self.svm.accounts_db().inner.iter()
    }

    /// Lamports at `address`.
    pub fn balance(&self, address: &Pubkey) -> u64 {
        self.account(address).map_or(0, ReadableAccount::lamports)
    }

    /// Lamports that keep an account of `size` bytes rent-exempt.
    pub fn rent_exemption(&self, size: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(size)
    }

    /// What happens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Why the chain no longer accepts transactions, if the ledger could not be written.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Syncs the ledger to the disk and lets go of it; nothing is accepted afterwards.
    ///
    /// # Errors
    /// On a file system error.
    pub fn close(&mut self) -> Result<(), JournalError> {
        self.failure
            .get_or_insert_with(|| "the chain was stopped".to_owned());
        self.journal.take().map_or(Ok(()), |journal| journal.sync())
    }

    fn show_time(&mut self) {
        let (slot, time) = (self.slot(), self.unix_timestamp());
        let hashes = self
            .slots
            .iter()
            .rev()
            .skip(1)
            .map(|past| (past.slot, &past.slot_hash));
        svm::set_time(&mut self.svm, slot, time, hashes);
    }

    /// Appends to the ledger, if there is one. A chain that cannot record stops accepting transactions rather than forget them.
    /// Answers whether the record is safe, or need not be.
    fn record(&mut self, record: impl FnOnce() -> Record) -> bool {
        if let Some(journal) = &mut self.journal
            && self.failure.is_none()
            && let Err(error) = journal.append(&record())
        {
            tracing::error!(%error, "the ledger cannot be written; transactions are refused from now on");
            self.failure = Some(error.to_string());
        }
        self.failure.is_none()
    }
}

fn keep_last<T>(queue: &mut VecDeque<T>, item: T, limit: usize) {
    queue.push_back(item);
    if queue.len() > limit {
        queue.pop_front();
    }
}

fn random_hash() -> Hash {
    let mut bytes = [0; 32];
    rand::thread_rng().fill_bytes(&mut bytes);
    Hash::new_from_array(bytes)
}
