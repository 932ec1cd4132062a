//! Counts what goes wrong between a ledger and whoever asks it.

use std::sync::Arc;

use async_trait::async_trait;
use cyxwiz_chain::{
    ChainError, EscrowAccount, EscrowConfig, NodeAccount, SignedTransaction, TranscriptAccount,
    TxOutcome,
};
use cyxwiz_domain::Address;

use super::{Balances, Ledger, Write};
use crate::metrics::count_chain_error;

/// A ledger whose errors show in the metrics.
pub struct Counted(pub Arc<dyn Ledger>);

#[async_trait]
impl Ledger for Counted {
    async fn escrow(&self, address: Address) -> Result<Option<EscrowAccount>, ChainError> {
        let read = self.0.escrow(address).await;
        read.inspect_err(count_chain_error)
    }

    async fn transcript(&self, escrow: Address) -> Result<Option<TranscriptAccount>, ChainError> {
        let read = self.0.transcript(escrow).await;
        read.inspect_err(count_chain_error)
    }

    async fn escrow_config(&self) -> Result<EscrowConfig, ChainError> {
        let read = self.0.escrow_config().await;
        read.inspect_err(count_chain_error)
    }

    async fn node(&self) -> Result<Option<NodeAccount>, ChainError> {
        let read = self.0.node().await;
        read.inspect_err(count_chain_error)
    }

    async fn balances(&self) -> Result<Balances, ChainError> {
        let read = self.0.balances().await;
        read.inspect_err(count_chain_error)
    }

    async fn unix_time(&self) -> Result<i64, ChainError> {
        let read = self.0.unix_time().await;
        read.inspect_err(count_chain_error)
    }

    async fn heartbeat(&self) -> Result<(), ChainError> {
        let sent = self.0.heartbeat().await;
        sent.inspect_err(count_chain_error)
    }

    async fn sign(
        &self,
        escrow: &EscrowAccount,
        writes: &[Write],
    ) -> Result<SignedTransaction, ChainError> {
        let signed = self.0.sign(escrow, writes).await;
        signed.inspect_err(count_chain_error)
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<(), ChainError> {
        let sent = self.0.send(transaction).await;
        sent.inspect_err(count_chain_error)
    }

    async fn outcome(
        &self,
        signature: &str,
        last_valid_block_height: u64,
    ) -> Result<TxOutcome, ChainError> {
        let outcome = self.0.outcome(signature, last_valid_block_height).await;
        outcome.inspect_err(count_chain_error)
    }
}
