//! Funds the escrow: once, whatever happens in between.

use cyxwiz_chain::{
    ChainError, SignedTransaction, TxOutcome, Verification,
    instructions::{
        escrow::{NewEscrow, create},
        proof,
    },
};

use super::{
    JobRun,
    journal::{Journal, Offer, PendingTransaction},
};
use crate::{
    engine::Engine,
    error::{Error, Result},
};

const CREATE: &str = "create_escrow";

impl JobRun<'_> {
    /// Signs `create_escrow`, with a proof also `open` of its transcript, writes it down, sends it, and waits until it has landed.
    pub(super) async fn fund(&mut self, offer: Offer) -> Result<()> {
        let engine = self.engine;
        self.progress.wait("funding the escrow");
        let mint = engine.chain.escrow_config().await?.mint;
        let journal = &self.store.journal;
        let user = engine.user();
        let mut instructions = vec![create(
            user,
            mint,
            &NewEscrow {
                job_id: journal.job_id,
                amount: offer.amount,
                spec_hash: journal.spec_hash,
                dataset_root: journal.dataset_root,
                required_epochs: journal.epochs,
                estimated_seconds: offer.estimated_seconds,
                timeout_seconds: offer.timeout_seconds,
                verification: Verification::of(&self.spec),
            },
        )];
        // Both or neither: an escrow that asks for a proof without saying of what is nobody's job.
        if let Some(plan) = &journal.proof {
            let escrow = engine.escrow_address(journal.job_id);
            instructions.push(proof::open(user, escrow, &plan.opening(escrow)?));
        }
        let transaction = engine
            .chain
            .sign(&instructions, &engine.signer, &[])
            .await?;
        self.store.journal.create_escrow = Some(PendingTransaction::from(&transaction));
        self.store
            .note_transaction(CREATE, &transaction.signature)?;
        self.land_escrow(&transaction).await
    }

    /// Sends the journalled transaction again and waits for its fate.
    pub(super) async fn resend(&mut self) -> Result<()> {
        self.progress.wait("funding the escrow");
        if let Some(pending) = &self.store.journal.create_escrow {
            let transaction = SignedTransaction::from(pending);
            self.land_escrow(&transaction).await?;
        }
        Ok(())
    }

    async fn land_escrow(&mut self, transaction: &SignedTransaction) -> Result<()> {
        let landed = self.engine.chain.land(transaction).await;
        match landed {
            Ok(()) => {
                let amount = self.store.journal.offer.map(|offer| offer.amount);
                self.progress.note(format_args!(
                    "escrow: {} CYXWIZ, transaction {}",
                    amount.unwrap_or_default(),
                    transaction.signature
                ));
                Ok(())
            }
            // Also what a preflight says of a transaction that landed a moment ago: the chain decides.
            Err(ChainError::Refused { .. }) if self.escrow_exists().await? => Ok(()),
            Err(error @ (ChainError::Refused { .. } | ChainError::Expired)) => {
                // A refusal before the send says nothing about later: it stays
                // journalled until it can never land any more.
                if self.can_never_land(transaction).await? {
                    self.forget()?;
                }
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn escrow_exists(&self) -> Result<bool> {
        let escrow = self.engine.escrow(self.store.journal.job_id).await?;
        Ok(escrow.is_some())
    }

    async fn can_never_land(&self, transaction: &SignedTransaction) -> Result<bool> {
        let outcome = self
            .engine
            .chain
            .outcome(&transaction.signature, transaction.last_valid_block_height)
            .await?;
        Ok(matches!(
            outcome,
            TxOutcome::Expired | TxOutcome::Refused { .. }
        ))
    }

    /// Forgets a transaction that can never land, so that another may be made.
    pub(super) fn forget(&mut self) -> Result<()> {
        self.store.journal.create_escrow = None;
        self.store.journal.transactions.remove(CREATE);
        self.store.save()
    }

    /// The fate of the journalled transaction; `None` where there is none.
    pub(super) async fn fate(&self) -> Result<Option<TxOutcome>> {
        fate(self.engine, &self.store.journal).await
    }
}

/// What became of the `create_escrow` in `journal`; `None` where there is none.
///
/// # Errors
/// [`Error::Chain`].
pub async fn fate(engine: &Engine, journal: &Journal) -> Result<Option<TxOutcome>> {
    let Some(pending) = &journal.create_escrow else {
        return Ok(None);
    };
    let outcome = engine
        .chain
        .outcome(&pending.signature, pending.last_valid_block_height)
        .await;
    outcome.map(Some).map_err(Error::from)
}
