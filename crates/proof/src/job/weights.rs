//! The weights delivered, against what was proven.

use cyxwiz_domain::{Digest, spec::JobSpec, training::TranscriptRecord};
use cyxwiz_statement::Word;
use safetensors::{Dtype, SafeTensors};

use super::{JobError, RecordError};
use crate::{commitment::SegmentState, field::to_word, intsgd::Weights};

/// The tensor that the proof speaks of: units of 2^-28, inputs by outputs.
pub const INTEGER_WEIGHTS: &str = "int_sgd.weights";

/// The commitment of the weights in a delivered safetensors file, to be compared with the one that
/// was proven. Beside the integers that the proof speaks of, the file must hold the same weights as
/// the floats that its user loads, and nothing else: honest integers beside other floats are worth
/// nothing.
///
/// # Errors
/// [`JobError::Floats`], or a file that holds other than such weights.
pub fn trained_commitment(spec: &JobSpec, weights_file: &[u8]) -> Result<Word, JobError> {
    let training = spec.integer_training().ok_or(JobError::Floats)?.training;
    let unusable = |problem: String| JobError::WeightsFile(problem);
    let file = SafeTensors::deserialize(weights_file).map_err(|e| unusable(e.to_string()))?;
    let tensor = |name| file.tensor(name).map_err(|e| unusable(e.to_string()));
    let integers = tensor(INTEGER_WEIGHTS)?;
    let shape = [training.inputs, training.outputs].map(usize::from);
    if integers.dtype() != Dtype::I64 || integers.shape() != shape {
        let problem = format!("`{INTEGER_WEIGHTS}` is not {shape:?} integers of 64 bits");
        return Err(unusable(problem));
    }
    let (words, _) = integers.data().as_chunks::<8>();
    let values = words.iter().map(|word| i64::from_le_bytes(*word)).collect();
    let weights = Weights::new(&training, values)?;

    let name = float_weights(spec);
    let floats = tensor(&name)?;
    let [inputs, outputs] = shape;
    let same = floats.dtype() == Dtype::F32
        && floats.shape() == [outputs, inputs]
        && floats.data() == as_loaded(&weights, shape);
    if !same || file.len() != 2 {
        let problem = format!(
            "`{name}` must be the floats of `{INTEGER_WEIGHTS}`, [{outputs}, {inputs}], and nothing else be there"
        );
        return Err(unusable(problem));
    }
    Ok(to_word(weights.commitment()))
}

/// The same of a job that trains in floats: the commitment of the state that `record` says it ended in,
/// with weights of this SHA-256. Beside the weights a leaf fixes what training would go on from, which
/// the record tells by its digests.
///
/// # Errors
/// [`RecordError::NoState`], [`RecordError::State`].
pub fn state_commitment(
    record: &TranscriptRecord,
    weights_sha256: Digest,
) -> Result<Word, RecordError> {
    let last = record.last.ok_or(RecordError::NoState)?;
    let (epochs, epoch) = (record.epochs.len(), last.epoch);
    if usize::try_from(epoch) != Ok(epochs) {
        return Err(RecordError::State { epochs, epoch });
    }
    let state = SegmentState {
        weights: weights_sha256.0,
        optimizer: last.optimizer.0,
        random: last.random.0,
        epoch,
        batch: last.batch,
    };
    Ok(to_word(state.commitment()))
}

/// PyTorch's name of the weights: the place of the one layer that has any, which is the last.
fn float_weights(spec: &JobSpec) -> String {
    format!("{}.weight", spec.model.layers.len().saturating_sub(1))
}

/// The floats' bytes in the order in which PyTorch has them: outputs by inputs.
fn as_loaded(weights: &Weights, [inputs, outputs]: [usize; 2]) -> Vec<u8> {
    let floats = weights.to_f32();
    let places = (0..outputs).flat_map(|output| (0..inputs).map(move |input| (input, output)));
    places
        .flat_map(|(input, output)| floats[input * outputs + output].to_le_bytes())
        .collect()
}
