//! Attached to the node: events come in and are recorded, receipts go out,
//! checkpoints and weights are fetched. A broken connection is opened again and
//! goes on after the last event recorded.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use cyxwiz_chain::EscrowState;
use cyxwiz_proto::training::v1::{self as pb, train_request::Body as Request};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    JobRun,
    attachment::{Attachment, Download, Moment},
    session::Session,
    upload::upload,
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
            self.want_transcript(&mut attachment).await?;
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
                _ = proof.tick(), if self.is_trained() && self.awaits_proof() => match self.watch_proof().await {
                    Err(error) if error.is_transient() => {
                        self.progress.remark(format_args!("{error}; looking again"));
                    }
                    looked => looked?,
                },
                _ = submission.tick(), if delivered => {
                    if self.moved_on(&mut attachment).await? && self.submission_is_named(&mut submitted_at) {
                        return Ok(());
                    }
                }
                _ = poll.tick(), if !delivered => {
                    if self.moved_on(&mut attachment).await? {
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
    pub(super) fn last_phase(&self) -> &'static str {
        if self.store.journal.proof.is_some() {
            "proof"
        } else {
            "settle"
        }
    }

    /// Whether this job needs no connection any more.
    async fn moved_on(&mut self, attachment: &mut Attachment) -> Result<bool> {
        let escrow = self.engine.funded_escrow(self.job_id()).await?;
        Ok(match escrow.state {
            EscrowState::Assigned => {
                // Cheap enough at the slow pace only; the deadline is far while all goes well.
                if !self.store.journal.is_delivered() {
                    self.enforce(&escrow).await?;
                }
                false
            }
            EscrowState::Submitted | EscrowState::Paid => {
                // What the node did not show before it may show now, when its pay depends on it.
                self.want_transcript(attachment).await?;
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
