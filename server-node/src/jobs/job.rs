//! One job: its directory, and what several tasks know of it at once.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use cyxwiz_domain::{
    Address, Digest, JobId,
    dataset::Manifest,
    spec::JobSpec,
    training::{chain_genesis, chain_next},
};
use cyxwiz_proto::training::v1 as pb;
use tokio::sync::{Notify, broadcast, watch};

use super::{
    EventLog, JobError, JobRecord, KeptEvent, PendingWrite, Phase, Settlement, SignedReceipt,
    files, record::Completion,
};

/// Metrics samples that a slow engine may lie behind before it loses old ones.
const METRICS_KEPT: usize = 64;

/// A job as it is taken on.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// The job.
    pub id: JobId,
    /// Its escrow account.
    pub escrow: Address,
    /// Who pays and signs receipts.
    pub user: Address,
    /// Root of the dataset's manifest.
    pub dataset_root: Digest,
    /// What to train.
    pub spec: JobSpec,
}

/// What the training should do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Run,
    /// Wait.
    Pause(&'static str),
    /// End.
    Stop,
}

/// What decides the next step, apart from the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Local {
    /// Where the job stands.
    pub phase: Phase,
    /// Epochs recorded.
    pub epochs_done: u32,
    /// Highest epochs seen and held in a receipt, if there is one.
    pub receipt: Option<(u32, u32)>,
    /// When the user stopped it, Unix seconds of the chain's clock.
    pub stopped_at: Option<i64>,
    /// A trainer is at work.
    pub training: bool,
}

/// A job. Cheap to look at from any task; changes are on the disk before they are seen.
pub struct Job {
    pub(super) id: JobId,
    pub(super) dir: PathBuf,
    pub(super) spec: JobSpec,
    pub(super) inner: Mutex<Inner>,
    changes: watch::Sender<u64>,
    metrics: broadcast::Sender<pb::Metrics>,
    /// The driver should look again now.
    pub wake: Notify,
    uploads: AtomicU64,
}

pub(super) struct Inner {
    pub(super) record: JobRecord,
    pub(super) log: EventLog,
    pub(super) manifest: Option<Manifest>,
    pub(super) missing: BTreeSet<u32>,
    /// Checkpoint chain; the index is the epoch.
    pub(super) chain: Vec<Digest>,
    pub(super) receipt: Option<SignedReceipt>,
    /// Why the training waits, if it does.
    pub(super) paused: bool,
    /// The deadline is near: nothing may wait.
    pub(super) hurry: bool,
    pub(super) training: bool,
    pub(super) checkpoint_requests: u64,
}

impl Job {
    /// Makes the directory of a new job in `jobs_dir`.
    ///
    /// # Errors
    /// [`JobError`].
    pub fn create(jobs_dir: &Path, new: &NewJob) -> Result<Self, JobError> {
        let dir = jobs_dir.join(new.id.to_string());
        fs::create_dir_all(&dir).map_err(|error| JobError::file(&dir, error))?;
        files::write_atomic(&dir.join("spec.json"), &new.spec.canonical_bytes())?;
        // The record last: a directory without one is no job.
        let record = JobRecord {
            version: 1,
            job_id: new.id,
            escrow: new.escrow,
            user: new.user,
            spec_hash: Digest(new.spec.spec_hash()),
            dataset_root: new.dataset_root,
            required_epochs: new.spec.job.epochs,
            phase: Phase::AwaitingData,
            paused_by_user: false,
            stopped_at: None,
            threads: None,
            failure: None,
            completion: None,
            pending: None,
            settlement: None,
        };
        files::write_json(&dir.join("job.json"), &record)?;
        files::sync_parent(&dir).map_err(|error| JobError::file(&dir, error))?;
        Self::load(&dir)?.ok_or_else(|| JobError::Inconsistent {
            id: new.id,
            problem: "its record is gone as soon as written".to_owned(),
        })
    }

    /// Reads a job's directory; `None` if it never became one. Hashes what has
    /// come of the dataset.
    ///
    /// # Errors
    /// [`JobError`].
    pub fn load(dir: &Path) -> Result<Option<Self>, JobError> {
        let Some(record) = files::read_json::<JobRecord>(&dir.join("job.json"))? else {
            return Ok(None);
        };
        let id = record.job_id;
        let spec_path = dir.join("spec.json");
        let spec = fs::read(&spec_path).map_err(|error| JobError::file(&spec_path, error))?;
        let spec = JobSpec::from_json(&spec)?;
        let inconsistent = |problem: &str| JobError::Inconsistent {
            id,
            problem: problem.to_owned(),
        };
        if Digest(spec.spec_hash()) != record.spec_hash {
            return Err(inconsistent(
                "its spec has another hash than its record says",
            ));
        }
        let log = EventLog::open(&dir.join("events.jsonl"))?;
        let chain = replay_chain(&record, &log)
            .ok_or_else(|| inconsistent("its events do not follow from each other"))?;
        let manifest: Option<Manifest> = files::read_json(&dir.join("manifest.json"))?;
        let job = Self {
            id,
            dir: dir.to_owned(),
            spec,
            inner: Mutex::new(Inner {
                receipt: files::read_json(&dir.join("receipt.json"))?,
                missing: BTreeSet::new(),
                paused: false,
                hurry: false,
                training: false,
                checkpoint_requests: 0,
                manifest,
                record,
                log,
                chain,
            }),
            changes: watch::Sender::new(0),
            metrics: broadcast::Sender::new(METRICS_KEPT),
            wake: Notify::new(),
            uploads: AtomicU64::new(0),
        };
        job.find_missing_chunks()?;
        job.note_phase("")?;
        Ok(Some(job))
    }

    /// Its id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// What to train.
    pub fn spec(&self) -> &JobSpec {
        &self.spec
    }

    /// A copy of what is remembered.
    pub fn record(&self) -> JobRecord {
        self.lock().record.clone()
    }

    /// A file of the job.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Where the trainer works.
    pub fn work_dir(&self) -> PathBuf {
        self.dir.join("work")
    }

    /// Numbers that change whenever anything of the job does.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Samples as they come; a slow reader loses old ones.
    pub fn metrics(&self) -> broadcast::Receiver<pb::Metrics> {
        self.metrics.subscribe()
    }

    /// Passes a sample on to whoever listens.
    pub fn sample(&self, metrics: pb::Metrics) {
        // Nobody has to listen.
        let _ = self.metrics.send(metrics);
    }

    /// Where the job stands, as engines are told.
    pub fn phase(&self) -> pb::Phase {
        let inner = self.lock();
        inner.record.phase.to_proto(inner.paused)
    }

    /// Kept events after `seq`, at most `limit`.
    pub fn events_after(&self, seq: u64, limit: usize) -> Vec<(u64, KeptEvent)> {
        self.lock().log.after(seq, limit)
    }

    /// Number of the newest kept event.
    pub fn last_seq(&self) -> u64 {
        self.lock().log.last_seq()
    }

    /// What decides the next step.
    pub fn local(&self) -> Local {
        let inner = self.lock();
        Local {
            phase: inner.record.phase,
            epochs_done: inner.epochs_done(),
            receipt: inner.receipt.as_ref().map(SignedReceipt::epochs),
            stopped_at: inner.record.stopped_at,
            training: inner.training,
        }
    }

    /// Begins an upload; its number. Only the newest may go on.
    pub fn begin_upload(&self) -> u64 {
        self.uploads.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Whether upload `number` is still the newest.
    pub fn is_newest_upload(&self, number: u64) -> bool {
        self.uploads.load(Ordering::SeqCst) == number
    }

    /// Goes to another phase, tells the engine, and wakes the driver.
    ///
    /// # Errors
    /// [`JobError::File`]; the job then stands where it stood.
    pub fn enter(&self, phase: Phase, message: &str) -> Result<(), JobError> {
        self.update(|record| record.phase = phase)?;
        self.note_phase(message)?;
        self.wake.notify_one();
        Ok(())
    }

    /// The training cannot go on.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn fail(&self, reason: &str) -> Result<(), JobError> {
        self.update(|record| record.failure = Some(reason.to_owned()))?;
        self.enter(Phase::Failed, reason)
    }

    /// The training is done: `completion` is noted once, however often it is told.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn complete(&self, completion: Completion) -> Result<(), JobError> {
        {
            let mut inner = self.lock();
            let told = |event: &KeptEvent| matches!(event, KeptEvent::Completed { .. });
            if !inner.log.events().iter().any(told) {
                inner.log.append(KeptEvent::Completed {
                    epochs: completion.epochs,
                    test_accuracy: completion.test_accuracy,
                    weights_sha256: completion.weights_sha256,
                    weights_bytes: completion.weights_bytes,
                    training_seconds: completion.training_seconds,
                })?;
            }
        }
        self.update(|record| record.completion = Some(completion))?;
        self.enter(Phase::Trained, "all epochs are trained")
    }

    /// Notes a write before it is sent, or that its fate is known.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn set_pending(&self, pending: Option<PendingWrite>) -> Result<(), JobError> {
        self.update(|record| record.pending = pending)
    }

    /// Tells the engine that a write has landed.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn note_write(&self, instruction: &str, signature: &str) -> Result<(), JobError> {
        let write = KeptEvent::ChainWrite {
            instruction: instruction.to_owned(),
            signature: signature.to_owned(),
        };
        let mut inner = self.lock();
        if !inner.log.events().contains(&write) {
            inner.log.append(write)?;
        }
        drop(inner);
        self.changed();
        Ok(())
    }

    /// Notes how the job ended.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn settle(&self, settlement: Settlement) -> Result<(), JobError> {
        let summary = settlement.summary.clone();
        self.update(|record| {
            record.settlement.get_or_insert(settlement);
            record.pending = None;
        })?;
        self.enter(Phase::Settled, &summary)
    }

    /// Changes the record on the disk, then in memory.
    ///
    /// # Errors
    /// [`JobError::File`]; nothing has changed then.
    pub fn update(&self, change: impl FnOnce(&mut JobRecord)) -> Result<(), JobError> {
        let mut inner = self.lock();
        let mut record = inner.record.clone();
        change(&mut record);
        if record != inner.record {
            files::write_json(&self.dir.join("job.json"), &record)?;
            inner.record = record;
        }
        drop(inner);
        self.changed();
        Ok(())
    }

    /// Adds the phase to the log, unless the last phase there is the same: so a
    /// crash between record and log is mended when the job is loaded.
    pub(super) fn note_phase(&self, message: &str) -> Result<(), JobError> {
        let mut inner = self.lock();
        let phase = inner.record.phase.to_proto(inner.paused) as i32;
        let last = inner
            .log
            .events()
            .iter()
            .rev()
            .find_map(|event| match event {
                KeptEvent::Phase { phase, .. } => Some(*phase),
                _ => None,
            });
        if last != Some(phase) {
            inner.log.append(KeptEvent::Phase {
                phase,
                message: message.to_owned(),
            })?;
        }
        drop(inner);
        self.changed();
        Ok(())
    }

    pub(super) fn changed(&self) {
        self.changes.send_modify(|n| *n += 1);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no panic while held")
    }
}

impl Inner {
    pub(super) fn epochs_done(&self) -> u32 {
        u32::try_from(self.chain.len() - 1).expect("epochs are counted in 32 bits")
    }
}

/// The checkpoint chain that the events tell of, if they follow from each other.
fn replay_chain(record: &JobRecord, log: &EventLog) -> Option<Vec<Digest>> {
    let genesis = chain_genesis(record.escrow.0, record.spec_hash.0, record.dataset_root.0);
    let mut hashes = vec![Digest(genesis)];
    for event in log.events() {
        let KeptEvent::Epoch {
            epoch,
            chain,
            weights_sha256,
            ..
        } = event
        else {
            continue;
        };
        let next = chain_next(hashes[hashes.len() - 1].0, *epoch, weights_sha256.0);
        if *epoch as usize != hashes.len() || *chain != Digest(next) {
            return None;
        }
        hashes.push(*chain);
    }
    Some(hashes)
}
