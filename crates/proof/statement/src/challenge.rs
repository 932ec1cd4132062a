//! Which steps a proof must recompute: drawn after the transcript is committed.

use crate::{BatchOrder, Circuit, Digest, Word};

/// The most steps one proof recomputes: each takes 52 bits of the challenge word.
pub const MAX_SAMPLES: usize = 4;

/// Bits of the challenge word per sample: epoch 16, step 16, batch 20.
const SAMPLE_BITS: usize = 52;

/// One step to recompute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sample {
    /// The epoch, from 1.
    pub epoch: u16,
    /// The step within the epoch, from 0.
    pub step: u16,
    /// The batch it trains on, below 2^20: follows from epoch and step by [`BatchOrder`].
    pub batch: u32,
}

/// What randomness a challenge is drawn from. The two nonces were committed by their hashes when the
/// job was created, so none of user, coordinator and slot leader chooses the outcome alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChallengeSeed {
    /// The escrow account.
    pub escrow: [u8; 32],
    /// The committed transcript root, as in the statement.
    pub root: Word,
    /// The committed commitment of the trained weights, as in the statement.
    pub trained: Word,
    /// The hash of a slot after the commitment.
    pub slot_hash: [u8; 32],
    /// The user's nonce; zero where it never came.
    pub user_nonce: [u8; 32],
    /// The coordinator's nonce; zero where it never came.
    pub coordinator_nonce: [u8; 32],
}

impl ChallengeSeed {
    /// SHA-256 of "cyx/chal/v1" and the fields in order.
    pub fn digest(&self, sha256: impl Fn(&[&[u8]]) -> Digest) -> Digest {
        sha256(&[
            b"cyx/chal/v1",
            &self.escrow,
            &self.root,
            &self.trained,
            &self.slot_hash,
            &self.user_nonce,
            &self.coordinator_nonce,
        ])
    }
}

/// The steps that a proof must recompute; none for a transcript alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Challenge {
    samples: [Sample; MAX_SAMPLES],
    count: usize,
}

impl Challenge {
    /// No step: for circuits that show the transcript alone.
    pub const NONE: Self = Self {
        samples: [Sample {
            epoch: 0,
            step: 0,
            batch: 0,
        }; MAX_SAMPLES],
        count: 0,
    };

    /// These very steps, as when a dispute forces one. `None` for more than four samples, epoch 0 or
    /// a batch of 2^20 and above.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let fits = samples.iter().all(|s| s.epoch > 0 && s.batch < 1 << 20);
        let mut challenge = Self::NONE;
        let slots = challenge.samples.get_mut(..samples.len())?;
        slots.copy_from_slice(samples);
        challenge.count = samples.len();
        fits.then_some(challenge)
    }

    /// Draws as many samples as `circuit` recomputes from a transcript of `epochs` epochs.
    ///
    /// Sample k (from 0) takes SHA-256 of `seed` ([`ChallengeSeed::digest`]) and k (u8): its first
    /// eight bytes mod `epochs`, plus 1, are the epoch, the next eight mod 2^step_bits the step (both
    /// big-endian). `order` is [`order_seed`](crate::order_seed). An empty transcript has nothing to
    /// draw from: `None`.
    pub fn draw(
        circuit: &Circuit,
        epochs: u16,
        seed: &Digest,
        order: &Digest,
        sha256: impl Fn(&[&[u8]]) -> Digest,
    ) -> Option<Self> {
        let Some(training) = &circuit.training else {
            return Some(Self::NONE);
        };
        let mut challenge = Self::NONE;
        let slots = challenge.samples.get_mut(..training.samples as usize)?;
        for (k, slot) in slots.iter_mut().enumerate() {
            let digest = sha256(&[seed, &[k as u8]]);
            let [e0, e1, e2, e3, e4, e5, e6, e7, rest @ ..] = digest;
            let [j0, j1, j2, j3, j4, j5, j6, j7, ..] = rest;
            let draw = u64::from_be_bytes([e0, e1, e2, e3, e4, e5, e6, e7]);
            // The bias of 64 bits taken mod 16 is below 2^-48.
            let epoch = draw.checked_rem(u64::from(epochs))? as u16 + 1;
            let draw = u64::from_be_bytes([j0, j1, j2, j3, j4, j5, j6, j7]);
            let step = (draw % u64::from(circuit.steps())) as u16;
            let order = BatchOrder::of_epoch(order, epoch, training.batch_bits, &sha256);
            *slot = order.sample(epoch, step);
        }
        challenge.count = training.samples as usize;
        Some(challenge)
    }

    /// The samples, in the order of the statement.
    pub fn samples(&self) -> &[Sample] {
        &self.samples[..self.count]
    }

    /// The word of the statement: the sum over k of 2^(52k)·(epoch + 2^16·step + 2^32·batch).
    pub fn word(&self) -> Word {
        let mut word = [0; 32];
        for (k, sample) in self.samples().iter().enumerate() {
            let bits = u128::from(sample.epoch)
                | u128::from(sample.step) << 16
                | u128::from(sample.batch) << 32;
            let start = k * SAMPLE_BITS;
            let shifted = (bits << (start % 8)).to_le_bytes();
            // 52 bits shifted by at most 7 fill eight bytes.
            for (i, byte) in shifted[..8].iter().enumerate() {
                word[31 - start / 8 - i] |= byte;
            }
        }
        word
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::HashSet;

    use super::*;
    use crate::{Training, order_seed, sha256};

    const CIRCUIT: Circuit = Circuit {
        epochs: 100,
        step_bits: 6,
        training: Some(Training {
            inputs: 64,
            outputs: 10,
            batch: 32,
            batch_bits: 10,
            samples: 4,
        }),
    };

    #[test]
    fn the_word_is_the_sum_of_shifted_samples() {
        let sample = |epoch, step, batch| Sample { epoch, step, batch };
        let one = Challenge::of(&[sample(0x1234, 0x5678, 0x9abcd)]).unwrap();
        assert_eq!(
            hex::encode(one.word()),
            "0000000000000000000000000000000000000000000000000009abcd56781234"
        );
        let two = Challenge::of(&[sample(1, 2, 3), sample(0xffff, 0xffff, 0xfffff)]).unwrap();
        assert_eq!(
            hex::encode(two.word()),
            "00000000000000000000000000000000000000fffffffffffff0000300020001"
        );
        let full = Challenge::of(&[sample(0xffff, 0xffff, 0xfffff); 4]).unwrap();
        assert_eq!(
            hex::encode(full.word()),
            "000000000000ffffffffffffffffffffffffffffffffffffffffffffffffffff"
        );
        assert_eq!(Challenge::NONE.word(), [0; 32]);
    }

    #[test]
    fn samples_out_of_range_are_no_challenge() {
        let sample = |epoch, batch| Sample {
            epoch,
            step: 0,
            batch,
        };
        assert_eq!(Challenge::of(&[sample(0, 0)]), None);
        assert_eq!(Challenge::of(&[sample(1, 1 << 20)]), None);
        assert_eq!(Challenge::of(&[sample(1, 0); 5]), None);
    }

    #[test]
    fn draws_are_in_range_and_reach_everything() {
        let order = order_seed(&[7; 32], sha256);
        let mut epochs = HashSet::new();
        let mut steps = HashSet::new();
        for seed in 0..200_u8 {
            let challenge = Challenge::draw(&CIRCUIT, 9, &[seed; 32], &order, sha256).unwrap();
            assert_eq!(challenge.samples().len(), 4);
            for sample in challenge.samples() {
                assert!((1..=9).contains(&sample.epoch) && sample.step < 64);
                let epoch = BatchOrder::of_epoch(&order, sample.epoch, 10, sha256);
                assert_eq!(epoch.batch(sample.step), sample.batch);
                epochs.insert(sample.epoch);
                steps.insert(sample.step);
            }
        }
        assert_eq!((epochs.len(), steps.len()), (9, 64));
        assert_eq!(Challenge::draw(&CIRCUIT, 0, &[0; 32], &order, sha256), None);
    }

    #[test]
    fn every_source_of_randomness_moves_the_seed() {
        let base = ChallengeSeed {
            escrow: [1; 32],
            root: [1; 32],
            trained: [1; 32],
            slot_hash: [1; 32],
            user_nonce: [1; 32],
            coordinator_nonce: [1; 32],
        };
        let other = [2; 32];
        let seeds = [
            base,
            ChallengeSeed {
                escrow: other,
                ..base
            },
            ChallengeSeed {
                root: other,
                ..base
            },
            ChallengeSeed {
                trained: other,
                ..base
            },
            ChallengeSeed {
                slot_hash: other,
                ..base
            },
            ChallengeSeed {
                user_nonce: other,
                ..base
            },
            ChallengeSeed {
                coordinator_nonce: other,
                ..base
            },
        ];
        let digests: HashSet<_> = seeds.iter().map(|seed| seed.digest(sha256)).collect();
        assert_eq!(digests.len(), seeds.len());
    }
}
