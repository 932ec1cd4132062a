//! The dimensions that make a circuit, and with it its keys.

use crate::{Digest, challenge::MAX_SAMPLES};

/// Names a circuit: SHA-256 of its dimensions.
pub type CircuitId = Digest;

/// The dimensions of a circuit. A job fixes them when it is created; each set has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Circuit {
    /// The most epochs a transcript may have, from 1.
    pub epochs: u16,
    /// Log2 of the leaves per epoch: one for each step of IntSGD-v1, or for each segment between
    /// checkpoints (an epoch with fewer segments repeats its last leaf).
    pub step_bits: u8,
    /// What is recomputed inside the circuit; `None` for a circuit that only shows the transcript to
    /// be well formed.
    pub training: Option<Training>,
}

/// The part of a circuit that recomputes steps of IntSGD-v1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Training {
    /// Features per row.
    pub inputs: u16,
    /// Classes.
    pub outputs: u16,
    /// Rows per batch.
    pub batch: u16,
    /// Log2 of the number of batches in the dataset.
    pub batch_bits: u8,
    /// Steps that one proof recomputes, 1 to 4.
    pub samples: u8,
}

/// Why a set of dimensions makes no circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CircuitError {
    /// `epochs` is 0.
    Epochs,
    /// `step_bits` is above 15: steps per epoch take 16 bits of the statement.
    StepBits,
    /// `batch_bits` is above 20: a batch's index takes 20 bits of the challenge.
    BatchBits,
    /// `samples` is not in 1 to 4.
    Samples,
    /// `inputs`, `outputs` or `batch` is 0.
    Empty,
}

impl core::fmt::Display for CircuitError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Epochs => "a circuit needs room for at least one epoch",
            Self::StepBits => "a circuit has at most 2^15 steps per epoch",
            Self::BatchBits => "a circuit has at most 2^20 batches",
            Self::Samples => "a training circuit recomputes one to four steps",
            Self::Empty => "a training circuit needs inputs, outputs and rows",
        })
    }
}

impl core::error::Error for CircuitError {}

impl Circuit {
    /// A circuit that shows a transcript to be well formed, and nothing about the work.
    pub const fn transcript(epochs: u16, step_bits: u8) -> Self {
        Self {
            epochs,
            step_bits,
            training: None,
        }
    }

    /// Leaves per epoch.
    pub const fn steps(&self) -> u32 {
        1 << self.step_bits
    }

    /// Steps that one proof recomputes; 0 for a transcript alone.
    pub const fn samples(&self) -> u8 {
        match self.training {
            Some(training) => training.samples,
            None => 0,
        }
    }

    /// Refuses dimensions that the statement has no room for.
    pub const fn check(&self) -> Result<(), CircuitError> {
        if self.epochs == 0 {
            return Err(CircuitError::Epochs);
        }
        if self.step_bits > 15 {
            return Err(CircuitError::StepBits);
        }
        let Some(training) = &self.training else {
            return Ok(());
        };
        if training.batch_bits > 20 {
            return Err(CircuitError::BatchBits);
        }
        if training.samples == 0 || training.samples as usize > MAX_SAMPLES {
            return Err(CircuitError::Samples);
        }
        if training.inputs == 0 || training.outputs == 0 || training.batch == 0 {
            return Err(CircuitError::Empty);
        }
        Ok(())
    }

    /// SHA-256 of "cyxwiz/circuit/v1", epochs (u16, big-endian), step bits (u8), 0 or 1 (u8) and,
    /// after a 1, inputs, outputs, batch (u16 each), batch bits and samples (u8 each).
    pub fn id(&self, sha256: impl Fn(&[&[u8]]) -> Digest) -> CircuitId {
        let head = [
            &self.epochs.to_be_bytes()[..],
            &[self.step_bits, self.training.is_some() as u8],
        ];
        let Some(training) = &self.training else {
            return sha256(&[b"cyxwiz/circuit/v1", head[0], head[1]]);
        };
        sha256(&[
            b"cyxwiz/circuit/v1",
            head[0],
            head[1],
            &training.inputs.to_be_bytes(),
            &training.outputs.to_be_bytes(),
            &training.batch.to_be_bytes(),
            &[training.batch_bits, training.samples],
        ])
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::{collections::HashSet, vec::Vec};

    use super::*;
    use crate::sha256;

    const CIRCUIT: Circuit = Circuit {
        epochs: 100,
        step_bits: 6,
        training: Some(Training {
            inputs: 64,
            outputs: 10,
            batch: 32,
            batch_bits: 10,
            samples: 1,
        }),
    };

    #[test]
    fn every_dimension_moves_the_id() {
        let training = CIRCUIT.training.unwrap();
        let with = |change: fn(&mut Training)| {
            let mut training = training;
            change(&mut training);
            Circuit {
                training: Some(training),
                ..CIRCUIT
            }
        };
        let circuits = [
            CIRCUIT,
            Circuit {
                epochs: 101,
                ..CIRCUIT
            },
            Circuit {
                step_bits: 7,
                ..CIRCUIT
            },
            Circuit::transcript(100, 6),
            with(|t| t.inputs = 65),
            with(|t| t.outputs = 11),
            with(|t| t.batch = 33),
            with(|t| t.batch_bits = 11),
            with(|t| t.samples = 2),
        ];
        let ids: HashSet<_> = circuits.iter().map(|circuit| circuit.id(sha256)).collect();
        assert_eq!(ids.len(), circuits.len());
    }

    #[test]
    fn dimensions_without_room_are_refused() {
        let refused: Vec<_> = [
            Circuit {
                epochs: 0,
                ..CIRCUIT
            },
            Circuit {
                step_bits: 16,
                ..CIRCUIT
            },
        ]
        .iter()
        .map(Circuit::check)
        .collect();
        assert_eq!(
            refused,
            [Err(CircuitError::Epochs), Err(CircuitError::StepBits)]
        );
        assert_eq!(CIRCUIT.check(), Ok(()));
        for samples in [0, 5] {
            let mut circuit = CIRCUIT;
            circuit.training.as_mut().unwrap().samples = samples;
            assert_eq!(circuit.check(), Err(CircuitError::Samples));
        }
    }
}
