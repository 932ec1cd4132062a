//! A job from its file to its payment, one step per file. Every step can be
//! repeated: what to do next is decided by [`step::next_step`] from the journal
//! and the chain, never from memory.

pub mod assign;
mod attachment;
pub mod balances;
pub mod clock;
pub mod compare;
pub mod download;
pub mod ending;
mod epoch;
pub mod epochs;
mod events;
pub mod fund;
pub mod input;
pub mod journal;
pub mod offer;
pub mod price;
pub mod progress;
pub mod proof;
pub mod report;
pub mod session;
pub mod settle;
pub mod step;
pub mod store;
pub mod train;
pub mod upload;
mod why;

use std::{ops::ControlFlow, path::PathBuf, sync::Arc, time::Duration};

use cyxwiz_chain::TranscriptStage;
use cyxwiz_domain::{Amount, Digest, JobId, dataset::Manifest, spec::JobSpec};

use self::{
    clock::PhaseClock,
    ending::Ending,
    epochs::EpochLog,
    input::Input,
    journal::{Journal, Weights},
    progress::Progress,
    proof::{Evidence, ProofPlan},
    report::Report,
    step::{Step, next_step},
    store::JobStore,
};
use crate::{
    engine::Engine,
    error::{Error, Result},
};

/// Failures in a row that a funded job bears before it tells the user.
const PATIENCE: u32 = 10;
/// Between them.
const PAUSE: Duration = Duration::from_secs(2);

/// What the user may choose about a run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Refuse a price above this.
    pub max_price: Option<Amount>,
    /// Where the weights go.
    pub output: Option<PathBuf>,
    /// Repeat the whole training here before paying; of jobs that train in integers alone.
    pub replay: bool,
}

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// The escrow is funded and the coordinator has checked it.
    Funded,
    /// Delivered and checked against the chain; the payment is left to the user.
    Delivered,
    /// Delivered and paid; where audits come first, delivered and checked.
    Paid,
}

/// One job being driven by this process.
pub struct JobRun<'a> {
    engine: &'a Engine,
    store: JobStore,
    spec: JobSpec,
    manifest: Arc<Manifest>,
    epochs: EpochLog,
    options: RunOptions,
    /// The training was repeated here, as the options ask for.
    replayed: bool,
    progress: Progress,
    clock: PhaseClock,
}

impl<'a> JobRun<'a> {
    /// Begins a new job: its id is on the disk before anyone hears of it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn begin(engine: &'a Engine, input: &Input, options: RunOptions) -> Result<Self> {
        let name = &input.spec.job.name;
        let id = JobId(uuid::Uuid::now_v7());
        let journal = Journal {
            job_file: Some(input.file.clone()),
            dataset: input.dataset.clone(),
            rows: input.rows,
            spec_hash: input.spec_hash,
            dataset_root: input.dataset_root,
            epochs: input.spec.job.epochs,
            proof: input.opening.as_ref().map(ProofPlan::new),
            ..Journal::new(id, name, engine.user(), &engine.settings.coordinator)
        };
        let data_dir = &engine.settings.data_dir;
        let store = JobStore::create(data_dir, journal, &input.canonical, &input.manifest)?;
        Self::new(engine, store, options)
    }

    /// Goes on with a job of this machine.
    ///
    /// # Errors
    /// [`Error::UnknownJob`], [`Error::Busy`], a damaged directory.
    pub fn resume(engine: &'a Engine, job: JobId, options: RunOptions) -> Result<Self> {
        let store = JobStore::open(&engine.settings.data_dir, job)?;
        if store.journal.user != engine.user() {
            return Err(Error::Usage(format!(
                "job {job} belongs to wallet {}, not to {}; name its wallet with --wallet",
                store.journal.user,
                engine.user()
            )));
        }
        Self::new(engine, store, options)
    }

    fn new(engine: &'a Engine, store: JobStore, options: RunOptions) -> Result<Self> {
        let journal = &store.journal;
        let escrow = engine.escrow_address(journal.job_id);
        let (spec_hash, root) = (journal.spec_hash, journal.dataset_root);
        Ok(Self {
            engine,
            spec: store.spec()?,
            manifest: Arc::new(store.manifest()?),
            epochs: EpochLog::open(store.dir(), escrow.0, spec_hash, root)?,
            options,
            replayed: false,
            progress: Progress::new(engine.printer),
            clock: PhaseClock::default(),
            store,
        })
    }

    /// The job.
    pub fn job_id(&self) -> JobId {
        self.store.journal.job_id
    }

    /// What the job's proof shows; `None` without one.
    pub fn evidence(&self) -> Option<Evidence> {
        Evidence::of(&self.spec)
    }

    /// Whether money may have moved already.
    pub fn is_funded(&self) -> bool {
        self.store.journal.create_escrow.is_some()
    }

    /// The verified final weights, once they are here.
    pub fn weights(&self) -> Option<&Weights> {
        self.store.journal.weights.as_ref()
    }

    /// Heads of the transcript as they were seen, oldest first; none in a job without a proof.
    pub fn heads(&self) -> Vec<Digest> {
        self.epochs.heads()
    }

    /// Share of the held-out rows that is right, as the node says; absent where that has no meaning.
    pub fn accuracy(&self) -> Option<f64> {
        let last = self.epochs.records().last();
        let seen = last.and_then(|record| record.test_accuracy);
        self.store.journal.accuracy.or(seen)
    }

    /// Drives the job to `goal`. The report is there once it is paid, or waits for nothing but its audits.
    ///
    /// # Errors
    /// [`Error::Ended`] if the job is settled without payment; else what went wrong
    /// at a step, after which driving it again goes on from there.
    pub async fn drive(&mut self, goal: Goal) -> Result<Option<Report>> {
        let driven = self.steps(goal).await;
        self.progress.clear();
        self.clock.stop(&mut self.store.journal.seconds);
        self.store.save()?;
        driven
    }

    async fn steps(&mut self, goal: Goal) -> Result<Option<Report>> {
        let mut patience = PATIENCE;
        loop {
            match self.step(goal).await {
                Ok(ControlFlow::Break(report)) => return Ok(report),
                Ok(ControlFlow::Continue(())) => patience = PATIENCE,
                // While no money has moved, the user may as well hear of it at once.
                Err(error) if error.is_transient() && self.is_funded() && patience > 0 => {
                    patience -= 1;
                    self.progress.remark(format_args!("{error}; trying again"));
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn step(&mut self, goal: Goal) -> Result<ControlFlow<Option<Report>>> {
        let job = self.store.journal.job_id;
        let escrow = self.engine.escrow(job).await?;
        let state = escrow.as_ref().map(|escrow| escrow.state);
        let sent = match &escrow {
            None => self.fate().await?,
            Some(_) => None,
        };
        self.drop_lost_weights(state)?;
        match next_step(&self.store.journal, state, sent.as_ref()) {
            Step::Offer => {
                self.enter("submit");
                let offer = self.offer().await?;
                self.enter("escrow");
                self.fund(offer).await?;
            }
            Step::Resend => {
                self.enter("escrow");
                self.resend().await?;
            }
            Step::Forget(reason) => {
                self.progress.note(format_args!("create_escrow: {reason}"));
                self.forget()?;
            }
            // It may have landed between the two looks.
            Step::Gone if self.engine.escrow(job).await?.is_some() => {}
            Step::Gone => return Err(Error::UnknownJob(job)),
            Step::Confirm => {
                self.enter("assign");
                self.confirm().await?;
                if goal == Goal::Funded {
                    return Ok(ControlFlow::Break(None));
                }
                self.await_assignment().await?;
            }
            Step::Train if goal == Goal::Funded => return Ok(ControlFlow::Break(None)),
            Step::Train => self.train().await?,
            Step::Accept if goal == Goal::Delivered => {
                let escrow = escrow.ok_or(Error::UnknownJob(job))?;
                self.check_submission(&escrow).await?;
                return Ok(ControlFlow::Break(None));
            }
            Step::Accept => {
                self.enter("settle");
                let escrow = escrow.ok_or(Error::UnknownJob(job))?;
                if self.payment_waits(&escrow).await? {
                    self.check_submission(&escrow).await?;
                    let report = self.report().await?;
                    return Ok(ControlFlow::Break(Some(report)));
                }
                self.accept().await?;
            }
            Step::AwaitCancellation => self.await_cancellation().await?,
            Step::Report => {
                let escrow = escrow.ok_or(Error::UnknownJob(job))?;
                self.check_paid(&escrow).await?;
                return self
                    .report()
                    .await
                    .map(|report| ControlFlow::Break(Some(report)));
            }
            Step::End => {
                self.store.journal.finished = true;
                let escrow = escrow.ok_or(Error::UnknownJob(job))?;
                let mut ending = Ending::new(&escrow, self.proof_stage().await?);
                if ending.is_by_node() {
                    ending.reason = self.why(&escrow).await;
                }
                ending.job_file = self.store.journal.job_file.clone();
                return Err(Error::Ended(Box::new(ending)));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Where the job's proof stands on the chain, if it has one there.
    async fn proof_stage(&self) -> Result<Option<TranscriptStage>> {
        if self.store.journal.proof.is_none() {
            return Ok(None);
        }
        let escrow = self.engine.escrow_address(self.store.journal.job_id);
        let transcript = self.engine.chain.transcript(escrow).await?;
        Ok(transcript.map(|transcript| transcript.stage))
    }

    fn enter(&mut self, phase: &'static str) {
        self.clock.enter(phase, &mut self.store.journal.seconds);
    }

    fn dishonest(&self, problem: &str) -> Error {
        Error::dishonest(self.store.journal.job_id, problem)
    }
}
