//! The transcript of a trained job: taken over from the trainer, committed to, and what a proof must
//! show about it.

use std::{fs, io, path::Path};

use cyxwiz_chain::TranscriptAccount;
use cyxwiz_domain::{
    Digest,
    training::{TRANSCRIPT_FILE, TranscriptRecord},
};
use cyxwiz_proof::{
    field::to_word,
    job::{RecordError, leaves_hash, read_record, trained_commitment},
    transcript::{self, Transcript},
};

use crate::{
    jobs::{Job, JobError, files},
    ledger::Write,
};

/// Seconds by which times in a transcript may lie before the assignment or after the commitment, as
/// training-proof has it.
const TIME_TOLERANCE: i64 = 600;

/// Takes the trainer's transcript over, if it is the job's in every respect: what is wrong now would be
/// wrong for good once it is committed to. Blocks for up to seconds.
///
/// # Errors
/// [`JobError::Inconsistent`] if it is not, [`JobError::File`].
pub fn publish(job: &Job) -> Result<(), JobError> {
    let source = job.work_dir().join(TRANSCRIPT_FILE);
    let at = |error| JobError::file(&source, error);
    let file = files::open_plain(&source).map_err(at)?;
    let read = serde_json::from_reader(io::BufReader::new(file));
    let record: TranscriptRecord = read.map_err(|error| at(error.into()))?;
    if let Err(problem) = check(job, &record) {
        return Err(JobError::Inconsistent {
            id: job.id(),
            problem: format!("the trainer's transcript cannot be proven: {problem}"),
        });
    }
    files::write_json(&job.transcript_path(), &record)
}

/// Compares with what the chain demands, what was told while training, and the weights delivered.
fn check(job: &Job, record: &TranscriptRecord) -> Result<(), String> {
    let (own, spec) = (job.record(), job.spec());
    let terms = own.proof.ok_or("the job's terms were not checked")?;
    let transcript = read_record(record).map_err(|error| error.to_string())?;
    let circuit = spec.circuit().ok_or("the job needs none")?;
    let heads: Vec<Digest> = record.epochs.iter().map(|epoch| epoch.head).collect();
    let fits = [
        ("circuit", record.circuit == circuit.name),
        ("context", record.context == terms.context),
        ("dataset", record.dataset == terms.dataset),
        ("first weights", record.initial == terms.initial),
        (
            "number of epochs",
            heads.len() == own.required_epochs as usize,
        ),
        ("heads", heads == job.heads()),
        ("last weights", delivers(job, &transcript)?),
    ];
    match fits.into_iter().find(|(_, fits)| !fits) {
        Some((what, _)) => Err(format!("its {what} should be other")),
        None => Ok(()),
    }
}

/// Whether the weights to be delivered are those that the transcript ends with. Floats it commits to
/// together with what only the trainer knows.
fn delivers(job: &Job, transcript: &Transcript) -> Result<bool, String> {
    if job.spec().integer_training().is_none() {
        return Ok(true);
    }
    let weights = fs::read(job.weights_path()).map_err(|error| error.to_string())?;
    let delivered = trained_commitment(job.spec(), &weights).map_err(|error| error.to_string())?;
    Ok(delivered == to_word(transcript.trained()))
}

/// What the node commits to, from the transcript that it took over. `assigned_at` and `now` are the
/// chain's clock. Blocks for up to seconds.
///
/// # Errors
/// [`CommitError::Times`] for a transcript that the chain would take and never believe.
pub fn commitment(job: &Job, assigned_at: i64, now: i64) -> Result<Write, CommitError> {
    let record = read(&job.transcript_path())?;
    let transcript = read_record(&record)?;
    let window = assigned_at - TIME_TOLERANCE..=now + TIME_TOLERANCE;
    let outside = |time: &u64| i64::try_from(*time).map_or(true, |time| !window.contains(&time));
    let times = record.epochs.iter().map(|epoch| epoch.time);
    if let Some(time) = times.into_iter().find(outside) {
        return Err(CommitError::Times {
            time,
            assigned_at,
            now,
        });
    }
    Ok(Write::Commit {
        root: Digest(to_word(transcript.root())),
        trained: Digest(to_word(transcript.trained())),
        leaves_hash: leaves_hash(&record),
        // A circuit counts its epochs in 16 bits.
        epochs: u16::try_from(record.epochs.len()).unwrap_or(u16::MAX),
    })
}

/// Why there is nothing to commit to.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Epochs that ended when they cannot have.
    #[error(
        "an epoch ended at {time} by this node's clock, which the chain does not believe of a job assigned at {assigned_at} and committed at {now} (Unix times); the node's operator has to set its clock"
    )]
    Times {
        /// Of the epoch, Unix seconds.
        time: u64,
        /// By the chain's clock.
        assigned_at: i64,
        /// By the chain's clock.
        now: i64,
    },
    /// The record is damaged.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// It cannot be read.
    #[error(transparent)]
    Job(#[from] JobError),
}

/// The record at `path`.
///
/// # Errors
/// [`JobError::File`], also when there is none.
pub fn read(path: &Path) -> Result<TranscriptRecord, JobError> {
    let record = files::read_json(path)?;
    record.ok_or_else(|| JobError::file(path, io::ErrorKind::NotFound.into()))
}

/// The public input of the proof that the chain demands; `None` before the challenge is drawn.
pub fn public_input(account: &TranscriptAccount) -> Option<Digest> {
    let statement = account.statement()?;
    let input = transcript::public_input(&statement).ok()?;
    Some(Digest(to_word(input)))
}
