//! The seven words whose Poseidon hash is the proof's one public input.

use crate::{Challenge, Circuit, Word};

/// What a proof states. Its public input is Poseidon over [`Statement::words`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Job, node, spec and circuit: [`Context::word`](crate::Context::word).
    pub context: Word,
    /// The root of the dataset's batches, from the user.
    pub dataset: Word,
    /// The commitment of the weights before training, never from the node.
    pub initial: Word,
    /// The commitment of the weights after training, from the node.
    pub trained: Word,
    /// The Merkle root over the transcript's hash chain, from the node.
    pub root: Word,
    /// Length, times and learning rate.
    pub meta: Meta,
    /// The steps to recompute.
    pub challenge: Challenge,
}

impl Statement {
    /// Context, dataset, initial, trained, root, meta, challenge.
    pub fn words(&self) -> [Word; 7] {
        [
            self.context,
            self.dataset,
            self.initial,
            self.trained,
            self.root,
            self.meta.word(),
            self.challenge.word(),
        ]
    }
}

/// The numbers of a statement, packed into one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    epochs: u16,
    steps: u16,
    start: u64,
    end: u64,
    rate: u16,
}

/// Why numbers do not make a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetaError {
    /// No epochs, or more than the circuit has room for.
    Epochs,
    /// A Unix time does not fit 40 bits, or the end comes before the start.
    Times,
    /// A training circuit with a learning rate of 0, or a transcript circuit with one.
    Rate,
}

impl core::fmt::Display for MetaError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Epochs => "the circuit has no room for that many epochs; choose a larger circuit",
            Self::Times => {
                "the window of Unix times must not end before it starts, nor exceed 40 bits"
            }
            Self::Rate => "a learning rate belongs to a training circuit, and must not be 0 there",
        })
    }
}

impl core::error::Error for MetaError {}

impl Meta {
    /// `epochs` trained, between the Unix times `start` and `end` (seconds), with the learning-rate
    /// numerator `rate` (IntSGD-v1: learning rate = rate·batch/2^11; 0 for transcripts alone).
    pub const fn new(
        circuit: &Circuit,
        epochs: u16,
        start: u64,
        end: u64,
        rate: u16,
    ) -> Result<Self, MetaError> {
        if epochs == 0 || epochs > circuit.epochs {
            return Err(MetaError::Epochs);
        }
        if start > end || end >> 40 != 0 {
            return Err(MetaError::Times);
        }
        if (rate == 0) == circuit.training.is_some() {
            return Err(MetaError::Rate);
        }
        Ok(Self {
            epochs,
            steps: circuit.steps() as u16,
            start,
            end,
            rate,
        })
    }

    /// Epochs in the transcript.
    pub const fn epochs(&self) -> u16 {
        self.epochs
    }

    /// Leaves per epoch.
    pub const fn steps(&self) -> u16 {
        self.steps
    }

    /// No epoch ended before this Unix time, seconds.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// No epoch ended after this Unix time, seconds.
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// The learning-rate numerator.
    pub const fn rate(&self) -> u16 {
        self.rate
    }

    /// epochs + steps·2^16 + start·2^32 + end·2^72 + rate·2^112.
    pub const fn word(&self) -> Word {
        let packed = self.epochs as u128
            | (self.steps as u128) << 16
            | (self.start as u128) << 32
            | (self.end as u128) << 72
            | (self.rate as u128) << 112;
        let bytes = packed.to_be_bytes();
        let mut word = [0; 32];
        let mut i = 0;
        while i < 16 {
            word[16 + i] = bytes[i];
            i += 1;
        }
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Training;

    const CIRCUIT: Circuit = Circuit {
        epochs: 100,
        step_bits: 15,
        training: Some(Training {
            inputs: 1,
            outputs: 1,
            batch: 1,
            batch_bits: 0,
            samples: 1,
        }),
    };

    #[test]
    fn the_word_is_packed_as_written() {
        let meta = Meta::new(&CIRCUIT, 0x12, 0x11_2233_4455, 0xaa_bbcc_ddee, 0x6789).unwrap();
        assert_eq!(
            hex::encode(meta.word()),
            "000000000000000000000000000000006789aabbccddee112233445580000012"
        );
    }

    #[test]
    fn numbers_without_room_are_refused() {
        let meta = |epochs, start, end, rate| Meta::new(&CIRCUIT, epochs, start, end, rate);
        assert_eq!(meta(0, 0, 0, 1), Err(MetaError::Epochs));
        assert_eq!(meta(101, 0, 0, 1), Err(MetaError::Epochs));
        assert_eq!(meta(1, 1, 0, 1), Err(MetaError::Times));
        assert_eq!(meta(1, 0, 1 << 40, 1), Err(MetaError::Times));
        assert_eq!(meta(1, 0, 0, 0), Err(MetaError::Rate));
        let transcript = Circuit::transcript(100, 0);
        assert_eq!(Meta::new(&transcript, 1, 0, 0, 1), Err(MetaError::Rate));
        assert!(meta(100, 0, (1 << 40) - 1, u16::MAX).is_ok());
        assert!(Meta::new(&transcript, 1, 0, 0, 0).is_ok());
    }
}
