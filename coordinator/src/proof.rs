//! What the transcript of a funded job has to be before a node is assigned: the one whose proof the job asks
//! for. A node that took another could not be paid.

use cyxwiz_chain::{EscrowAccount, TranscriptAccount, TranscriptStage, nonce_hash};
use cyxwiz_domain::{Digest, spec::JobSpec};
use cyxwiz_proof::{field::to_word, intsgd::Weights, job::opening};

use crate::{app::App, db, error::Error, job::Job, nonce::Nonce};

/// What is wrong with a funded job's transcript. In all cases the money is the user's to take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TranscriptProblem {
    /// It does not exist.
    #[error(
        "the escrow has no transcript; cancel it to get the money back, and send create_escrow and open in one transaction"
    )]
    Missing,
    /// It was opened for another escrow.
    #[error(
        "the transcript is that of an escrow which was at this address before; cancel the escrow, and submit the job under a new id"
    )]
    OtherEscrow,
    /// It is further than it can be before a node has the job.
    #[error("the transcript is not at its beginning; cancel the escrow, and submit the job anew")]
    Stage,
    /// For another circuit.
    #[error(
        "the transcript is for another circuit than the job's spec names; cancel the escrow, and open with the spec's"
    )]
    Circuit,
    /// With another learning rate.
    #[error(
        "the transcript has another learning rate than the job's spec; cancel the escrow, and open with the spec's"
    )]
    Rate,
    /// On other data.
    #[error(
        "the transcript is for another dataset than the job's; cancel the escrow, and open with the job's dataset root"
    )]
    Dataset,
    /// From other weights.
    #[error(
        "the transcript starts from other weights than the job does; cancel the escrow, and open with those that follow from the spec"
    )]
    Initial,
    /// Of another coordinator, or of another job.
    #[error(
        "the transcript holds another hash of the coordinator's nonce than the answer to SubmitJob; cancel the escrow, and open with that one"
    )]
    Nonce,
}

impl TranscriptProblem {
    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "transcript_missing",
            Self::OtherEscrow => "transcript_of_other_escrow",
            Self::Stage => "transcript_stage",
            Self::Circuit => "transcript_circuit",
            Self::Rate => "transcript_rate",
            Self::Dataset => "transcript_dataset",
            Self::Initial => "transcript_initial",
            Self::Nonce => "transcript_nonce",
        }
    }
}

/// Reads the transcript of a job whose open escrow is `escrow`, and refuses another than the job asks for. A job
/// without a proof has none.
///
/// # Errors
/// [`Error::Transcript`] says what is wrong; [`Error::Chain`] and [`Error::Database`].
pub async fn check_opened(app: &App, job: &Job, escrow: &EscrowAccount) -> Result<(), Error> {
    if !job.submission.verification.tier.is_proven() {
        return Ok(());
    }
    let transcript = app.chain.transcript(escrow.address).await?;
    let transcript = transcript.ok_or(TranscriptProblem::Missing)?;
    let nonce = db::transcripts::nonce(&app.pool, job.submission.id)
        .await?
        .ok_or_else(|| Error::Corrupt("a job with a proof and without a nonce".into()))?;
    let spec = JobSpec::from_json(&job.submission.spec)?;
    Ok(check(job, &spec, escrow, &transcript, &nonce)?)
}

/// Compares a transcript with everything that follows from the job. The root of the batches of a job in integers
/// does not: nobody here has the rows, and the node looks at it.
fn check(
    job: &Job,
    spec: &JobSpec,
    escrow: &EscrowAccount,
    transcript: &TranscriptAccount,
    nonce: &Nonce,
) -> Result<(), TranscriptProblem> {
    use TranscriptProblem as Problem;
    let require = |right: bool, problem| if right { Ok(()) } else { Err(problem) };
    let asked = &job.submission;
    require(transcript.belongs_to(escrow), Problem::OtherEscrow)?;
    require(transcript.stage == TranscriptStage::Opened, Problem::Stage)?;
    let wanted = &asked.verification;
    let circuit = (transcript.circuit, transcript.samples) == (wanted.circuit, wanted.samples);
    require(circuit, Problem::Circuit)?;
    let (rate, dataset, initial) = match spec.integer_training() {
        Some(integers) => {
            let zero = to_word(Weights::zero(&integers.training).commitment());
            (integers.rate, None, zero)
        }
        None => match opening(spec, None, asked.dataset_root) {
            Ok(Some(opening)) => (opening.rate, Some(opening.dataset), opening.initial),
            // The spec names no circuit that is registered: none was opened for it either.
            Ok(None) | Err(_) => return Err(Problem::Circuit),
        },
    };
    require(transcript.rate == rate, Problem::Rate)?;
    let same = dataset.is_none_or(|dataset| transcript.dataset == Digest(dataset));
    require(same, Problem::Dataset)?;
    require(transcript.initial == Digest(initial), Problem::Initial)?;
    let hash = nonce_hash(escrow.address, nonce.bytes());
    require(transcript.coordinator_nonce_hash == hash, Problem::Nonce)
}
