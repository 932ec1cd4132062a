//! Makes a job's proof once its challenge is drawn, and looks at it once more before it is shown.

use std::{
    fs::File,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use cyxwiz_chain::{TranscriptAccount, instructions::proof::Claim};
use cyxwiz_domain::{
    Digest,
    dataset::{DatasetError, Table},
};
use cyxwiz_proof::{
    field::from_word,
    groth16::{Progress, Proof, ProveError, Stage, VerifyingKey},
    job::{self, Proving},
    keys::StoreError,
};
use cyxwiz_proto::training::v1::{self as pb, train_event::Body};
use cyxwiz_statement::Registered;
use tokio::time::sleep;

use super::{
    terms::memory_mib,
    transcript::{self, demanded},
};
use crate::{
    jobs::{Job, JobError, KeptProof, PROOF_VERSION, Phase, Shown},
    ledger::Write,
    machine, metrics,
    node::Node,
    provers::{Provers, Vanished},
};

/// Wait before another try where something passing kept the proof from being made.
const RETRY: Duration = Duration::from_secs(10);

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
enum ProvingError {
    /// The transcript is not what the chain asks about, or not true.
    #[error("the training cannot be proven: {0}")]
    Untrue(#[from] job::JobError),
    /// The rows are not those that were trained on.
    #[error("the training cannot be proven: {0}")]
    Dataset(#[from] DatasetError),
    /// The chain asks for nothing that can be shown.
    #[error("the chain's transcript asks for nothing that this release can prove")]
    NoStatement,
    /// The machine is busy; without this the system might end the node.
    #[error(
        "a proof takes {needed} MiB of memory, and {available} MiB are free; it waits for more"
    )]
    Memory { needed: u64, available: u64 },
    #[error(transparent)]
    Key(#[from] StoreError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    Vanished(#[from] Vanished),
}

impl ProvingError {
    /// Whether another try would come to the same. A key that does not work can be replaced.
    fn is_final(&self) -> bool {
        match self {
            Self::Untrue(job::JobError::Prove(error)) => {
                matches!(error, ProveError::Unsatisfied(_))
            }
            Self::Untrue(_) | Self::Dataset(_) | Self::NoStatement => true,
            Self::Job(JobError::Inconsistent { .. }) => true,
            Self::Memory { .. } | Self::Key(_) | Self::Job(_) | Self::Vanished(_) => false,
        }
    }
}

/// Makes the proof that `transcript` asks for, in a task of its own.
pub fn start(node: &Arc<Node>, job: &Arc<Job>, transcript: TranscriptAccount) {
    job.set_proving(true);
    let (node_, job) = (Arc::clone(node), Arc::clone(job));
    node.tasks.spawn(async move {
        tokio::select! {
            () = supervise(&node_, &job, transcript) => {}
            () = node_.shutdown.cancelled() => {}
        }
        job.set_proving(false);
    });
}

async fn supervise(node: &Node, job: &Arc<Job>, transcript: TranscriptAccount) {
    let error = match prove(node, job, transcript).await {
        Ok(()) => return,
        Err(error) => error,
    };
    tracing::error!(job = %job.id(), %error, "no proof");
    // The job may be over by now, or its completion may just have landed.
    if error.is_final() && job.record().phase == Phase::Proving {
        match job.fail(&error.to_string()) {
            Ok(()) => return,
            Err(error) => tracing::error!(job = %job.id(), %error, "failed to note that"),
        }
    }
    // The driver starts it again.
    sleep(RETRY).await;
}

async fn prove(
    node: &Node,
    job: &Arc<Job>,
    transcript: TranscriptAccount,
) -> Result<(), ProvingError> {
    let proven = Arc::clone(job);
    let waiting = || tell(job, "waiting for the prover", 0.0);
    let work = move |provers: &Provers| make(&proven, provers, &transcript);
    let proof = node.provers.run(waiting, work).await??;
    tracing::info!(job = %job.id(), circuit = proof.circuit, seconds = proof.seconds, "proved");
    metrics::count_proof(proof.seconds);
    Ok(job.keep_proof(proof)?)
}

fn make(
    job: &Job,
    provers: &Provers,
    transcript: &TranscriptAccount,
) -> Result<KeptProof, ProvingError> {
    let statement = transcript.statement().ok_or(ProvingError::NoStatement)?;
    let shown = demanded(transcript).ok_or(ProvingError::NoStatement)?;
    let circuit = Registered::by_id(&transcript.circuit.0).ok_or(ProvingError::NoStatement)?;
    let (needed, available) = (memory_mib(circuit), machine::available_memory_mib());
    if available < needed {
        return Err(ProvingError::Memory { needed, available });
    }
    let (record, _) = transcript::kept(job)?;
    let table = match job.spec().integer_training() {
        Some(_) => Some(read_rows(job)?),
        None => None,
    };
    let loading = match provers.has_key(&circuit.circuit) {
        true => "reading the proving key",
        false => "making the proving key",
    };
    tell(job, loading, 0.0);
    let prover = provers.prover(&circuit.circuit)?;
    let started = Instant::now();
    let proving = Proving {
        spec: job.spec(),
        table: table.as_ref(),
        record: &record,
        escrow: transcript.escrow.0,
        statement: &statement,
    };
    let progress = |at: Progress| tell(job, stage(at.stage), at.share.into());
    let proof = proving.prove(&prover, &mut rand::thread_rng(), progress)?;
    Ok(KeptProof {
        version: PROOF_VERSION,
        circuit: circuit.name.to_owned(),
        shown,
        proof: proof.0.to_vec(),
        constraints: circuit.constraints.into(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// The rows that the job is trained on. Blocks on the disk.
pub(super) fn read_rows(job: &Job) -> Result<Table, RowsError> {
    let path = job.dataset_path();
    let file = File::open(&path).map_err(|error| JobError::file(&path, error))?;
    Ok(Table::read(io::BufReader::new(file), job.spec())?)
}

/// Why the rows cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowsError {
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

impl From<RowsError> for ProvingError {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::Job(error) => Self::Job(error),
            RowsError::Dataset(error) => Self::Dataset(error),
        }
    }
}

/// Makes the circuit's key in a task of its own, if it is not there: best while the challenge is waited
/// for.
pub fn prepare_key(node: &Arc<Node>, circuit: &'static Registered) {
    if node.provers.has_key(&circuit.circuit) {
        return;
    }
    let node_ = Arc::clone(node);
    node.tasks.spawn(async move {
        let make = |provers: &Provers| provers.prover(&circuit.circuit).map(drop);
        let made = tokio::select! {
            made = node_.provers.run(|| (), make) => made,
            () = node_.shutdown.cancelled() => return,
        };
        match made {
            Ok(Ok(())) => tracing::info!(circuit = circuit.name, "the proving key is there"),
            Ok(Err(error)) => tracing::error!(circuit = circuit.name, %error, "no proving key"),
            Err(error) => tracing::error!(circuit = circuit.name, %error, "no proving key"),
        }
    });
}

/// The write of a kept proof, if it shows what it says. The chain takes a signed proof that does not for
/// a lie and slashes: a damaged disk must not be one. Takes milliseconds.
pub fn verified(kept: &KeptProof) -> Option<Write> {
    let registered = Registered::by_name(&kept.circuit)?.key?;
    let key = VerifyingKey::from_bytes(registered.bytes).ok()?;
    let proof = Proof(kept.proof.as_slice().try_into().ok()?);
    let Shown {
        subject,
        public_input,
    } = kept.shown;
    key.verify(&proof, from_word(&public_input.0).ok()?).ok()?;
    Some(Write::Verify(Box::new(Claim {
        proof: proof.0,
        subject,
        public_input,
        key: Digest(registered.sha256),
    })))
}

/// Tells engines how far the proof is.
pub fn tell(job: &Job, stage: &str, share: f64) {
    job.sample(Body::Proving(pb::Proving {
        stage: stage.to_owned(),
        share,
    }));
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Replay => "repeating the training up to the steps asked for",
        Stage::Assignment => "recomputing the steps in the circuit",
        Stage::Quotient => "dividing polynomials",
        Stage::Sums => "adding points of the curve",
        Stage::Verification => "verifying the proof",
        Stage::Done => "proved",
    }
}
