//! Attached to the node: events come in and are recorded, receipts go out,
//! checkpoints and weights are fetched. A broken connection is opened again and
//! goes on after the last event recorded.

use std::{future::Future, pin::pin, sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use cyxwiz_chain::{EscrowAccount, EscrowState};
use cyxwiz_proto::training::v1::{self as pb, train_request::Body as Request};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{
    JobRun,
    attachment::{Attachment, Download, Moment},
    session::{Session, answered},
    upload::{missing_bytes, upload},
};
use crate::{error::Result, rpc};

/// Between two looks at the transcript while the job's proof is awaited.
const PROOF_POLL: Duration = Duration::from_millis(500);
/// Between two looks at the escrow while attached.
const ESCROW_POLL: Duration = Duration::from_secs(2);
/// The same once only the submission is awaited.
const SUBMISSION_POLL: Duration = Duration::from_millis(100);
/// The node's name for its last transaction.
const SUBMIT: &str = "submit_completion";
/// How long the node may take to tell its signature once the chain shows the submission.
const NAME_GRACE: Duration = Duration::from_secs(2);
/// Attempts to fetch weights of a job that is paid already.
const ATTEMPTS_AFTER_PAYMENT: u32 = 8;
/// Requests that wait for the network.
const REQUESTS: usize = 64;

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
            match self.watch_chain().await?.state {
                EscrowState::Submitted | EscrowState::Paid if self.store.journal.is_delivered() => {
                    return Ok(());
                }
                EscrowState::Assigned | EscrowState::Submitted => {}
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
    fn mark(&self) -> (u64, u32, bool, bool) {
        let journal = &self.store.journal;
        (
            self.epochs.last_seq(),
            journal.held_epoch,
            journal.weights.is_some(),
            journal.transcript.is_some(),
        )
    }

    /// One connection, from opening to its end.
    async fn attached(&mut self) -> Result<()> {
        let Some((mut attachment, mut events)) = self.attach().await? else {
            return Ok(());
        };
        // Before any download is asked for: the node gives away only what is signed for.
        if self.epochs.seen() > 0 {
            self.send_receipt(&attachment).await?;
        }
        self.want_missing(&mut attachment).await?;
        self.progress
            .epochs(self.epochs.seen(), self.store.journal.epochs);

        let [mut proof, mut escrow, mut submission] =
            [PROOF_POLL, ESCROW_POLL, SUBMISSION_POLL].map(every);
        let (mut stream_open, mut submitted_at) = (true, None);
        loop {
            let delivered = self.store.journal.is_delivered();
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
                _ = proof.tick(), if self.is_trained() && self.awaits_proof() => {
                    self.look_at_proof().await?;
                }
                _ = submission.tick(), if delivered => {
                    let escrow = self.engine.funded_escrow(self.job_id()).await?;
                    if self.moved_on(&escrow, Some(&mut attachment)).await?
                        && self.submission_is_named(&mut submitted_at)
                    {
                        return Ok(());
                    }
                }
                _ = escrow.tick() => {
                    let escrow = self.watch_chain().await?;
                    if !delivered && self.moved_on(&escrow, Some(&mut attachment)).await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Opens the session, completes the data at the node, and attaches to its events. `None` if the job needs no
    /// connection any more.
    async fn attach(&mut self) -> Result<Option<(Attachment, Streaming<pb::TrainEvent>)>> {
        // Coming back is part of what was broken off.
        if self.epochs.last_seq() == 0 {
            self.enter("assign");
        }
        self.progress.wait("connecting to the node");
        let engine = self.engine;
        let escrow = engine.funded_escrow(self.job_id()).await?;
        let (dir, manifest) = (self.store.dir().to_owned(), Arc::clone(&self.manifest));
        let resume = self.store.journal.resume_token.clone();
        let opening = Session::open(engine, &dir, &escrow, &manifest, resume.as_deref());
        let Some(mut session) = self.beside(opening).await? else {
            return Ok(None);
        };
        if resume.as_ref() != Some(&session.token) {
            self.store.journal.resume_token = Some(session.token.clone());
            self.store.save()?;
        }
        if !session.missing.is_empty() {
            self.enter("upload");
            let dataset = self.store.journal.dataset.clone();
            let missing = missing_bytes(&session, &manifest)?;
            self.progress.bytes("uploading the dataset", missing);
            let meter = self.progress.meter();
            let uploading = upload(&mut session, &dataset, &manifest, meter);
            if self.beside(uploading).await?.is_none() {
                return Ok(None);
            }
            self.progress.clear();
            let bytes = manifest.len();
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
        let (requests, outgoing) = mpsc::channel(REQUESTS);
        let request = rpc::authorized(ReceiverStream::new(outgoing), &session.token);
        let mut client = session.client.clone();
        let attachment = Attachment {
            session,
            requests,
            download: None,
            queued: None,
        };
        let after_seq = self.epochs.last_seq();
        attachment
            .send(Request::Attach(pb::Attach { after_seq }))
            .await?;
        let opening = async {
            let opened = answered(client.train(request)).await;
            opened.map_err(|status| attachment.session.error("attach to the training", &status))
        };
        let events = self.beside(opening).await?;
        Ok(events.map(|events| (attachment, events.into_inner())))
    }

    /// What `work` with the node comes to. Proof and escrow are looked after meanwhile: neither the challenge nor
    /// the deadline waits for a node that does not answer. `None` once the job needs no connection any more.
    async fn beside<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        let mut work = pin!(work);
        let [mut proof, mut escrow] = [PROOF_POLL, ESCROW_POLL].map(every);
        loop {
            tokio::select! {
                done = &mut work => return done.map(Some),
                _ = proof.tick(), if self.is_trained() && self.awaits_proof() => {
                    self.look_at_proof().await?;
                }
                _ = escrow.tick() => {
                    let escrow = self.watch_chain().await?;
                    if self.moved_on(&escrow, None).await? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Looks at proof and escrow, and takes the way out that is open: whatever the node has told, shown or delivered,
    /// it may have committed to epochs that it keeps back, and may never prove what it has delivered.
    async fn watch_chain(&mut self) -> Result<EscrowAccount> {
        if self.awaits_proof() {
            self.look_at_proof().await?;
        }
        let escrow = self.engine.funded_escrow(self.job_id()).await?;
        if escrow.state == EscrowState::Assigned {
            self.enforce(&escrow).await?;
        }
        Ok(escrow)
    }

    /// A look at the proof; a chain that does not answer is asked again.
    async fn look_at_proof(&mut self) -> Result<()> {
        match self.watch_proof().await {
            Err(error) if error.is_transient() => {
                self.progress.remark(format_args!("{error}; looking again"));
                Ok(())
            }
            looked => looked,
        }
    }

    /// Asks for weights and transcript where they are due and not here.
    async fn want_missing(&mut self, attachment: &mut Attachment) -> Result<()> {
        if self.store.journal.completed {
            self.want_final_weights(attachment);
        }
        self.want_transcript(attachment).await
    }

    /// What is waited for once the weights are here.
    pub(super) fn last_phase(&self) -> &'static str {
        if self.store.journal.proof.is_some() {
            "proof"
        } else {
            "settle"
        }
    }

    /// Whether the job of `escrow` needs no connection any more.
    async fn moved_on(
        &mut self,
        escrow: &EscrowAccount,
        attachment: Option<&mut Attachment>,
    ) -> Result<bool> {
        Ok(match escrow.state {
            EscrowState::Assigned => false,
            EscrowState::Submitted | EscrowState::Paid => {
                // What the node did not show before it may show now, when its pay depends on it.
                if let Some(attachment) = attachment {
                    self.want_missing(attachment).await?;
                }
                self.store.journal.is_delivered()
            }
            _ => true,
        })
    }

    /// Whether the node has told its transaction, which it does right after; it may
    /// also never do so.
    fn submission_is_named(&self, since: &mut Option<Instant>) -> bool {
        let since = since.get_or_insert_with(Instant::now);
        self.store.journal.transactions.contains_key(SUBMIT) || since.elapsed() > NAME_GRACE
    }
}

/// A clock that first ticks after `period`.
fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
