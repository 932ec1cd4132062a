//! What a job's proof is bound to: what the user has fixed on the chain must be what the spec says, or
//! no work of this node could ever be proven.

use std::path::PathBuf;

use cyxwiz_chain::{EscrowAccount, TranscriptAccount, Verification, context_word};
use cyxwiz_domain::{Digest, spec::JobSpec};
use cyxwiz_proof::job::{self, opening};
use cyxwiz_statement::Registered;

use super::decide::{Policy, time_to_prove};
use crate::{config::Settings, jobs::ProofTerms, machine, provers::Provers};

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
    /// The key that proofs are made with is not there, and only a ceremony makes it.
    // Its engine is told of it too: no path of this machine.
    #[error(
        "this node lacks the proving key of the circuit {circuit}; its operator has to put the ceremony's there"
    )]
    NoProvingKey {
        /// The circuit's name.
        circuit: &'static str,
        /// Where it belongs.
        path: PathBuf,
    },
    /// The machine is too small, or too busy.
    #[error(
        "a proof with the circuit {circuit} takes {needed} MiB of memory, and {available} are there for proofs (proof.memory_mib)"
    )]
    Memory {
        /// The circuit's name.
        circuit: &'static str,
        /// MiB.
        needed: u64,
        /// MiB.
        available: u64,
    },
    /// The user could send the data so late, and keep its nonce back, that the proof comes too late.
    #[error(
        "if the data come as late as they may, {left} s are left to train and prove, and {needed} may be needed; the job needs a longer time until its deadline"
    )]
    Time {
        /// Seconds.
        left: i64,
        /// Seconds.
        needed: i64,
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

/// Checks that this machine and its operator make such proofs, where so many MiB of memory are there for them.
///
/// # Errors
/// [`TermsError`].
pub fn check_node(
    settings: &Settings,
    provers: &Provers,
    circuit: &Registered,
    available: u64,
) -> Result<(), TermsError> {
    if !settings.proof.enabled {
        return Err(TermsError::Disabled);
    }
    if circuit.key.is_none() {
        return Err(TermsError::NoKey(circuit.name));
    }
    if !provers.can_have_key(circuit) {
        return Err(TermsError::NoProvingKey {
            circuit: circuit.name,
            path: provers.key_path(&circuit.circuit),
        });
    }
    let needed = memory_mib(circuit);
    if available < needed {
        return Err(TermsError::Memory {
            circuit: circuit.name,
            needed,
            available,
        });
    }
    Ok(())
}

/// Memory that is there for proofs in all, MiB. What is free of it passes: that is waited for before a result is
/// committed to.
pub fn proof_memory_mib(settings: &Settings) -> u64 {
    let set = settings.proof.memory_mib;
    set.unwrap_or_else(machine::total_memory_mib)
}

/// Checks that a transcript's times would be believed. `clock_offset` is this clock minus the chain's, in seconds.
///
/// # Errors
/// [`TermsError::Clock`].
pub fn check_clock(clock_offset: i64) -> Result<(), TermsError> {
    match clock_offset.unsigned_abs() > CLOCK_ALLOWANCE {
        true => Err(TermsError::Clock(clock_offset)),
        false => Ok(()),
    }
}

/// Checks that the job can be trained and proven in time, whatever its user does to put that off.
///
/// # Errors
/// [`TermsError::Time`].
pub fn check_time(escrow: &EscrowAccount, policy: &Policy) -> Result<(), TermsError> {
    let (left, needed) = time_to_prove(escrow, policy);
    match left < needed {
        true => Err(TermsError::Time { left, needed }),
        false => Ok(()),
    }
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
