//! The weights delivered, against what was proven.

use cyxwiz_domain::spec::JobSpec;
use cyxwiz_statement::Word;
use safetensors::{Dtype, SafeTensors};

use super::JobError;
use crate::{field::to_word, intsgd::Weights};

/// The tensor that the proof speaks of: units of 2^-28, inputs by outputs.
pub const INTEGER_WEIGHTS: &str = "int_sgd.weights";

/// The commitment of the weights in a delivered safetensors file, to be compared with the one that
/// was proven.
///
/// # Errors
/// [`JobError::Floats`], or a file that holds no such weights.
pub fn trained_commitment(spec: &JobSpec, weights_file: &[u8]) -> Result<Word, JobError> {
    let training = spec.integer_training().ok_or(JobError::Floats)?.training;
    let unusable = |error: &dyn std::fmt::Display| JobError::WeightsFile(error.to_string());
    let file = SafeTensors::deserialize(weights_file).map_err(|e| unusable(&e))?;
    let tensor = file.tensor(INTEGER_WEIGHTS).map_err(|e| unusable(&e))?;
    let shape = [training.inputs, training.outputs].map(usize::from);
    if tensor.dtype() != Dtype::I64 || tensor.shape() != shape {
        let problem = format!("`{INTEGER_WEIGHTS}` is not {shape:?} integers of 64 bits");
        return Err(JobError::WeightsFile(problem));
    }
    let (words, _) = tensor.data().as_chunks::<8>();
    let values = words.iter().map(|word| i64::from_le_bytes(*word)).collect();
    Ok(to_word(Weights::new(&training, values)?.commitment()))
}
