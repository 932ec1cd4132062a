//! Weights, their packing into words and their commitment.

use cyxwiz_statement::Training;

use crate::{
    field::{Fr, pack},
    poseidon::{Tag, hash_vector},
};

/// Width of a weight within a word.
pub(crate) const SLOT_BITS: usize = 50;

/// Weights of one input that share a word.
pub(crate) const SLOTS: usize = 5;

/// The weights of a linear classifier in units of 2^-28, `inputs` rows of `outputs` each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    outputs: usize,
    values: Vec<i64>,
}

/// Numbers that are no weights of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeightsError {
    /// Not inputs·outputs numbers.
    #[error("there are {given} weights where the circuit has {wanted}")]
    Count {
        /// Numbers given.
        given: usize,
        /// inputs·outputs.
        wanted: usize,
    },
    /// A number does not fit its slot.
    #[error("weight {0} does not fit 50 bits; weights are integers in units of 2^-28")]
    Range(i64),
}

impl Weights {
    /// All zero: where every run of IntSGD-v1 may start, since a linear classifier has no symmetry to
    /// break.
    pub fn zero(training: &Training) -> Self {
        let outputs = usize::from(training.outputs);
        Self {
            outputs,
            values: vec![0; usize::from(training.inputs) * outputs],
        }
    }

    /// These weights, units of 2^-28, row by row (`inputs` rows of `outputs`).
    pub fn new(training: &Training, values: Vec<i64>) -> Result<Self, WeightsError> {
        let wanted = usize::from(training.inputs) * usize::from(training.outputs);
        let given = values.len();
        if given != wanted {
            return Err(WeightsError::Count { given, wanted });
        }
        let limit = 1_u64 << (SLOT_BITS - 1);
        if let Some(value) = values.iter().find(|value| value.unsigned_abs() >= limit) {
            return Err(WeightsError::Range(*value));
        }
        Ok(Self {
            outputs: usize::from(training.outputs),
            values,
        })
    }

    /// The numbers, units of 2^-28, row by row.
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    pub(crate) fn values_mut(&mut self) -> &mut [i64] {
        &mut self.values
    }

    /// Weights per row.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The weights as floats, rounded to nearest: what the user's framework loads.
    pub fn to_f32(&self) -> Vec<f32> {
        let unit = 1.0 / f64::from(1 << 28);
        let float = |value: &i64| (*value as f64 * unit) as f32;
        self.values.iter().map(float).collect()
    }

    /// The packed words: five neighbours of a row in one, the first lowest.
    pub(crate) fn words(&self) -> Vec<Fr> {
        pack_rows(self.outputs, &self.values)
    }

    /// What a transcript commits to: the vector hash of the packed words.
    pub fn commitment(&self) -> Fr {
        hash_vector(Tag::Weights, &self.words())
    }
}

/// Packs rows of `outputs` numbers, each row into words of its own.
pub(crate) fn pack_rows(outputs: usize, values: &[i64]) -> Vec<Fr> {
    let rows = values.chunks(outputs);
    let words = rows.flat_map(|row| row.chunks(SLOTS));
    words
        .map(|slots| pack(SLOT_BITS, slots.iter().copied()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intsgd::blobs::TINY;

    #[test]
    fn one_unit_moves_the_commitment() {
        let mut weights = Weights::zero(&TINY);
        let zero = weights.commitment();
        weights.values_mut()[7] = 1;
        assert_ne!(weights.commitment(), zero);
        assert_eq!(weights.to_f32()[7], 2.0_f32.powi(-28));
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let count = TINY.inputs as usize * TINY.outputs as usize;
        assert_eq!(
            Weights::new(&TINY, vec![0; count - 1]),
            Err(WeightsError::Count {
                given: count - 1,
                wanted: count
            })
        );
        let mut values = vec![0; count];
        values[0] = -(1 << 49);
        assert_eq!(
            Weights::new(&TINY, values),
            Err(WeightsError::Range(-(1 << 49)))
        );
    }
}
