//! What a job's proof is bound to: what the user has fixed on the chain must be what the spec says, or
//! no work of this node could ever be proven.

use cyxwiz_chain::{EscrowAccount, TranscriptAccount, Verification, context_word};
use cyxwiz_domain::{Digest, spec::JobSpec};
use cyxwiz_proof::job::{self, opening};
use cyxwiz_statement::Registered;

use crate::{config::Settings, jobs::ProofTerms, machine};

/// Most seconds by which this machine's clock may differ from the chain's: the chain allows a
/// transcript's times ten minutes, and clocks drift.
const CLOCK_ALLOWANCE: u64 = 300;

/// Why a job cannot be proven, so that it is handed back at once.
#[derive(Debug, thiserror::Error)]
pub enum TermsError {
    /// Escrow and spec ask for different things.
    #[error(
        "the escrow asks for other evidence than the job's spec ({pinned:?} instead of {wanted:?}); fund the job again"
    )]
    Pinned {
        /// In the escrow.
        pinned: Box<Verification>,
        /// By the spec.
        wanted: Box<Verification>,
    },
    /// The user has opened no transcript.
    #[error(
        "the job needs a proof, but its user has opened no transcript for it; fund the job again"
    )]
    NoTranscript,
    /// The transcript is of something else.
    #[error("the transcript's {what} is not that of the job; fund the job again")]
    Transcript {
        /// What of it.
        what: &'static str,
    },
    /// What the transcript is opened with cannot be computed.
    #[error("what the proof is bound to cannot be computed: {0}")]
    Opening(#[from] job::JobError),
    /// The operator does not want it.
    #[error("this node proves no training (its operator has set proof.enabled to false)")]
    Disabled,
    /// There is no key that its proofs could be verified with.
    #[error("this release has no verifying key for the circuit {0}")]
    NoKey(&'static str),
    /// The machine is too small.
    #[error(
        "a proof with the circuit {circuit} takes {needed} MiB of memory, this machine has {total}"
    )]
    Memory {
        /// The circuit's name.
        circuit: &'static str,
        /// MiB.
        needed: u64,
        /// MiB.
        total: u64,
    },
    /// The times in the transcript would not be believed.
    #[error(
        "this node's clock is {0} seconds off the chain's, too much for a transcript's times; its operator has to set it"
    )]
    Clock(i64),
}

/// Checks what is pinned in escrow and transcript against the spec; `None` for a job without a proof.
/// What depends on the rows of the dataset is for [`check_rows`], when they are there.
///
/// # Errors
/// [`TermsError`].
pub fn check(
    spec: &JobSpec,
    escrow: &EscrowAccount,
    transcript: Option<&TranscriptAccount>,
) -> Result<Option<ProofTerms>, TermsError> {
    let wanted = Verification::of(spec);
    if escrow.verification != wanted {
        return Err(TermsError::Pinned {
            pinned: Box::new(escrow.verification),
            wanted: Box::new(wanted),
        });
    }
    let Some(circuit) = spec.circuit() else {
        return Ok(None);
    };
    let transcript = transcript.ok_or(TermsError::NoTranscript)?;
    let rate = spec.integer_training().map_or(0, |integers| integers.rate);
    let fits = [
        ("escrow", transcript.belongs_to(escrow)),
        ("circuit", transcript.circuit.0 == circuit.id),
        (
            "number of steps",
            transcript.samples == circuit.circuit.samples(),
        ),
        ("learning rate", transcript.rate == rate),
    ];
    if let Some((what, _)) = fits.into_iter().find(|(_, fits)| !fits) {
        return Err(TermsError::Transcript { what });
    }
    let terms = ProofTerms {
        circuit: transcript.circuit,
        context: context_word(escrow, transcript.circuit),
        dataset: transcript.dataset,
        initial: transcript.initial,
    };
    if spec.integer_training().is_none()
        && let Some(opening) = opening(spec, None, escrow.dataset_root)?
    {
        compare(&terms, &opening)?;
    }
    Ok(Some(terms))
}

/// Checks that the transcript is opened with these rows, and from weights of zero. Blocks for up to
/// seconds.
///
/// # Errors
/// [`TermsError`].
pub fn check_rows(
    spec: &JobSpec,
    table: &cyxwiz_domain::dataset::Table,
    dataset_root: Digest,
    terms: &ProofTerms,
) -> Result<(), TermsError> {
    match opening(spec, Some(table), dataset_root)? {
        Some(opening) => compare(terms, &opening),
        None => Ok(()),
    }
}

/// Checks that this machine and its operator make such proofs. `clock_offset` is this clock minus the
/// chain's, in seconds.
///
/// # Errors
/// [`TermsError`].
pub fn check_node(
    settings: &Settings,
    circuit: &Registered,
    clock_offset: i64,
) -> Result<(), TermsError> {
    if !settings.proof.enabled {
        return Err(TermsError::Disabled);
    }
    if circuit.key.is_none() {
        return Err(TermsError::NoKey(circuit.name));
    }
    let (needed, total) = (memory_mib(circuit), machine::total_memory_mib());
    if total < needed {
        return Err(TermsError::Memory {
            circuit: circuit.name,
            needed,
            total,
        });
    }
    if clock_offset.unsigned_abs() > CLOCK_ALLOWANCE {
        return Err(TermsError::Clock(clock_offset));
    }
    Ok(())
}

/// Memory that a proof takes, MiB: about 4.5 kB for each constraint, its key among them (measured), and
/// what the dataset takes.
pub fn memory_mib(circuit: &Registered) -> u64 {
    64 + u64::from(circuit.constraints) * 9 / 2 / 1024
}

fn compare(terms: &ProofTerms, opening: &job::Opening) -> Result<(), TermsError> {
    let fits = [
        ("dataset", terms.dataset.0 == opening.dataset),
        ("first weights", terms.initial.0 == opening.initial),
    ];
    match fits.into_iter().find(|(_, fits)| !fits) {
        Some((what, _)) => Err(TermsError::Transcript { what }),
        None => Ok(()),
    }
}
