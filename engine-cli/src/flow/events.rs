//! What the node tells while it trains, and what is answered: facts are recorded before they are signed for.

use std::path::PathBuf;

use cyxwiz_chain::{Receipt, receipt_message};
use cyxwiz_proto::training::v1::{
    self as pb, train_event::Body as Event, train_request::Body as Request,
};

use super::{
    JobRun,
    attachment::Attachment,
    download::{Content, Wanted, weights_limit},
    epochs::{Arrival, EpochRecord, Refusal, finite},
    journal::Weights,
    proof::Received,
    why::plain,
};
use crate::error::{Error, Result};

impl JobRun<'_> {
    pub(super) async fn handle(
        &mut self,
        attachment: &mut Attachment,
        event: pb::TrainEvent,
    ) -> Result<()> {
        let seq = event.seq;
        let repeated = seq > 0 && seq <= self.epochs.last_seq();
        match event.body {
            // An epoch that is told again is compared with the one before.
            Some(Event::Epoch(_)) => {}
            _ if repeated => return Ok(()),
            _ => {}
        }
        match event.body {
            Some(Event::Metrics(sample)) => {
                let (loss, rate) = (sample.loss, sample.samples_per_second);
                self.progress.sample(loss, sample.accuracy, rate);
                return Ok(());
            }
            Some(Event::Epoch(epoch)) => {
                return self
                    .epoch_done(attachment, EpochRecord::read(seq, &epoch)?)
                    .await;
            }
            // What must not be forgotten is journalled before the number moves on.
            Some(Event::Completed(completed)) => self.completed(attachment, &completed)?,
            Some(Event::ChainWrite(write)) => {
                self.store
                    .note_reported(&write.instruction, &write.signature)?;
            }
            Some(Event::Phase(changed)) => self.phase_changed(&changed)?,
            Some(Event::Proving(proving)) => {
                self.progress.share(&plain(&proving.stage), proving.share);
            }
            Some(Event::Proved(proved)) => self.proved(&proved)?,
            None => {}
        }
        if seq > 0 {
            self.take(|epochs| epochs.pass(seq))?;
        }
        Ok(())
    }

    async fn epoch_done(&mut self, attachment: &mut Attachment, record: EpochRecord) -> Result<()> {
        let bound = record.head.is_some() && record.ended_at.is_some();
        if self.store.journal.proof.is_some() && !bound {
            return Err(self.dishonest(&format!(
                "epoch {} came without the head of its transcript",
                record.epoch
            )));
        }
        if self.take(|epochs| epochs.append(record.clone()))? == Arrival::Repeated {
            return Ok(());
        }
        let epochs = self.store.journal.epochs;
        self.progress.epoch(&record, epochs);
        self.send_receipt(attachment).await?;
        let due = record
            .epoch
            .is_multiple_of(self.spec.job.checkpoint_every.max(1));
        if due && record.epoch < epochs {
            let (epoch, sha256) = (record.epoch, record.weights_sha256);
            attachment.want(Wanted {
                content: Content::Weights {
                    epoch,
                    sha256,
                    max_bytes: weights_limit(&self.spec),
                },
                path: self.checkpoint_path(epoch),
            });
        }
        Ok(())
    }

    fn proved(&mut self, proved: &pb::Proved) -> Result<()> {
        if let Some(plan) = &mut self.store.journal.proof {
            plan.prove_seconds = finite(proved.seconds);
            self.store.save()?;
        }
        let (circuit, seconds) = (plain(&proved.circuit), proved.seconds);
        self.progress
            .note(format_args!("proof: {circuit}, made in {seconds:.1} s"));
        Ok(())
    }

    fn completed(&mut self, attachment: &mut Attachment, completed: &pb::Completed) -> Result<()> {
        let (seen, required) = (self.epochs.seen(), self.store.journal.epochs);
        if completed.epochs != required || seen != required {
            let claimed = completed.epochs;
            return Err(self.dishonest(&format!(
                "it says that it completed {claimed} epochs of {required}, but showed {seen}"
            )));
        }
        let last = self
            .epochs
            .record(seen)
            .map(|record| record.weights_sha256.to_vec());
        if last.as_ref() != Some(&completed.weights_sha256) {
            return Err(self.dishonest("the final weights are not those of the last epoch"));
        }
        self.store.journal.completed = true;
        self.store.journal.accuracy = finite(completed.test_accuracy);
        self.enter("download");
        self.store.save()?;
        self.want_final_weights(attachment);
        Ok(())
    }

    pub(super) fn want_final_weights(&mut self, attachment: &mut Attachment) {
        let Some(last) = self.epochs.records().last() else {
            return;
        };
        if self.store.journal.weights.is_some() || attachment.wants_final_weights() {
            return;
        }
        let own = || self.store.dir().join("weights.safetensors");
        let wanted = Wanted {
            content: Content::Weights {
                epoch: 0,
                sha256: last.weights_sha256,
                max_bytes: weights_limit(&self.spec),
            },
            path: self.options.output.clone().unwrap_or_else(own),
        };
        self.progress
            .bytes("downloading the weights", last.weights_bytes);
        attachment.want(wanted);
    }

    pub(super) async fn downloaded(
        &mut self,
        attachment: &mut Attachment,
        done: Result<Option<Received>>,
    ) -> Result<()> {
        let Some(wanted) = attachment.next_download() else {
            return Ok(());
        };
        let (epoch, sha256) = match wanted.content {
            Content::Weights { epoch, sha256, .. } => (epoch, sha256),
            Content::Transcript(_) => return self.transcript_fetched(wanted.path, done).await,
        };
        match done {
            Ok(_) => {}
            // The node keeps the last few checkpoints only; a later one will do.
            Err(Error::Refused { passing: false, .. }) if epoch > 0 => return Ok(()),
            Err(error) if epoch == 0 => return self.not_delivered("weights", error).await,
            Err(error) => return Err(error),
        }
        if epoch == 0 {
            let path = std::path::absolute(&wanted.path).unwrap_or(wanted.path);
            self.progress.note(format_args!(
                "weights: {}, SHA-256 verified",
                path.display()
            ));
            self.store.journal.weights = Some(Weights { path, sha256 });
            self.store.journal.held_epoch = self.store.journal.epochs;
            self.enter(self.last_phase());
            self.progress.wait(if self.store.journal.proof.is_some() {
                "waiting for the proof"
            } else {
                "waiting for the node's submission"
            });
        } else {
            let older = self.store.journal.held_epoch;
            self.store.journal.held_epoch = epoch;
            if older > 0 {
                // Only the newest one counts; a leftover does no harm.
                let _ = std::fs::remove_file(self.checkpoint_path(older));
            }
        }
        self.store.save()?;
        self.send_receipt(attachment).await?;
        match epoch {
            0 => self.want_transcript(attachment).await,
            _ => Ok(()),
        }
    }

    /// Signs what is seen and held now. Cumulative: the newest one says it all.
    pub(super) async fn send_receipt(&self, attachment: &Attachment) -> Result<()> {
        let receipt = Receipt {
            epochs_seen: self.epochs.seen(),
            epochs_held: self.store.journal.held_epoch,
            checkpoint_hash: self.epochs.head(),
        };
        let escrow = self.engine.escrow_address(self.job_id());
        let signature = self.engine.wallet.sign(&receipt_message(escrow, &receipt));
        attachment
            .send(Request::Receipt(pb::Receipt {
                epochs_seen: receipt.epochs_seen,
                epochs_held: receipt.epochs_held,
                checkpoint_hash: receipt.checkpoint_hash.to_vec(),
                signature: signature.to_vec(),
            }))
            .await
    }

    fn phase_changed(&mut self, changed: &pb::PhaseChanged) -> Result<()> {
        let told = &plain(&changed.message);
        let because = if told.is_empty() {
            String::new()
        } else {
            format!(": {told}")
        };
        match changed.phase() {
            pb::Phase::Paused => self.progress.remark(format_args!("paused{because}")),
            pb::Phase::Failed => {
                self.progress
                    .note(format_args!("the node ends the job{because}"));
                self.note_why(told)?;
            }
            phase => tracing::debug!(?phase, message = told, "phase changed"),
        }
        Ok(())
    }

    fn checkpoint_path(&self, epoch: u32) -> PathBuf {
        let name = format!("epoch-{epoch:06}.safetensors");
        self.store.dir().join("checkpoints").join(name)
    }

    fn take(
        &mut self,
        take: impl FnOnce(&mut super::epochs::EpochLog) -> Result<Arrival, Refusal>,
    ) -> Result<Arrival> {
        take(&mut self.epochs).map_err(|refusal| match refusal {
            Refusal::Contradiction(problem) => self.dishonest(&problem),
            Refusal::Disk(error) => error,
        })
    }
}
