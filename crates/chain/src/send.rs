//! Sending transactions and learning what became of them.

use std::time::Duration;

use cyxwiz_domain::Address;
use serde::Deserialize;
use solana_instruction::Instruction;
use solana_rpc_client_api::{config::RpcSendTransactionConfig, request::RpcRequest};
use solana_signature::Signature;
use solana_transaction_error::TransactionError;

use crate::{Chain, ChainError, SignedTransaction, Signer, TxOutcome, key, transaction};

/// Between two looks at a transaction.
const POLL: Duration = Duration::from_millis(100);
/// Looks between two sends of the same transaction: validators drop packets.
const RESEND: u32 = 20;
/// Blocks that a blockhash stays valid for.
const BLOCKHASH_BLOCKS: u64 = 150;

/// What is read of a landed transaction.
#[derive(Deserialize)]
struct Landed {
    meta: Option<LandedMeta>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LandedMeta {
    compute_units_consumed: Option<u64>,
}

impl Chain {
    /// Asks a test chain's faucet for lamports and waits for them.
    ///
    /// # Errors
    /// [`ChainError`] if the chain has no faucet or it is dry.
    pub async fn airdrop(&self, wallet: Address, lamports: u64) -> Result<String, ChainError> {
        let before = self.lamports(wallet).await?;
        let signature = self.rpc.request_airdrop(&key(wallet), lamports).await?;
        let valid_until = self.block_height().await? + BLOCKHASH_BLOCKS;
        while self.lamports(wallet).await? <= before {
            if self.block_height().await? > valid_until {
                return Err(ChainError::Expired);
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(signature.to_string())
    }

    /// Signs with a recent blockhash. Nothing is sent: write the signature down,
    /// then [`Chain::send`].
    ///
    /// # Errors
    /// [`ChainError::Key`] when a signer is missing.
    pub async fn sign(
        &self,
        instructions: &[Instruction],
        payer: &Signer,
        others: &[&Signer],
    ) -> Result<SignedTransaction, ChainError> {
        let (blockhash, last_valid_block_height) = self
            .rpc
            .get_latest_blockhash_with_commitment(self.rpc.commitment())
            .await?;
        transaction::sign(
            instructions,
            payer,
            others,
            blockhash,
            last_valid_block_height,
        )
    }

    /// Sends once. Sending the same transaction again is harmless.
    ///
    /// # Errors
    /// [`ChainError::Refused`] when the preflight says that it would fail.
    pub async fn send(&self, transaction: &SignedTransaction) -> Result<(), ChainError> {
        let config = RpcSendTransactionConfig {
            preflight_commitment: Some(self.rpc.commitment().commitment),
            ..RpcSendTransactionConfig::default()
        };
        let sent = self
            .rpc
            .send_transaction_with_config(&transaction::decode(transaction)?, config)
            .await;
        match sent {
            Err(error)
                if error.get_transaction_error() == Some(TransactionError::AlreadyProcessed) =>
            {
                Ok(())
            }
            sent => Ok(sent.map(drop)?),
        }
    }

    /// What became of a transaction, by the two facts that were written down.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn outcome(
        &self,
        signature: &str,
        last_valid_block_height: u64,
    ) -> Result<TxOutcome, ChainError> {
        let signature: Signature = signature
            .parse()
            .map_err(|_| ChainError::Key(format!("'{signature}' is not a signature")))?;
        // The height first: a status that is missing afterwards is missing for good.
        let height = self.block_height().await?;
        let statuses = self
            .rpc
            .get_signature_statuses_with_history(&[signature])
            .await?;
        let Some(status) = statuses.value.into_iter().next().flatten() else {
            return Ok(if height > last_valid_block_height {
                TxOutcome::Expired
            } else {
                TxOutcome::Pending
            });
        };
        if !status.satisfies_commitment(self.rpc.commitment()) {
            return Ok(TxOutcome::Pending);
        }
        Ok(match status.status {
            Ok(()) => TxOutcome::Landed { slot: status.slot },
            Err(error) => match ChainError::refused(&error, Vec::new()) {
                ChainError::Refused { code, message, .. } => TxOutcome::Refused { code, message },
                other => return Err(other),
            },
        })
    }

    /// The compute units that a landed transaction has used; nothing if the node does not know the transaction,
    /// or has forgotten it.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn compute_units(&self, signature: &str) -> Result<Option<u64>, ChainError> {
        let config = serde_json::json!({
            "encoding": "base64",
            "commitment": self.rpc.commitment().commitment.to_string(),
            "maxSupportedTransactionVersion": 0,
        });
        let asked = serde_json::json!([signature, config]);
        let landed: Option<Landed> = self.rpc.send(RpcRequest::GetTransaction, asked).await?;
        Ok(landed
            .and_then(|landed| landed.meta)
            .and_then(|meta| meta.compute_units_consumed))
    }

    /// Signs, sends and waits until the transaction has landed; its signature.
    /// For writes that need not survive a crash of this process.
    ///
    /// # Errors
    /// [`ChainError::Refused`] or [`ChainError::Expired`]: it changed nothing.
    pub async fn execute(
        &self,
        instructions: &[Instruction],
        payer: &Signer,
        others: &[&Signer],
    ) -> Result<String, ChainError> {
        let transaction = self.sign(instructions, payer, others).await?;
        self.land(&transaction).await?;
        Ok(transaction.signature)
    }

    /// Sends a signed transaction, again and again, until its fate is known.
    ///
    /// # Errors
    /// As [`Chain::execute`].
    pub async fn land(&self, transaction: &SignedTransaction) -> Result<(), ChainError> {
        self.send(transaction).await?;
        for round in 1u32.. {
            let outcome = self
                .outcome(&transaction.signature, transaction.last_valid_block_height)
                .await;
            match outcome {
                Ok(TxOutcome::Landed { .. }) => return Ok(()),
                Ok(TxOutcome::Refused { code, message }) => {
                    return Err(ChainError::Refused {
                        code,
                        name: None,
                        message,
                        logs: Vec::new(),
                    });
                }
                Ok(TxOutcome::Expired) => return Err(ChainError::Expired),
                Ok(TxOutcome::Pending) => {}
                Err(error) if error.is_transient() => tracing::debug!(%error, "will ask again"),
                Err(error) => return Err(error),
            }
            if round % RESEND == 0
                && let Err(error) = self.send(transaction).await
            {
                // Its own first sending may have landed meanwhile; the status decides.
                tracing::debug!(%error, "failed to send again");
            }
            tokio::time::sleep(POLL).await;
        }
        unreachable!("the loop ends by returning");
    }
}
