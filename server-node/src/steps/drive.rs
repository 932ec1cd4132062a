//! Takes care of one job: looks at its escrow every second and whenever something
//! happens here, decides, and acts. Errors never end it; they only make it wait.

mod proof;

use std::{sync::Arc, time::Duration};

use cyxwiz_chain::{ChainError, EscrowAccount};
use tokio::time::{Instant, sleep};

use super::{
    decide::{self, Action, GiveUp, Policy, View, next_step},
    delivered::{self, WriteError},
    settled, training,
};
use crate::{
    coordinator_client::Report,
    jobs::{Job, JobError, Phase},
    ledger::Write,
    node::Node,
};

/// Longest wait after an error.
const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// Reads in a row that must find no escrow before it counts as closed: an RPC
/// node that lags behind is no reason to drop a job.
const MISSING_READS: u32 = 5;
/// Refusals to take a job back after which it is given up instead: to insist until the deadline would cost
/// more.
const DECLINES: u32 = 3;
/// After a failed anchor, the time to the next try: an anchor is welcome, never needed.
const ANCHOR_RETRY: Duration = Duration::from_secs(20);

/// Why a step did not work.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

struct Driver {
    node: Arc<Node>,
    job: Arc<Job>,
    /// Reads in a row that found no escrow.
    missing: u32,
    /// Reads in a row that found no transcript where there must be one.
    untranscribed: u32,
    no_anchor_before: Instant,
    no_reveal_before: Instant,
    /// The proving key has been asked for.
    prepared: bool,
    /// Times that the chain has refused to take the job back.
    refused_declines: u32,
}

/// Drives `job` until it is forgotten or the node ends.
pub async fn drive(node: Arc<Node>, job: Arc<Job>) {
    let shutdown = node.shutdown.clone();
    let mut driver = Driver {
        missing: 0,
        untranscribed: 0,
        no_anchor_before: Instant::now(),
        no_reveal_before: Instant::now(),
        prepared: false,
        refused_declines: 0,
        node,
        job,
    };
    tokio::select! {
        () = driver.run() => {}
        () = shutdown.cancelled() => {}
    }
}

impl Driver {
    async fn run(&mut self) {
        let poll = self.node.settings.jobs.poll;
        let mut backoff = poll;
        while self.job.record().phase != Phase::Settled {
            let wait = match self.step().await {
                Ok(true) => {
                    backoff = poll;
                    continue;
                }
                Ok(false) => {
                    backoff = poll;
                    poll
                }
                Err(error) => {
                    tracing::warn!(job = %self.job.id(), %error, "failed to take care of a job; will try again");
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                    backoff
                }
            };
            tokio::select! {
                () = sleep(wait) => {}
                () = self.job.wake.notified() => {}
            }
        }
        settled::retain_then_forget(&self.node, &self.job).await;
    }

    /// One look and one act; whether there was something to do.
    async fn step(&mut self) -> Result<bool, StepError> {
        if let Some(pending) = self.job.record().pending {
            delivered::finish(&self.node, &self.job, &pending).await?;
        }
        let escrow = self.node.ledger.escrow(self.job.record().escrow).await?;
        let now = self.node.ledger.unix_time().await?;
        self.missing = if escrow.is_some() {
            0
        } else {
            self.missing + 1
        };
        if (1..MISSING_READS).contains(&self.missing) {
            return Ok(false);
        }
        let transcript = match &escrow {
            Some(escrow) if self.needs_transcript(escrow) => {
                self.node.ledger.transcript(escrow.address).await?
            }
            _ => None,
        };
        let view = View {
            escrow: escrow.as_ref(),
            transcript: transcript.as_ref(),
            now,
        };
        if let Some(escrow) = view.escrow {
            self.watch_deadline(escrow, now);
            if !self.accept_terms(escrow, &view)? {
                return Ok(false);
            }
        }
        let policy = Policy {
            declines: self.refused_declines < DECLINES,
            ..self.node.policy(&self.job)
        };
        let action = next_step(&self.job.local(), &view, &policy);
        self.act(action, &view).await
    }

    async fn act(&mut self, action: Action, view: &View<'_>) -> Result<bool, StepError> {
        if !matches!(action, Action::Wait | Action::Anchor(_) | Action::Reveal) {
            tracing::info!(job = %self.job.id(), ?action, "next step");
        }
        match (action, view.escrow) {
            (Action::Wait, _) => {
                self.wait(view.transcript);
                return Ok(false);
            }
            (Action::Train, _) => training::start(&self.node, &self.job),
            (Action::StopTraining, _) => {
                // The supervisor sees the phase and kills; then there is more to do.
                if self.job.record().phase == Phase::Training {
                    self.job
                        .enter(Phase::Stopped, "the escrow has ended the training")?;
                }
                self.training_ended().await;
            }
            (Action::GoOn, _) => {
                let job = Arc::clone(&self.job);
                let go_on = move || job.go_on("the stop was not followed by a cancellation");
                tokio::task::spawn_blocking(go_on).await.map_err(|panic| {
                    JobError::Inconsistent {
                        id: self.job.id(),
                        problem: panic.to_string(),
                    }
                })??;
            }
            (Action::NoteSubmitted, Some(escrow)) => self.note_submitted(escrow)?,
            (Action::NoteSettled, escrow) => settled::note(&self.node, &self.job, escrow)?,
            (Action::Anchor(epoch), Some(escrow)) => return Ok(self.anchor(escrow, epoch).await),
            (Action::PresentReceipt, Some(escrow)) => {
                let writes: Vec<_> = self.receipt_write(escrow).into_iter().collect();
                self.write(escrow, "present_receipt", &writes).await?;
            }
            (Action::Submit, Some(escrow)) => self.submit(escrow).await?,
            (Action::SettleCancel, Some(escrow)) => {
                self.write(escrow, "settle_cancel", &[Write::SettleCancel])
                    .await?;
            }
            (Action::Decline(why), Some(escrow)) => {
                self.note_end(why)?;
                self.decline(escrow).await?;
            }
            (Action::Fail(why), Some(escrow)) => {
                self.note_end(why)?;
                self.write(escrow, "fail", &[Write::Fail]).await?;
            }
            (Action::Release, Some(escrow)) => {
                self.write(escrow, "release", &[Write::Release]).await?;
            }
            (Action::Commit, Some(escrow)) => self.commit(escrow, view.now).await?,
            (Action::Reveal, Some(escrow)) => return self.reveal(escrow).await,
            (Action::Prove, _) => self.prove(view.transcript),
            (Action::Verify, Some(escrow)) => self.verify(escrow).await?,
            (Action::Concede, _) => self.concede()?,
            // Decided only with an escrow.
            (_, None) => return Ok(false),
        }
        Ok(true)
    }

    async fn write(
        &self,
        escrow: &EscrowAccount,
        name: &str,
        writes: &[Write],
    ) -> Result<(), WriteError> {
        delivered::write(&self.node, &self.job, escrow, name, writes).await
    }

    /// Notes why the job ends here before anything is sent, so that a restart in between ends it too.
    fn note_end(&self, why: GiveUp) -> Result<(), JobError> {
        match why.message() {
            Some(reason) if self.job.record().phase != Phase::Failed => self.job.fail(reason),
            _ => Ok(()),
        }
    }

    /// Hands the job back. Where the chain refuses, for its clock has passed the window say, the next look
    /// decides anew.
    async fn decline(&mut self, escrow: &EscrowAccount) -> Result<(), WriteError> {
        let reason = self.job.record().failure;
        tracing::info!(job = %self.job.id(), reason, "handing the job back");
        let written = self.write(escrow, "decline", &[Write::Decline]).await;
        if let Err(WriteError::Chain {
            source: ChainError::Refused { .. },
            ..
        }) = &written
        {
            self.refused_declines += 1;
        }
        written
    }

    async fn submit(&self, escrow: &EscrowAccount) -> Result<(), StepError> {
        let submission = delivered::submission(&self.job)?;
        self.write(escrow, delivered::SUBMIT, &[submission]).await?;
        Ok(())
    }

    fn note_submitted(&self, escrow: &EscrowAccount) -> Result<(), JobError> {
        let completion = self.job.record().completion;
        if completion.is_none_or(|c| c.weights_sha256 != escrow.weights_hash) {
            tracing::error!(job = %self.job.id(), "the chain has another completion than this node made");
        }
        self.job
            .enter(Phase::Submitted, "the completion is on the chain")?;
        let signature = delivered::signature_of(&self.job, delivered::SUBMIT);
        self.node.report(Report::Completion {
            job: self.job.id(),
            signature: signature.unwrap_or_default(),
        });
        Ok(())
    }

    /// Best effort, together with the receipt that is to be shown anyway.
    async fn anchor(&mut self, escrow: &EscrowAccount, epoch: u32) -> bool {
        let root = self.job.chain_hash(epoch);
        let (Some(root), true) = (root, Instant::now() >= self.no_anchor_before) else {
            return false;
        };
        let mut writes: Vec<Write> = self.receipt_write(escrow).into_iter().collect();
        writes.push(Write::Anchor { epoch, root });
        match self.write(escrow, "anchor_checkpoint", &writes).await {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(job = %self.job.id(), epoch, %error, "failed to anchor a checkpoint");
                self.no_anchor_before = Instant::now() + ANCHOR_RETRY;
                false
            }
        }
    }

    /// A receipt that says more than the chain knows; what another one says follows
    /// in a transaction of its own.
    fn receipt_write(&self, escrow: &EscrowAccount) -> Option<Write> {
        let receipts = self.job.receipts();
        let signed = receipts.beyond((escrow.receipt_seen, escrow.receipt_held))?;
        Some(Write::PresentReceipt(signed.receipt, signed.signature))
    }

    /// Pauses end in time for the deadline, and for the proof that must come before it.
    fn watch_deadline(&self, escrow: &EscrowAccount, now: i64) {
        let left = escrow
            .required_epochs
            .saturating_sub(self.job.local().epochs_done);
        let guess = f64::from(escrow.estimated_seconds) / f64::from(escrow.required_epochs.max(1));
        let epoch_seconds = self.job.mean_epoch_seconds().unwrap_or(guess);
        let mut needed = epoch_seconds * f64::from(left);
        if escrow.verification.tier.is_proven() {
            needed += self.node.settings.proof.allowance.as_secs_f64();
        }
        self.job.set_hurry(decide::is_hurried(escrow, now, needed));
    }

    async fn training_ended(&self) {
        let mut changes = self.job.changes();
        while self.job.local().training {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}
