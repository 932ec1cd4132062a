//! The transcript of a trained job: taken over from the trainer, committed to, and what a proof must
//! show about it.

use std::{io, path::Path};

use cyxwiz_chain::{CLOCK_TOLERANCE_SECONDS, TranscriptAccount};
use cyxwiz_domain::{
    Digest,
    spec::{IntegerTraining, JobSpec},
    training::{TRANSCRIPT_FILE, TranscriptRecord},
};
use cyxwiz_proof::{
    field::to_word,
    job::{leaves_hash, read_record, state_commitment, trained_commitment},
    transcript::{self, Transcript},
};

use crate::{
    jobs::{Job, JobError, Shown, files},
    ledger::Write,
};

/// Takes the trainer's transcript over, if it is the job's in every respect: what is wrong now would be
/// wrong for good once it is committed to. Blocks for up to seconds.
///
/// # Errors
/// [`JobError::Inconsistent`] if it is not, or is damaged or gone; [`JobError::File`].
pub fn publish(job: &Job) -> Result<TranscriptRecord, JobError> {
    let source = job.work_dir().join(TRANSCRIPT_FILE);
    let (record, _) = read(job, &source)?;
    // In one line: it may hold a hundred thousand commitments, and its engine fetches it.
    let bytes = serde_json::to_vec(&record).expect("a record has string keys");
    files::write_atomic(&job.transcript_path(), &bytes)?;
    Ok(record)
}

/// The transcript that was taken over. Where that is damaged or gone, the trainer's, which stays until
/// the job is settled. Blocks for up to seconds.
///
/// # Errors
/// As [`publish`], when neither can be used: then there is nothing to prove from.
pub fn kept(job: &Job) -> Result<(TranscriptRecord, Transcript), JobError> {
    read(job, &job.transcript_path()).or_else(|error| {
        tracing::warn!(job = %job.id(), %error, "took the transcript from the trainer once more");
        publish(job)?;
        read(job, &job.transcript_path())
    })
}

/// Reads a transcript and checks that it is the job's.
fn read(job: &Job, path: &Path) -> Result<(TranscriptRecord, Transcript), JobError> {
    let wrong = |problem: String| JobError::Inconsistent {
        id: job.id(),
        problem: format!("its transcript cannot be proven: {problem}"),
    };
    let most = most_bytes(job.spec());
    let bytes = files::read_plain(path, most).map_err(|error| {
        // Its engine is told of it too: no path of this machine.
        let name = path.file_name().unwrap_or_default().display();
        match error.kind() {
            io::ErrorKind::NotFound => wrong(format!("{name} is gone")),
            io::ErrorKind::FileTooLarge => wrong(format!("{name} has more than {most} bytes")),
            _ => JobError::file(path, error),
        }
    })?;
    let record: TranscriptRecord =
        serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    let transcript = check(job, &record).map_err(wrong)?;
    Ok((record, transcript))
}

/// Most bytes of the job's transcript, generously: each commitment takes 67.
fn most_bytes(spec: &JobSpec) -> u64 {
    let leaves = spec.circuit().map_or(0, |entry| entry.circuit.steps());
    let epoch = 1_024 + 128 * u64::from(leaves);
    4_096 + epoch * u64::from(spec.job.epochs)
}

/// Most bytes of weights in integers, generously: each is there as 8 bytes, and as a float of 4.
fn most_weights_bytes(integers: &IntegerTraining) -> u64 {
    let training = &integers.training;
    65_536 + 12 * u64::from(training.inputs) * u64::from(training.outputs)
}

/// Compares with what the chain demands, what was told while training, and the weights delivered.
fn check(job: &Job, record: &TranscriptRecord) -> Result<Transcript, String> {
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
        ("last weights", delivers(job, record, &transcript)?),
    ];
    match fits.into_iter().find(|(_, fits)| !fits) {
        Some((what, _)) => Err(format!("its {what} should be other")),
        None => Ok(transcript),
    }
}

/// Whether the weights to be delivered are those that the transcript ends with: no engine takes others.
fn delivers(job: &Job, record: &TranscriptRecord, transcript: &Transcript) -> Result<bool, String> {
    let path = job.weights_path();
    let delivered = match job.spec().integer_training() {
        Some(integers) => files::read_plain(&path, most_weights_bytes(&integers))
            .map_err(|error| error.to_string())
            .and_then(|file| {
                trained_commitment(job.spec(), &file).map_err(|error| error.to_string())
            }),
        None => files::digest(&path)
            .map_err(|error| error.to_string())
            .and_then(|(sha256, _)| {
                state_commitment(record, sha256).map_err(|error| error.to_string())
            }),
    };
    Ok(delivered? == to_word(transcript.trained()))
}

/// What the node commits to, from the transcript that it took over. `assigned_at` and `now` are the
/// chain's clock. Blocks for up to seconds.
///
/// # Errors
/// [`CommitError::Times`] for a transcript that the chain would take and never believe, else as [`kept`].
pub fn commitment(job: &Job, assigned_at: i64, now: i64) -> Result<Write, CommitError> {
    let (record, transcript) = kept(job)?;
    let window = assigned_at - CLOCK_TOLERANCE_SECONDS..=now + CLOCK_TOLERANCE_SECONDS;
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
    /// It cannot be read.
    #[error(transparent)]
    Job(#[from] JobError),
}

/// What the proof that the chain demands must show; `None` before the challenge is drawn.
pub fn demanded(account: &TranscriptAccount) -> Option<Shown> {
    let input = transcript::public_input(&account.statement()?).ok()?;
    Some(Shown {
        subject: account.subject()?,
        public_input: Digest(to_word(input)),
    })
}
