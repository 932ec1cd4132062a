//! Whole runs: for the node that trains, and for whoever repeats them.

use cyxwiz_statement::{BatchOrder, Circuit, Digest, Training};

use super::{Dataset, Diverged, Weights, step};
use crate::field::{Fr, sha256};

/// Everything that determines a run besides its first weights: whoever follows it gets the same bits.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    step_bits: u8,
    training: Training,
    dataset: &'a Dataset,
    order: Digest,
    rate: u16,
}

/// A step of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId {
    /// The epoch, from 1.
    pub epoch: u16,
    /// The step within the epoch, from 0.
    pub step: u16,
}

/// What repeating a run showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Divergence {
    /// Every commitment is that of the step repeated.
    None,
    /// The first step whose commitment is another.
    At(StepId),
}

impl<'a> Recipe<'a> {
    /// The recipe of a job: its circuit, data, batch order
    /// ([`order_seed`](cyxwiz_statement::order_seed)) and learning-rate numerator. `None` for a circuit
    /// that recomputes nothing.
    pub fn new(circuit: &Circuit, dataset: &'a Dataset, order: Digest, rate: u16) -> Option<Self> {
        Some(Self {
            step_bits: circuit.step_bits,
            training: circuit.training?,
            dataset,
            order,
            rate,
        })
    }

    /// Steps per epoch.
    pub fn steps(&self) -> u16 {
        1 << self.step_bits
    }

    /// The batch that a step trains on.
    pub fn batch(&self, at: StepId) -> u32 {
        let bits = self.training.batch_bits;
        BatchOrder::of_epoch(&self.order, at.epoch, bits, sha256).batch(at.step)
    }

    /// The data.
    pub fn dataset(&self) -> &'a Dataset {
        self.dataset
    }

    /// The weights after one step.
    pub fn step(&self, weights: &Weights, at: StepId) -> Result<Weights, Diverged> {
        step(weights, self.dataset.batch(self.batch(at)), self.rate)
    }

    /// Trains one epoch; returns the commitments after each step, the leaves of the transcript.
    pub fn epoch(&self, weights: &mut Weights, epoch: u16) -> Result<Vec<Fr>, Diverged> {
        let train = |step| {
            *weights = self.step(weights, StepId { epoch, step })?;
            Ok(weights.commitment())
        };
        (0..self.steps()).map(train).collect()
    }

    /// The weights before and after a step, from those at the start of its epoch.
    pub fn around(&self, start: &Weights, at: StepId) -> Result<(Weights, Weights), Diverged> {
        let mut weights = start.clone();
        for step in 0..at.step {
            weights = self.step(
                &weights,
                StepId {
                    epoch: at.epoch,
                    step,
                },
            )?;
        }
        let after = self.step(&weights, at)?;
        Ok((weights, after))
    }

    /// Repeats a whole run from its first weights and compares every commitment: what a user does who
    /// wants to be certain. `leaves` holds each epoch's commitments.
    pub fn replay(&self, initial: &Weights, leaves: &[Vec<Fr>]) -> Result<Divergence, Diverged> {
        let mut weights = initial.clone();
        for (epoch, leaves) in (1..).zip(leaves) {
            for step in 0..self.steps() {
                let at = StepId { epoch, step };
                weights = self.step(&weights, at)?;
                if leaves.get(usize::from(step)) != Some(&weights.commitment()) {
                    return Ok(Divergence::At(at));
                }
            }
        }
        Ok(Divergence::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intsgd::blobs::{self, TINY};

    const CIRCUIT: Circuit = Circuit {
        epochs: 8,
        step_bits: 3,
        training: Some(TINY),
    };

    #[test]
    fn it_learns() {
        let data = Dataset::new(&TINY, blobs::batches(&TINY, 16, 1)).unwrap();
        let recipe = Recipe::new(&CIRCUIT, &data, [7; 32], 6).unwrap();
        let mut weights = Weights::zero(&TINY);
        for epoch in 1..=8 {
            recipe.epoch(&mut weights, epoch).unwrap();
        }
        assert!(blobs::accuracy(&weights, &data) > 0.9);
    }

    #[test]
    fn replay_finds_the_first_false_step() {
        let data = Dataset::new(&TINY, blobs::batches(&TINY, 16, 1)).unwrap();
        let recipe = Recipe::new(&CIRCUIT, &data, [7; 32], 6).unwrap();
        let initial = Weights::zero(&TINY);
        let mut weights = initial.clone();
        let mut leaves: Vec<Vec<Fr>> = (1..=3)
            .map(|epoch| recipe.epoch(&mut weights, epoch).unwrap())
            .collect();
        assert_eq!(recipe.replay(&initial, &leaves), Ok(Divergence::None));
        leaves[1][5] += Fr::from(1_u64);
        let at = StepId { epoch: 2, step: 5 };
        assert_eq!(recipe.replay(&initial, &leaves), Ok(Divergence::At(at)));
        leaves[1].truncate(2);
        let at = StepId { epoch: 2, step: 2 };
        assert_eq!(recipe.replay(&initial, &leaves), Ok(Divergence::At(at)));
    }
}
