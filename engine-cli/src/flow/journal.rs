//! What a job run must remember to be resumed by another process: written before
//! each act that cannot be taken back.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use cyxwiz_chain::SignedTransaction;
use cyxwiz_domain::{Address, Amount, Digest, JobId, dataset::Manifest, spec::JobSpec};
use serde::{Deserialize, Serialize};

use super::{
    balances::Balances,
    proof::{ProofPlan, Received},
};
use crate::error::{Error, Result};

/// Name of the journal in a job's directory.
pub(super) const FILE: &str = "journal.json";
const VERSION: u32 = 1;

/// The facts of one job run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// Layout version.
    pub version: u32,
    /// The job.
    pub job_id: JobId,
    /// For people.
    pub name: String,
    /// The user's wallet.
    pub user: Address,
    /// Address of the coordinator.
    pub coordinator: String,
    /// When the run began, Unix seconds of this machine.
    pub started_at: i64,
    /// The job file; absent in journals of releases that did not note it.
    pub job_file: Option<PathBuf>,
    /// The dataset's file.
    pub dataset: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// SHA-256 of the canonical spec.
    pub spec_hash: Digest,
    /// Root of the dataset's manifest.
    pub dataset_root: Digest,
    /// Epochs to train.
    pub epochs: u32,
    /// The coordinator took the job.
    pub offer: Option<Offer>,
    /// The signed `create_escrow`, written before it is sent.
    pub create_escrow: Option<PendingTransaction>,
    /// Token of the node for coming back.
    pub resume_token: Option<String>,
    /// Last checkpoint whose verified weights are on disk.
    pub held_epoch: u32,
    /// The node has announced the final weights.
    pub completed: bool,
    /// Verified final weights.
    pub weights: Option<Weights>,
    /// The transcript that came with them; absent in a job without a proof.
    pub transcript: Option<KeptTranscript>,
    /// What the node has told the chain was compared with what was ordered, seen and received.
    #[serde(default)]
    pub compared: bool,
    /// Held-out accuracy the node reported at the end, in `0.0..=1.0`.
    pub accuracy: Option<f64>,
    /// Signatures by instruction.
    pub transactions: BTreeMap<String, String>,
    /// Why the node would not go on, in its words.
    pub given_up: Option<String>,
    /// What the proof rests on; absent in a job without one.
    pub proof: Option<ProofPlan>,
    /// Token balances before the escrow was funded.
    pub balances_before: Option<Balances>,
    /// Seconds by phase.
    pub seconds: BTreeMap<String, f64>,
    /// Nothing is left to do.
    pub finished: bool,
}

/// What the coordinator asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Amount to escrow.
    pub amount: Amount,
    /// Estimate of the training, in seconds.
    pub estimated_seconds: u32,
    /// From the assignment until anyone may refund, in seconds.
    pub timeout_seconds: u32,
    /// The node reserved.
    pub node: Option<Address>,
}

/// A transaction that may have been sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingTransaction {
    /// Base58.
    pub signature: String,
    /// Wire format.
    #[serde(with = "hex::serde")]
    pub bytes: Vec<u8>,
    /// Beyond this block height it can no longer land.
    pub last_valid_block_height: u64,
}

/// A verified weights file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// Where.
    pub path: PathBuf,
    /// Of the file.
    pub sha256: Digest,
}

/// The transcript of the node's work, found in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTranscript {
    /// Where.
    pub path: PathBuf,
    /// What it commits to.
    pub commits_to: Received,
}

impl From<&SignedTransaction> for PendingTransaction {
    fn from(transaction: &SignedTransaction) -> Self {
        Self {
            signature: transaction.signature.clone(),
            bytes: transaction.bytes.clone(),
            last_valid_block_height: transaction.last_valid_block_height,
        }
    }
}

impl From<&PendingTransaction> for SignedTransaction {
    fn from(pending: &PendingTransaction) -> Self {
        Self {
            signature: pending.signature.clone(),
            bytes: pending.bytes.clone(),
            last_valid_block_height: pending.last_valid_block_height,
        }
    }
}

/// Reads a job's journal without taking it over.
///
/// # Errors
/// [`Error::UnknownJob`] where there is none; a damaged journal.
pub fn read(data_dir: &Path, job: JobId) -> Result<Journal> {
    let path = job_dir(data_dir, job).join(FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Error::UnknownJob(job));
        }
        Err(error) => return Err(Error::file("journal", path)(error)),
    };
    let journal: Journal =
        serde_json::from_slice(&bytes).map_err(|e| Error::content("journal", &path, e))?;
    if journal.version != VERSION {
        let problem = format!(
            "has version {}, this program writes {VERSION}; use the version that began the job",
            journal.version
        );
        return Err(Error::content("journal", path, problem));
    }
    Ok(journal)
}

/// Chunk manifest in a job's directory, checked against its root.
///
/// # Errors
/// As [`JobStore::manifest`].
pub fn read_manifest(dir: &Path, root: Digest) -> Result<Manifest> {
    let path = dir.join("manifest.json");
    let bytes = fs::read(&path).map_err(Error::file("manifest", &path))?;
    let manifest: Manifest =
        serde_json::from_slice(&bytes).map_err(|e| Error::content("manifest", &path, e))?;
    if manifest.root() != root.0 {
        return Err(Error::content(
            "manifest",
            path,
            "was changed after the job began",
        ));
    }
    Ok(manifest)
}

/// Canonical spec in a job's directory, checked against its hash.
///
/// # Errors
/// [`Error::File`]; [`Error::Content`] when it is not what was escrowed.
pub fn read_spec(dir: &Path, hash: Digest) -> Result<JobSpec> {
    let path = dir.join("spec.json");
    let bytes = fs::read(&path).map_err(Error::file("job spec", &path))?;
    let spec = JobSpec::from_json(&bytes).map_err(|e| Error::content("job spec", &path, e))?;
    if spec.spec_hash() != hash.0 {
        return Err(Error::content(
            "job spec",
            path,
            "was changed after the job began",
        ));
    }
    Ok(spec)
}

/// The newest unfinished run of the same work by the same user, if there is one.
///
/// # Errors
/// [`Error::File`] when the jobs cannot be listed.
pub fn unfinished(
    data_dir: &Path,
    user: Address,
    coordinator: &str,
    spec_hash: Digest,
    dataset_root: Digest,
) -> Result<Option<JobId>> {
    let jobs = data_dir.join("jobs");
    let entries = match fs::read_dir(&jobs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("jobs", jobs)(error)),
    };
    let found = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<JobId>().ok())
        .filter_map(|job| read(data_dir, job).ok())
        .filter(|journal| {
            !journal.finished
                && journal.user == user
                && journal.coordinator == coordinator
                && journal.spec_hash == spec_hash
                && journal.dataset_root == dataset_root
        })
        .max_by_key(|journal| journal.started_at);
    Ok(found.map(|journal| journal.job_id))
}

impl Journal {
    /// Whether all is here that the node is paid for: the weights, and in a job with a proof the transcript
    /// that any later audit needs.
    pub fn is_delivered(&self) -> bool {
        self.weights.is_some() && (self.proof.is_none() || self.transcript.is_some())
    }

    /// A run that is about to begin.
    pub fn new(job_id: JobId, name: &str, user: Address, coordinator: &str) -> Self {
        Self {
            version: VERSION,
            job_id,
            name: name.to_owned(),
            user,
            coordinator: coordinator.to_owned(),
            started_at: chrono::Utc::now().timestamp(),
            job_file: None,
            dataset: PathBuf::new(),
            rows: 0,
            spec_hash: Digest::default(),
            dataset_root: Digest::default(),
            epochs: 0,
            offer: None,
            create_escrow: None,
            resume_token: None,
            held_epoch: 0,
            completed: false,
            weights: None,
            transcript: None,
            compared: false,
            accuracy: None,
            transactions: BTreeMap::new(),
            given_up: None,
            proof: None,
            balances_before: None,
            seconds: BTreeMap::new(),
            finished: false,
        }
    }
}

/// Where a job keeps its files.
pub fn job_dir(data_dir: &Path, job: JobId) -> PathBuf {
    data_dir.join("jobs").join(job.to_string())
}

/// Replaces a file so that after a crash it has either the old or the new bytes.
/// Readable by its owner only: journals hold tokens and secrets.
///
/// # Errors
/// [`Error::File`].
pub fn write_durably(path: &Path, bytes: &[u8]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let fresh = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(Error::file("write", path))
}
