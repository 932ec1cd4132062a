//! Writes to the chain: noted on the disk before they are sent, so that a crash
//! neither forgets one nor its signature; and the completion among them.

use std::time::Duration;

use cyxwiz_chain::{ChainError, EscrowAccount, SignedTransaction, TxOutcome};
use tokio::time::sleep;

use crate::{
    jobs::{Job, JobError, KeptEvent, PendingWrite},
    ledger::Write,
    node::Node,
};

/// The name of the write that puts the completion on the chain.
pub const SUBMIT: &str = "submit_completion";

/// Time between two questions after a transaction.
const POLL: Duration = Duration::from_millis(200);
/// Questions between two sendings.
const RESEND: u32 = 10;

/// Why a write did not land.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The chain's word.
    #[error("{instruction}: {source}")]
    Chain {
        /// What was tried.
        instruction: String,
        /// Why not.
        source: ChainError,
    },
    /// It cannot be noted.
    #[error(transparent)]
    Job(#[from] JobError),
}

/// Signs, notes, sends, and waits until the fate is known. `instruction` is the
/// name that the engine is told.
///
/// # Errors
/// [`WriteError`]; nothing has landed then, or the note of it is kept.
pub async fn write(
    node: &Node,
    job: &Job,
    escrow: &EscrowAccount,
    instruction: &str,
    writes: &[Write],
) -> Result<(), WriteError> {
    let signed = node.ledger.sign(escrow, writes).await;
    let signed = signed.map_err(|source| WriteError::Chain {
        instruction: instruction.to_owned(),
        source,
    })?;
    let pending = PendingWrite {
        instruction: instruction.to_owned(),
        signature: signed.signature,
        bytes: signed.bytes,
        last_valid_block_height: signed.last_valid_block_height,
    };
    job.set_pending(Some(pending.clone()))?;
    finish(node, job, &pending).await
}

/// Follows a noted write to its fate, also after a restart.
///
/// # Errors
/// [`WriteError`].
pub async fn finish(node: &Node, job: &Job, pending: &PendingWrite) -> Result<(), WriteError> {
    let outcome = follow(node, pending).await;
    match outcome {
        Ok(()) => {
            tracing::info!(job = %job.id(), instruction = pending.instruction, signature = pending.signature, "landed");
            job.note_write(&pending.instruction, &pending.signature)?;
            job.set_pending(None)?;
            Ok(())
        }
        Err(source) => {
            // Refused or expired: it will never land. Otherwise the note stays.
            if matches!(source, ChainError::Refused { .. } | ChainError::Expired) {
                job.set_pending(None)?;
            }
            Err(WriteError::Chain {
                instruction: pending.instruction.clone(),
                source,
            })
        }
    }
}

async fn follow(node: &Node, pending: &PendingWrite) -> Result<(), ChainError> {
    let transaction = SignedTransaction {
        signature: pending.signature.clone(),
        bytes: pending.bytes.clone(),
        last_valid_block_height: pending.last_valid_block_height,
    };
    for round in 0u32.. {
        let mut refusal = None;
        if round % RESEND == 0
            && let Err(error) = node.ledger.send(&transaction).await
        {
            // It may have landed before: a repeated one is refused too.
            match error {
                ChainError::Refused { .. } => refusal = Some(error),
                error => tracing::debug!(%error, "failed to send; will try again"),
            }
        }
        let outcome = node
            .ledger
            .outcome(&transaction.signature, transaction.last_valid_block_height)
            .await;
        match outcome {
            Ok(TxOutcome::Landed { .. }) => return Ok(()),
            Ok(TxOutcome::Refused { code, message }) => {
                return Err(refusal.unwrap_or(ChainError::Refused {
                    code,
                    name: None,
                    message,
                    logs: Vec::new(),
                }));
            }
            Ok(TxOutcome::Expired) => return Err(ChainError::Expired),
            Ok(TxOutcome::Pending) => {
                if let Some(refusal) = refusal {
                    return Err(refusal);
                }
            }
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, "failed to ask after a transaction; will ask again");
            }
            Err(error) => return Err(error),
        }
        sleep(POLL).await;
    }
    unreachable!("the loop ends by returning")
}

/// The completion as the chain wants it.
///
/// # Errors
/// [`JobError::Inconsistent`] before the job is trained.
pub fn submission(job: &Job) -> Result<Write, JobError> {
    let completion = job.record().completion;
    let root = completion
        .as_ref()
        .and_then(|completion| job.chain_hash(completion.epochs));
    let (Some(completion), Some(final_root)) = (completion, root) else {
        return Err(JobError::Inconsistent {
            id: job.id(),
            problem: "it is trained but has no completion".to_owned(),
        });
    };
    Ok(Write::Submit {
        final_root,
        weights_hash: completion.weights_sha256,
        epochs: completion.epochs,
        // Saturates for jobs of more than a century.
        training_seconds: completion.training_seconds.ceil().max(1.0) as u32,
    })
}

/// Signature of the last write of that name that landed.
pub fn signature_of(job: &Job, name: &str) -> Option<String> {
    let events = job.events_after(0, usize::MAX);
    events.into_iter().rev().find_map(|(_, event)| match event {
        KeptEvent::ChainWrite {
            instruction,
            signature,
        } if instruction == name => Some(signature),
        _ => None,
    })
}
