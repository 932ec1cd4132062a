//! What a running node reads from the chain and writes to it. A trait, so that
//! the life of a job can be tested against escrows held in memory.

mod counted;

use async_trait::async_trait;
use cyxwiz_chain::{
    Chain, ChainError, EscrowAccount, EscrowConfig, Instruction, NodeAccount, Receipt,
    SignedTransaction, Signer, TranscriptAccount, TxOutcome,
    instructions::{escrow, proof, registry, token},
};
use cyxwiz_domain::{Address, Amount, Digest};

pub use counted::Counted;

/// What the node may do to an escrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Note the checkpoint chain after `epoch`.
    Anchor {
        /// From 1.
        epoch: u32,
        /// Chain hash after it.
        root: Digest,
    },
    /// Show a receipt with the user's signature.
    PresentReceipt(Receipt, [u8; 64]),
    /// Fix what came out of the training, before anyone knows what must be shown of it.
    Commit {
        /// The Merkle root over the transcript's hash chain.
        root: Digest,
        /// The commitment of the trained weights.
        trained: Digest,
        /// SHA-256 over the commitments of all steps.
        leaves_hash: Digest,
        /// All epochs.
        epochs: u16,
    },
    /// Have the challenge drawn, without a nonce.
    Reveal,
    /// Have a proof verified.
    Verify(Box<proof::Claim>),
    /// Declare the training done.
    Submit {
        /// Last hash of the checkpoint chain.
        final_root: Digest,
        /// SHA-256 of the weights.
        weights_hash: Digest,
        /// All epochs.
        epochs: u32,
        /// Seconds trained.
        training_seconds: u32,
    },
    /// Split a cancelled job.
    SettleCancel,
    /// Hand the job back.
    Decline,
    /// Give the job up.
    Fail,
    /// Take the payment after the acceptance window.
    Release,
}

/// What the owner's wallet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balances {
    /// CYXWIZ in its associated token account.
    pub tokens: Amount,
    /// For fees and rent.
    pub lamports: u64,
}

/// The chain, as far as the jobs of one node need it.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// An escrow, `None` if it does not exist (any more).
    async fn escrow(&self, address: Address) -> Result<Option<EscrowAccount>, ChainError>;
    /// The transcript of an escrow's job, `None` if none was opened (or it is closed).
    async fn transcript(&self, escrow: Address) -> Result<Option<TranscriptAccount>, ChainError>;
    /// The configuration of job-escrow.
    async fn escrow_config(&self) -> Result<EscrowConfig, ChainError>;
    /// This node, `None` if it is not registered.
    async fn node(&self) -> Result<Option<NodeAccount>, ChainError>;
    /// What this node's owner holds besides the stake.
    async fn balances(&self) -> Result<Balances, ChainError>;
    /// The chain's clock, Unix seconds.
    async fn unix_time(&self) -> Result<i64, ChainError>;
    /// Sends this node's sign of life, signed by its owner.
    async fn heartbeat(&self) -> Result<(), ChainError>;
    /// A transaction of these writes to `escrow`, signed by the node's owner.
    async fn sign(
        &self,
        escrow: &EscrowAccount,
        writes: &[Write],
    ) -> Result<SignedTransaction, ChainError>;
    /// Sends once; sending again is harmless.
    async fn send(&self, transaction: &SignedTransaction) -> Result<(), ChainError>;
    /// What became of a transaction.
    async fn outcome(
        &self,
        signature: &str,
        last_valid_block_height: u64,
    ) -> Result<TxOutcome, ChainError>;
}

/// The real chain, with the owner's key.
pub struct ChainLedger {
    chain: Chain,
    signer: Signer,
}

impl ChainLedger {
    /// Writes are signed and paid by `signer`.
    pub fn new(chain: Chain, signer: Signer) -> Self {
        Self { chain, signer }
    }
}

/// `exit` after opening the token accounts that it pays to: with one closed by its
/// owner the money could not move. The node's `owner` pays the rent; where both are
/// open they cost nothing.
fn settling(account: &EscrowAccount, owner: Address, exit: Instruction) -> [Instruction; 3] {
    let open = |payee| token::create_account(owner, payee, account.mint);
    [open(owner), open(account.user), exit]
}

#[async_trait]
impl Ledger for ChainLedger {
    async fn escrow(&self, address: Address) -> Result<Option<EscrowAccount>, ChainError> {
        self.chain.escrow(address).await
    }

    async fn transcript(&self, escrow: Address) -> Result<Option<TranscriptAccount>, ChainError> {
        self.chain.transcript(escrow).await
    }

    async fn escrow_config(&self) -> Result<EscrowConfig, ChainError> {
        self.chain.escrow_config().await
    }

    async fn node(&self) -> Result<Option<NodeAccount>, ChainError> {
        self.chain.node(self.signer.address()).await
    }

    async fn balances(&self) -> Result<Balances, ChainError> {
        let owner = self.signer.address();
        let mint = self.chain.escrow_config().await?.mint;
        let (tokens, lamports) = tokio::try_join!(
            self.chain.token_balance(owner, mint),
            self.chain.lamports(owner)
        )?;
        Ok(Balances { tokens, lamports })
    }

    async fn unix_time(&self) -> Result<i64, ChainError> {
        self.chain.unix_time().await
    }

    async fn heartbeat(&self) -> Result<(), ChainError> {
        let beat = registry::heartbeat(self.signer.address());
        self.chain.execute(&[beat], &self.signer, &[]).await?;
        Ok(())
    }

    async fn sign(
        &self,
        account: &EscrowAccount,
        writes: &[Write],
    ) -> Result<SignedTransaction, ChainError> {
        let owner = self.signer.address();
        let mut instructions = Vec::with_capacity(writes.len() + 1);
        for write in writes {
            match write {
                Write::Anchor { epoch, root } => {
                    instructions.push(escrow::anchor(account, *epoch, *root)?);
                }
                Write::PresentReceipt(receipt, signature) => {
                    instructions.extend(escrow::present_receipt(account, receipt, signature));
                }
                Write::Commit {
                    root,
                    trained,
                    leaves_hash,
                    epochs,
                } => {
                    let made = proof::Commitment {
                        root: *root,
                        trained: *trained,
                        leaves_hash: *leaves_hash,
                        epochs: *epochs,
                    };
                    instructions.push(proof::commit(owner, account.address, &made));
                }
                Write::Reveal => instructions.push(proof::reveal(account.address, None, None)),
                Write::Verify(claim) => {
                    instructions.push(proof::verify(owner, account.address, claim));
                }
                Write::Submit {
                    final_root,
                    weights_hash,
                    epochs,
                    training_seconds,
                } => {
                    let completion = escrow::Completion {
                        final_root: *final_root,
                        weights_hash: *weights_hash,
                        epochs: *epochs,
                        training_seconds: *training_seconds,
                    };
                    instructions.push(escrow::submit(account, &completion)?);
                }
                Write::SettleCancel => {
                    let lock_payer = self.chain.lock_payer(account.address).await?;
                    let exit = escrow::settle_cancel(account, owner, lock_payer)?;
                    instructions.extend(settling(account, owner, exit));
                }
                Write::Decline => {
                    let lock_payer = self.chain.lock_payer(account.address).await?;
                    let exit = escrow::decline(account, lock_payer)?;
                    instructions.extend(settling(account, owner, exit));
                }
                Write::Fail => {
                    let lock_payer = self.chain.lock_payer(account.address).await?;
                    let exit = escrow::fail(account, lock_payer)?;
                    instructions.extend(settling(account, owner, exit));
                }
                Write::Release => {
                    let lock_payer = self.chain.lock_payer(account.address).await?;
                    let exit = escrow::release(account, owner, lock_payer)?;
                    instructions.extend(settling(account, owner, exit));
                }
            }
        }
        self.chain.sign(&instructions, &self.signer, &[]).await
    }

    async fn send(&self, transaction: &SignedTransaction) -> Result<(), ChainError> {
        self.chain.send(transaction).await
    }

    async fn outcome(
        &self,
        signature: &str,
        last_valid_block_height: u64,
    ) -> Result<TxOutcome, ChainError> {
        self.chain.outcome(signature, last_valid_block_height).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cyxwiz_chain::{EscrowState, Tier, Verification, pda};

    use super::*;
    use crate::steps::decide::tests::{NODE, escrow as account};

    /// Most bytes of a transaction.
    const PACKET: usize = 1_232;

    /// Length of a transaction that `payer` signs alone.
    fn wire_bytes(instructions: &[Instruction], payer: Address) -> usize {
        let mut keys = BTreeSet::from([payer.0]);
        let mut bytes = (1 + 64) + 3 + 1 + 32 + 1;
        for instruction in instructions {
            keys.insert(instruction.program_id.to_bytes());
            for meta in &instruction.accounts {
                let key = meta.pubkey.to_bytes();
                assert!(!meta.is_signer || key == payer.0, "another must sign");
                keys.insert(key);
            }
            bytes += 1 + 1 + instruction.accounts.len() + 1 + instruction.data.len();
        }
        bytes + 32 * keys.len()
    }

    #[test]
    fn every_exit_opens_both_token_accounts_and_fits_a_packet() {
        // A job with a proof takes one account more.
        let account = EscrowAccount {
            verification: Verification {
                tier: Tier::ZkExact,
                ..Verification::default()
            },
            ..account(EscrowState::Assigned)
        };
        let lock_payer = Address([6; 32]);
        let exits = [
            escrow::settle_cancel(&account, NODE, lock_payer),
            escrow::decline(&account, lock_payer),
            escrow::fail(&account, lock_payer),
            escrow::release(&account, NODE, lock_payer),
        ];
        for exit in exits {
            let exit = exit.expect("it has a node");
            let all = settling(&account, NODE, exit.clone());
            assert!(wire_bytes(&all, NODE) <= PACKET);
            assert_eq!(all[2], exit);
            for (opening, payee) in all.iter().zip([NODE, account.user]) {
                let opened = pda::token_account(payee, account.mint).0;
                let names = |key| opening.accounts.iter().any(|m| m.pubkey.to_bytes() == key);
                assert!(names(opened) && names(payee.0));
                let paid = exit.accounts.iter();
                assert!(paid.map(|m| m.pubkey.to_bytes()).any(|key| key == opened));
            }
        }
    }
}
