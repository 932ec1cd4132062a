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
use cyxwiz_proto::training::v1::{self as pb, train_event::Body};
use tokio::sync::{Notify, broadcast, watch};

use super::{EventLog, JobError, JobRecord, KeptEvent, KeptProof, Phase, Receipts, Shown, files};

/// Samples that a slow engine may lie behind before it loses old ones.
const SAMPLES_KEPT: usize = 64;

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
    /// Most epochs seen and most held in receipts, 0 without one.
    pub receipt: (u32, u32),
    /// When the user stopped it, Unix seconds of the chain's clock; stays when it goes on.
    pub stopped_at: Option<i64>,
    /// A trainer is at work.
    pub training: bool,
    /// What the proof on the disk shows, if there is one.
    pub proof: Option<Shown>,
    /// A proof is being made.
    pub proving: bool,
}

/// A job. Cheap to look at from any task; changes are on the disk before they are seen.
pub struct Job {
    pub(super) id: JobId,
    pub(super) dir: PathBuf,
    pub(super) spec: JobSpec,
    pub(super) inner: Mutex<Inner>,
    changes: watch::Sender<u64>,
    samples: broadcast::Sender<Body>,
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
    pub(super) receipts: Receipts,
    /// Why the training waits, if it does.
    pub(super) paused: bool,
    /// The deadline is near: nothing may wait.
    pub(super) hurry: bool,
    pub(super) training: bool,
    pub(super) proof: Option<KeptProof>,
    pub(super) proving: bool,
    /// Epochs whose heads the coordinator holds.
    pub(super) heads_held: u32,
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
            proof: None,
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
                receipts: files::read_json(&dir.join("receipts.json"))?.unwrap_or_default(),
                missing: BTreeSet::new(),
                paused: false,
                hurry: false,
                training: false,
                proof: None,
                proving: false,
                heads_held: 0,
                checkpoint_requests: 0,
                manifest,
                record,
                log,
                chain,
            }),
            changes: watch::Sender::new(0),
            samples: broadcast::Sender::new(SAMPLES_KEPT),
            wake: Notify::new(),
            uploads: AtomicU64::new(0),
        };
        job.find_missing_chunks()?;
        job.load_proof();
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

    /// What is told and not kept, as it comes: how training and proof get on. A slow reader loses
    /// old ones.
    pub fn samples(&self) -> broadcast::Receiver<Body> {
        self.samples.subscribe()
    }

    /// Passes a sample on to whoever listens.
    pub fn sample(&self, sample: Body) {
        // Nobody has to listen.
        let _ = self.samples.send(sample);
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
            receipt: inner.receipts.epochs(),
            stopped_at: inner.record.stopped_at,
            training: inner.training,
            proof: inner.proof.as_ref().map(|proof| proof.shown),
            proving: inner.proving,
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
