//! A batch of rows, and its commitment.

use cyxwiz_statement::Training;

use crate::{
    field::{Fr, pack},
    poseidon::{Tag, hash_vector},
};

/// Features in one word: 31 bytes.
pub(crate) const FEATURES_PER_WORD: usize = 31;

/// Targets in one word.
pub(crate) const TARGETS_PER_WORD: usize = 248;

/// Rows that one step trains on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// `batch` rows of `inputs` features, units of 2^-7.
    pub(crate) features: Vec<i8>,
    /// `batch` rows of `outputs` marks: whether the row belongs to the class.
    pub(crate) targets: Vec<bool>,
}

/// Rows that make no batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Features and classes tell of different numbers of rows.
    #[error("{features} features of {inputs} inputs do not make {rows} rows")]
    Rows {
        /// Features given.
        features: usize,
        /// Features per row.
        inputs: usize,
        /// Classes given.
        rows: usize,
    },
    /// A class that the circuit does not have.
    #[error("class {class} is not below the circuit's {outputs} classes")]
    Class {
        /// The class given.
        class: u16,
        /// Classes of the circuit.
        outputs: u16,
    },
}

impl Batch {
    /// Splits rows into batches, in order. The last one is filled up with rows of zeros, which train
    /// nothing. `features` holds the rows one after the other, `classes` one number per row.
    pub fn split(
        training: &Training,
        features: &[i8],
        classes: &[u16],
    ) -> Result<Vec<Self>, BatchError> {
        let (inputs, rows) = (usize::from(training.inputs), classes.len());
        if features.len() != inputs * rows {
            return Err(BatchError::Rows {
                features: features.len(),
                inputs,
                rows,
            });
        }
        if let Some(&class) = classes.iter().find(|class| **class >= training.outputs) {
            let outputs = training.outputs;
            return Err(BatchError::Class { class, outputs });
        }
        let size = usize::from(training.batch);
        let outputs = usize::from(training.outputs);
        let batch = |(features, classes): (&[i8], &[u16])| {
            let mut batch = Self {
                features: features.to_vec(),
                targets: vec![false; size * outputs],
            };
            batch.features.resize(size * inputs, 0);
            for (row, class) in classes.iter().enumerate() {
                batch.targets[row * outputs + usize::from(*class)] = true;
            }
            batch
        };
        let features = features.chunks(size * inputs);
        Ok(features.zip(classes.chunks(size)).map(batch).collect())
    }

    /// The rows' features, units of 2^-7.
    pub fn features(&self) -> &[i8] {
        &self.features
    }

    /// The rows' marks, one per class.
    pub fn targets(&self) -> &[bool] {
        &self.targets
    }

    /// The packed words: features plus 128 as bytes, 31 to a word, then marks as bits, 248 to a word.
    pub(crate) fn words(&self) -> Vec<Fr> {
        let features = self.features.chunks(FEATURES_PER_WORD);
        let features =
            features.map(|chunk| pack(8, chunk.iter().map(|feature| i64::from(*feature) + 128)));
        let targets = self.targets.chunks(TARGETS_PER_WORD);
        let targets = targets.map(|chunk| pack(1, chunk.iter().map(|mark| i64::from(*mark))));
        features.chain(targets).collect()
    }

    /// A leaf of the dataset's tree: the vector hash of the packed words.
    pub fn commitment(&self) -> Fr {
        hash_vector(Tag::Batch, &self.words())
    }
}

/// A feature scaled to about ±1 as int8 in units of 2^-7, rounded half away from zero and clamped.
pub fn quantize(feature: f32) -> i8 {
    // The cast saturates, and takes what is no number for 0.
    (feature * 128.0).round() as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intsgd::blobs::TINY;

    #[test]
    fn rows_are_split_and_the_last_batch_filled() {
        let rows = TINY.batch as usize + 3;
        let inputs = TINY.inputs as usize;
        let features: Vec<i8> = (0..rows * inputs).map(|i| i as i8).collect();
        let classes: Vec<u16> = (0..rows).map(|i| i as u16 % TINY.outputs).collect();
        let batches = Batch::split(&TINY, &features, &classes).unwrap();
        assert_eq!(batches.len(), 2);
        assert_eq!(
            batches[0].features,
            features[..TINY.batch as usize * inputs]
        );
        assert!(batches[1].features[3 * inputs..].iter().all(|x| *x == 0));
        let marks = |batch: &Batch| batch.targets.iter().filter(|mark| **mark).count();
        assert_eq!((marks(&batches[0]), marks(&batches[1])), (8, 3));
    }

    #[test]
    fn rows_that_do_not_fit_are_refused() {
        assert!(matches!(
            Batch::split(&TINY, &[0; 3], &[0]),
            Err(BatchError::Rows { rows: 1, .. })
        ));
        let features = vec![0; TINY.inputs as usize];
        assert_eq!(
            Batch::split(&TINY, &features, &[TINY.outputs]),
            Err(BatchError::Class {
                class: TINY.outputs,
                outputs: TINY.outputs
            })
        );
    }

    #[test]
    fn features_are_rounded_and_clamped() {
        let quantized = [-2.0, -1.0, -0.5 / 128.0, 0.25, 0.999, f32::NAN].map(quantize);
        assert_eq!(quantized, [-128, -128, -1, 32, 127, 0]);
    }
}
