//! Escrows in memory that follow the rules of the program, and a record of what
//! was written.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use cyxwiz_chain::{
    ChainError, EscrowAccount, EscrowConfig, EscrowState, NodeAccount, SignedTransaction,
    TranscriptAccount, TranscriptStage, TxOutcome, pda, receipt_message,
};
use cyxwiz_domain::{Address, Amount, Digest};
use cyxwiz_node::ledger::{Balances, Ledger, Write};
use cyxwiz_pki::wallet;

use crate::transcripts;

/// A node without stake and without a certificate.
pub fn node_account(owner: Address) -> NodeAccount {
    NodeAccount {
        address: pda::node(owner),
        owner,
        stake: Amount::ZERO,
        locked: Amount::ZERO,
        unstake_amount: Amount::ZERO,
        unstake_at: 0,
        active_jobs: 0,
        locked_until: 0,
        suspended_until: 0,
        banned: false,
        endpoint: String::new(),
        tls_fingerprint: Digest([0; 32]),
        next_tls_fingerprint: None,
        region: String::new(),
        gpu_model: String::new(),
        vram_mib: 0,
        ram_mib: 0,
        rate_milli: 1_000,
        registered_at: 0,
        last_heartbeat_at: 0,
        reward_accrued: Amount::ZERO,
        seq: 0,
    }
}

/// The chain of a test.
pub struct Escrows {
    pub config: EscrowConfig,
    pub now: AtomicI64,
    pub slot: AtomicU64,
    inner: Mutex<Inner>,
    signed: AtomicU64,
}

#[derive(Default)]
struct Inner {
    /// When the node showed signs of life.
    heartbeats: Vec<i64>,
    node: Option<NodeAccount>,
    balances: Balances,
    unreachable: bool,
    accounts: HashMap<Address, EscrowAccount>,
    /// By escrow.
    transcripts: HashMap<Address, TranscriptAccount>,
    transactions: HashMap<String, (Address, Vec<Write>)>,
    outcomes: HashMap<String, TxOutcome>,
    landed: Vec<Write>,
    /// Sendings whose answer is lost although they land.
    lost_answers: u32,
    /// What does not land for now.
    held: Option<fn(&Write) -> bool>,
}

impl Inner {
    fn reachable(&self) -> Result<(), ChainError> {
        match self.unreachable {
            true => Err(ChainError::Rpc("nobody answers".to_owned())),
            false => Ok(()),
        }
    }
}

impl Escrows {
    pub fn new(coordinator: Address, mint: Address) -> Self {
        Self {
            config: EscrowConfig {
                admin: coordinator,
                coordinator,
                mint,
                dispute_authority: coordinator,
                development: coordinator,
                liquidity: coordinator,
                paused: false,
                fee_bps: 1_000,
                fee_bps_diamond: 800,
                cancel_fee_bps: 1_000,
                acceptance_seconds: [86_400, 21_600, 3_600, 0],
                assign_window_seconds: 3_600,
                receipt_window_seconds: 900,
                min_timeout_seconds: 60,
                max_timeout_seconds: 86_400,
                dispute_bond_bps: 500,
                dispute_window_seconds: 86_400,
            },
            now: AtomicI64::new(1_000_000),
            slot: AtomicU64::new(10_000),
            inner: Mutex::default(),
            signed: AtomicU64::new(0),
        }
    }

    /// When the node showed signs of life, by this chain's clock.
    pub fn heartbeats(&self) -> Vec<i64> {
        self.lock().heartbeats.clone()
    }

    /// Registers the node that asks.
    pub fn register(&self, node: NodeAccount) {
        self.lock().node = Some(node);
    }

    /// What the node's owner holds besides the stake.
    pub fn set_balances(&self, balances: Balances) {
        self.lock().balances = balances;
    }

    /// Whether the node's account and balances cannot be read.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.lock().unreachable = unreachable;
    }

    pub fn put(&self, escrow: EscrowAccount) {
        self.lock().accounts.insert(escrow.address, escrow);
    }

    pub fn get(&self, address: Address) -> EscrowAccount {
        self.lock().accounts[&address].clone()
    }

    pub fn change(&self, address: Address, change: impl FnOnce(&mut EscrowAccount)) {
        let mut inner = self.lock();
        let escrow = inner.accounts.get_mut(&address).expect("escrow");
        change(escrow);
        escrow.seq += 1;
    }

    /// What has landed, in order.
    pub fn landed(&self) -> Vec<Write> {
        self.lock().landed.clone()
    }

    /// The next sendings land, but the sender hears of an error.
    pub fn lose_answers(&self, count: u32) {
        self.lock().lost_answers = count;
    }

    /// Keeps such writes from landing.
    pub fn hold(&self, held: fn(&Write) -> bool) {
        self.lock().held = Some(held);
    }

    /// Lets everything land.
    pub fn release(&self) {
        self.lock().held = None;
    }

    /// Whether completions are kept from landing.
    pub fn hold_submissions(&self, hold: bool) {
        match hold {
            true => self.hold(|write| matches!(write, Write::Submit { .. })),
            false => self.release(),
        }
    }

    pub fn put_transcript(&self, transcript: TranscriptAccount) {
        let mut inner = self.lock();
        inner.transcripts.insert(transcript.escrow, transcript);
    }

    pub fn transcript_of(&self, escrow: Address) -> TranscriptAccount {
        self.lock().transcripts[&escrow].clone()
    }

    pub fn change_transcript(&self, escrow: Address, change: impl FnOnce(&mut TranscriptAccount)) {
        let mut inner = self.lock();
        change(inner.transcripts.get_mut(&escrow).expect("transcript"));
    }

    pub fn remove_transcript(&self, escrow: Address) {
        self.lock().transcripts.remove(&escrow);
    }

    /// User and coordinator show their nonces.
    pub fn show_nonces(&self, escrow: Address) -> Result<(), ChainError> {
        let slot = self.slot.load(Ordering::SeqCst);
        let (user, coordinator) = (transcripts::USER_NONCE, transcripts::COORDINATOR_NONCE);
        let mut inner = self.lock();
        let transcript = inner.transcripts.get_mut(&escrow).expect("transcript");
        transcripts::reveal(transcript, slot, Some(user), Some(coordinator))
    }

    /// The account is closed.
    pub fn close(&self, address: Address) {
        self.lock().accounts.remove(&address);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic while held")
    }
}

pub fn refused(what: &str) -> ChainError {
    ChainError::Refused {
        code: Some(6_000),
        name: None,
        message: what.to_owned(),
        logs: Vec::new(),
    }
}

/// The rules, as far as the node can break them.
fn apply(
    escrow: &mut EscrowAccount,
    stage: Option<TranscriptStage>,
    write: &Write,
    now: i64,
) -> Result<(), ChainError> {
    use EscrowState::{Assigned, Cancelled, Cancelling, Failed, Paid, Refunded, Submitted};
    let require = |state, what: &str| match escrow.state == state {
        true => Ok(()),
        false => Err(refused(&format!("{what} in {:?}", escrow.state))),
    };
    match write {
        Write::Anchor { epoch, root } => {
            require(Assigned, "anchor")?;
            if *epoch <= escrow.checkpoint_epoch || *epoch > escrow.required_epochs {
                return Err(refused("epoch of the anchor"));
            }
            (escrow.checkpoint_epoch, escrow.checkpoint_root) = (*epoch, *root);
        }
        Write::PresentReceipt(receipt, signature) => {
            let message = receipt_message(escrow.address, receipt);
            let (seen, held) = (receipt.epochs_seen, receipt.epochs_held);
            let known = (escrow.receipt_seen, escrow.receipt_held);
            if !wallet::verify(escrow.user, &message, signature)
                || escrow.state.is_settled()
                || (seen <= known.0 && held <= known.1)
            {
                return Err(refused("receipt"));
            }
            if seen > known.0 {
                escrow.receipt_hash = receipt.checkpoint_hash;
            }
            (escrow.receipt_seen, escrow.receipt_held) = (seen.max(known.0), held.max(known.1));
        }
        Write::Submit {
            final_root,
            weights_hash,
            epochs,
            training_seconds,
        } => {
            require(Assigned, "submit")?;
            if now > escrow.deadline || *epochs != escrow.required_epochs {
                return Err(refused("late or short"));
            }
            escrow.state = Submitted;
            escrow.release_at = now + 86_400;
            escrow.final_root = *final_root;
            escrow.weights_hash = *weights_hash;
            escrow.training_seconds = *training_seconds;
        }
        Write::SettleCancel => {
            require(Cancelling, "settle_cancel")?;
            escrow.state = Cancelled;
            let seen = u64::from(escrow.receipt_seen);
            escrow.paid_node = Amount(escrow.amount.0 * seen / u64::from(escrow.required_epochs));
        }
        Write::Decline => {
            if !escrow.can_be_declined(stage, now) {
                return Err(refused("decline"));
            }
            escrow.state = Refunded;
            escrow.paid_user = escrow.amount;
        }
        Write::Fail => {
            require(Assigned, "fail")?;
            escrow.state = Failed;
            escrow.paid_user = escrow.amount;
        }
        Write::Release => {
            require(Submitted, "release")?;
            if now < escrow.release_at {
                return Err(refused("early release"));
            }
            escrow.state = Paid;
        }
        Write::Commit { .. } | Write::Reveal | Write::Verify(_) => return Ok(()),
    }
    escrow.seq += 1;
    Ok(())
}

#[async_trait]
impl Ledger for Escrows {
    async fn escrow(&self, address: Address) -> Result<Option<EscrowAccount>, ChainError> {
        Ok(self.lock().accounts.get(&address).cloned())
    }

    async fn transcript(&self, escrow: Address) -> Result<Option<TranscriptAccount>, ChainError> {
        let slot = self.slot.load(Ordering::SeqCst);
        let found = self.lock().transcripts.get(&escrow).cloned();
        Ok(found.map(|transcript| TranscriptAccount { slot, ..transcript }))
    }

    async fn escrow_config(&self) -> Result<EscrowConfig, ChainError> {
        Ok(self.config.clone())
    }

    async fn node(&self) -> Result<Option<NodeAccount>, ChainError> {
        let inner = self.lock();
        inner.reachable()?;
        Ok(inner.node.clone())
    }

    async fn balances(&self) -> Result<Balances, ChainError> {
        let inner = self.lock();
        inner.reachable()?;
        Ok(inner.balances)
    }

    async fn heartbeat(&self) -> Result<(), ChainError> {
        let now = self.now.load(Ordering::SeqCst);
        let mut inner = self.lock();
        if let Some(node) = &mut inner.node {
            node.last_heartbeat_at = now;
        }
        inner.heartbeats.push(now);
        Ok(())
    }

    async fn unix_time(&self) -> Result<i64, ChainError> {
        Ok(self.now.load(Ordering::SeqCst))
    }

    async fn sign(
        &self,
        escrow: &EscrowAccount,
        writes: &[Write],
    ) -> Result<SignedTransaction, ChainError> {
        let signature = format!("signature-{}", self.signed.fetch_add(1, Ordering::SeqCst));
        let transaction = (escrow.address, writes.to_vec());
        self.lock()
            .transactions
            .insert(signature.clone(), transaction);
        Ok(SignedTransaction {
            bytes: signature.clone().into_bytes(),
            signature,
            last_valid_block_height: 150,
        })
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<(), ChainError> {
        let now = self.now.load(Ordering::SeqCst);
        let mut inner = self.lock();
        if inner.outcomes.contains_key(&transaction.signature) {
            return Ok(());
        }
        let (address, writes) = inner.transactions[&transaction.signature].clone();
        if inner.held.is_some_and(|held| writes.iter().any(held)) {
            return Err(refused("held"));
        }
        let slot = self.slot.load(Ordering::SeqCst);
        let mut escrow = inner.accounts[&address].clone();
        let mut transcript = inner.transcripts.get(&address).cloned();
        for write in &writes {
            if let Some(transcript) = &mut transcript {
                transcripts::apply(transcript, &escrow, write, now, slot)?;
            }
            let stage = transcript.as_ref().map(|transcript| transcript.stage);
            apply(&mut escrow, stage, write, now)?;
        }
        inner.accounts.insert(address, escrow);
        inner.transcripts.extend(transcript.map(|it| (address, it)));
        inner.landed.extend(writes);
        let landed = TxOutcome::Landed { slot: 1 };
        inner.outcomes.insert(transaction.signature.clone(), landed);
        if inner.lost_answers > 0 {
            inner.lost_answers -= 1;
            return Err(ChainError::Rpc("the answer was lost".to_owned()));
        }
        Ok(())
    }

    async fn outcome(&self, signature: &str, _: u64) -> Result<TxOutcome, ChainError> {
        let outcome = self.lock().outcomes.get(signature).cloned();
        Ok(outcome.unwrap_or(TxOutcome::Pending))
    }
}
