//! What a transcript is opened with, before anyone trains.

use cyxwiz_domain::{Digest, dataset::Table, spec::JobSpec};
use cyxwiz_statement::{Registered, Word, truncate};

use super::{ExactRun, JobError};
use crate::{
    field::{sha256, to_word},
    intsgd::Weights,
};

/// What the user fixes about a job's transcript, and everyone else recomputes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// The circuit that the spec names.
    pub circuit: &'static Registered,
    /// What is trained on. In integers, the root of the batches; else the root of the file's chunks,
    /// cut to 248 bits.
    pub dataset: Word,
    /// What is trained from. In integers, the commitment of weights of zero; else SHA-256 of
    /// "cyxwiz/initial/v1" and the spec's hash, cut to 248 bits: the recipe that the first weights are
    /// drawn by.
    pub initial: Word,
    /// Learning-rate numerator; 0 where training is not in integers.
    pub rate: u16,
}

/// The opening of a job's transcript; `None` for a job without verification. Only a job that trains in
/// integers needs its rows (`table`); `dataset_root` is that of the file's chunk manifest.
///
/// # Errors
/// [`JobError::NoRows`], or rows that the circuit does not take.
pub fn opening(
    spec: &JobSpec,
    table: Option<&Table>,
    dataset_root: Digest,
) -> Result<Option<Opening>, JobError> {
    let Some(circuit) = spec.circuit() else {
        return Ok(None);
    };
    let Some(integers) = spec.integer_training() else {
        let recipe = sha256(&[b"cyxwiz/initial/v1", &spec.spec_hash()]);
        return Ok(Some(Opening {
            circuit,
            dataset: truncate(dataset_root.0),
            initial: truncate(recipe),
            rate: 0,
        }));
    };
    let run = ExactRun::new(spec, table.ok_or(JobError::NoRows)?)?;
    Ok(Some(Opening {
        circuit,
        dataset: to_word(run.dataset().root()),
        initial: to_word(Weights::zero(&integers.training).commitment()),
        rate: integers.rate,
    }))
}
