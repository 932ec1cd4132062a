//! Attached to the node: events come in and are recorded, receipts go out,
//! checkpoints and weights are fetched. A broken connection is opened again and
//! goes on after the last event recorded.

use std::{path::PathBuf, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use cyxwiz_chain::{EscrowState, Receipt, receipt_message};
use cyxwiz_proto::training::v1::{
    self as pb, train_event::Body as Event, train_request::Body as Request,
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    JobRun,
    attachment::{Attachment, Download, Moment},
    download::Wanted,
    epochs::{Arrival, EpochRecord, Refusal, finite},
    journal::Weights,
    session::Session,
    upload::upload,
};
use crate::{
    error::{Error, Result},
    rpc,
};

/// Between two looks at the escrow while attached.
const ESCROW_POLL: Duration = Duration::from_secs(2);
/// Between two looks at the transcript while the job's proof is awaited.
const PROOF_POLL: Duration = Duration::from_millis(500);
/// The same once only the submission is awaited.
const SUBMISSION_POLL: Duration = Duration::from_millis(100);
/// The node's name for its last transaction.
const SUBMIT: &str = "submit_completion";
/// How long the node may take to tell its signature once the chain shows the submission.
const NAME_GRACE: Duration = Duration::from_secs(2);
/// Attempts to fetch weights of a job that is paid already.
const ATTEMPTS_AFTER_PAYMENT: u32 = 8;

impl JobRun<'_> {
    /// Stays with the node until the weights are here and the escrow has moved on
    /// from `Assigned`, or the job is settled.
    pub(super) async fn train(&mut self) -> Result<()> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(5))
            .without_max_times()
            .with_jitter();
        let mut delays = backoff.build();
        let (mut progress_mark, mut failures) = (self.mark(), 0);
        loop {
            let error = match self.attached().await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_transient() => error,
                Err(error) => return Err(error),
            };
            failures += 1;
            if self.mark() != progress_mark {
                (progress_mark, failures) = (self.mark(), 1);
                delays = backoff.build();
            }
            self.progress
                .remark(format_args!("{error}; connecting again"));
            // The challenge is drawn whether or not the node can be reached.
            if self.awaits_proof() {
                self.watch_proof().await?;
            }
            let escrow = self.engine.funded_escrow(self.job_id()).await?;
            match escrow.state {
                EscrowState::Assigned => self.enforce(&escrow).await?,
                EscrowState::Submitted => {}
                EscrowState::Paid if failures < ATTEMPTS_AFTER_PAYMENT => {}
                EscrowState::Paid => return Err(error),
                _ => return Ok(()),
            }
            self.progress
                .remark(format_args!("{error}; connecting again"));
            tokio::time::sleep(delays.next().unwrap_or(ESCROW_POLL)).await;
        }
    }

    /// Changes with everything that is achieved.
    fn mark(&self) -> (u64, u32, bool) {
        let journal = &self.store.journal;
        (
            self.epochs.last_seq(),
            journal.held_epoch,
            journal.weights.is_some(),
        )
    }

    /// One connection, from opening to its end.
    async fn attached(&mut self) -> Result<()> {
        let mut attachment = self.attach().await?;
        let request = {
            let (requests, outgoing) = mpsc::channel(64);
            attachment.requests = requests;
            rpc::authorized(ReceiverStream::new(outgoing), &attachment.session.token)
        };
        let after_seq = self.epochs.last_seq();
        attachment
            .send(Request::Attach(pb::Attach { after_seq }))
            .await?;
        let opened = attachment.session.client.train(request).await;
        let mut events = opened
            .map_err(|status| attachment.session.error("attach to the training", &status))?
            .into_inner();
        // Before any download is asked for: the node gives away only what is signed for.
        if self.epochs.seen() > 0 {
            self.send_receipt(&attachment).await?;
        }
        if self.store.journal.completed {
            self.want_final_weights(&mut attachment);
        }
        self.progress
            .epochs(self.epochs.seen(), self.store.journal.epochs);

        let mut poll = interval(ESCROW_POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut submission = interval(SUBMISSION_POLL);
        submission.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut proof = interval(PROOF_POLL);
        proof.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut stream_open, mut submitted_at) = (true, None);
        loop {
            let delivered = self.store.journal.weights.is_some();
            tokio::select! {
                event = events.message(), if stream_open => match event {
                    Ok(Some(event)) => self.handle(&mut attachment, event).await?,
                    // After a settlement the node has no more to say, but may still serve weights.
                    Ok(None) if attachment.download.is_some() => stream_open = false,
                    Ok(None) => return Err(attachment.gone()),
                    Err(status) => {
                        return Err(attachment.session.error("go on with the training", &status));
                    }
                },
                moment = Download::next(&mut attachment.download) => match moment {
                    Moment::Done(done) => self.downloaded(&mut attachment, done).await?,
                    // The bar is the training's until then.
                    Moment::Bytes(done) if self.store.journal.completed => {
                        self.progress.bytes_done(done);
                    }
                    Moment::Bytes(_) => {}
                },
                _ = proof.tick(), if self.is_trained() && self.awaits_proof() => match self.watch_proof().await {
                    Err(error) if error.is_transient() => {
                        self.progress.remark(format_args!("{error}; looking again"));
                    }
                    looked => looked?,
                },
                _ = submission.tick(), if delivered => {
                    if self.moved_on().await? && self.submission_is_named(&mut submitted_at) {
                        return Ok(());
                    }
                }
                _ = poll.tick(), if !delivered => {
                    if self.moved_on().await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Opens the session and completes the data at the node.
    async fn attach(&mut self) -> Result<Attachment> {
        // Coming back is part of what was broken off.
        if self.epochs.last_seq() == 0 {
            self.enter("assign");
        }
        self.progress.wait("connecting to the node");
        let escrow = self.engine.funded_escrow(self.job_id()).await?;
        let (dir, resume) = (self.store.dir(), self.store.journal.resume_token.as_deref());
        let mut session = Session::open(self.engine, dir, &escrow, &self.manifest, resume).await?;
        if self.store.journal.resume_token.as_deref() != Some(&session.token) {
            self.store.journal.resume_token = Some(session.token.clone());
            self.store.save()?;
        }
        if !session.missing.is_empty() {
            self.enter("upload");
            let dataset = self.store.journal.dataset.clone();
            upload(&mut session, &dataset, &self.manifest, &mut self.progress).await?;
            let bytes = self.manifest.len();
            self.progress.note(format_args!(
                "dataset: {bytes} bytes at {}",
                session.endpoint
            ));
        }
        let journal = &self.store.journal;
        self.enter(match (journal.completed, &journal.weights) {
            (_, Some(_)) => self.last_phase(),
            (true, None) => "download",
            (false, None) => "train",
        });
        let (requests, _) = mpsc::channel(1);
        Ok(Attachment {
            session,
            requests,
            download: None,
            queued: None,
        })
    }

    /// What is waited for once the weights are here.
    fn last_phase(&self) -> &'static str {
        if self.store.journal.proof.is_some() {
            "proof"
        } else {
            "settle"
        }
    }

    /// Whether this job needs no connection any more.
    async fn moved_on(&mut self) -> Result<bool> {
        let escrow = self.engine.funded_escrow(self.job_id()).await?;
        Ok(match escrow.state {
            EscrowState::Assigned => {
                // Cheap enough at the slow pace only; the deadline is far while all goes well.
                if self.store.journal.weights.is_none() {
                    self.enforce(&escrow).await?;
                }
                false
            }
            EscrowState::Submitted | EscrowState::Paid => self.store.journal.weights.is_some(),
            _ => true,
        })
    }

    /// Whether the node has told its transaction, which it does right after; it may
    /// also never do so.
    fn submission_is_named(&self, since: &mut Option<Instant>) -> bool {
        let since = since.get_or_insert_with(Instant::now);
        self.store.journal.transactions.contains_key(SUBMIT) || since.elapsed() > NAME_GRACE
    }

    async fn handle(&mut self, attachment: &mut Attachment, event: pb::TrainEvent) -> Result<()> {
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
            Some(Event::Phase(changed)) => self.phase_changed(&changed),
            Some(Event::Proving(proving)) => self.progress.share(&proving.stage, proving.share),
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
            attachment.want(Wanted {
                epoch: record.epoch,
                sha256: record.weights_sha256,
                path: self.checkpoint_path(record.epoch),
            });
        }
        Ok(())
    }

    fn proved(&mut self, proved: &pb::Proved) -> Result<()> {
        if let Some(plan) = &mut self.store.journal.proof {
            plan.prove_seconds = finite(proved.seconds);
            self.store.save()?;
        }
        let pb::Proved {
            circuit, seconds, ..
        } = proved;
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

    fn want_final_weights(&mut self, attachment: &mut Attachment) {
        let Some(last) = self.epochs.records().last() else {
            return;
        };
        if self.store.journal.weights.is_some() {
            return;
        }
        let own = || self.store.dir().join("weights.safetensors");
        let wanted = Wanted {
            epoch: 0,
            sha256: last.weights_sha256,
            path: self.options.output.clone().unwrap_or_else(own),
        };
        self.progress
            .bytes("downloading the weights", last.weights_bytes);
        attachment.want(wanted);
    }

    async fn downloaded(&mut self, attachment: &mut Attachment, done: Result<()>) -> Result<()> {
        let Some(wanted) = attachment.next_download() else {
            return Ok(());
        };
        match done {
            Ok(()) => {}
            // The node keeps the last few checkpoints only; a later one will do.
            Err(Error::Refused { passing: false, .. }) if wanted.epoch > 0 => return Ok(()),
            Err(error) => return Err(error),
        }
        if wanted.epoch == 0 {
            let path = std::path::absolute(&wanted.path).unwrap_or(wanted.path);
            self.progress.note(format_args!(
                "weights: {}, SHA-256 verified",
                path.display()
            ));
            self.store.journal.weights = Some(Weights {
                path,
                sha256: wanted.sha256,
            });
            self.store.journal.held_epoch = self.store.journal.epochs;
            self.enter(self.last_phase());
            self.progress.wait(if self.store.journal.proof.is_some() {
                "waiting for the proof"
            } else {
                "waiting for the node's submission"
            });
        } else {
            let older = self.store.journal.held_epoch;
            self.store.journal.held_epoch = wanted.epoch;
            if older > 0 {
                // Only the newest one counts; a leftover does no harm.
                let _ = std::fs::remove_file(self.checkpoint_path(older));
            }
        }
        self.store.save()?;
        self.send_receipt(attachment).await
    }

    /// Signs what is seen and held now. Cumulative: the newest one says it all.
    async fn send_receipt(&self, attachment: &Attachment) -> Result<()> {
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

    fn phase_changed(&self, changed: &pb::PhaseChanged) {
        let told = &changed.message;
        let because = if told.is_empty() {
            String::new()
        } else {
            format!(": {told}")
        };
        match changed.phase() {
            pb::Phase::Paused => self.progress.remark(format_args!("paused{because}")),
            pb::Phase::Failed => {
                self.progress
                    .note(format_args!("the node gives the job up{because}"));
            }
            phase => tracing::debug!(?phase, message = told, "phase changed"),
        }
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
