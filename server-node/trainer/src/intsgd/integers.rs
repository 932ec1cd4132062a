//! The rule in 64-bit integers, as its definition has it.

use std::rc::Rc;

use cyxwiz_proof::intsgd::{Weights, preactivations, step};

use super::{Arithmetic, Rows};
use crate::TrainError;

pub(super) struct Integers {
    rows: Rc<Rows>,
    rate: u16,
    weights: Weights,
}

impl Integers {
    pub fn new(rows: Rc<Rows>, rate: u16) -> Self {
        let weights = Weights::zero(rows.training());
        Self {
            rows,
            rate,
            weights,
        }
    }
}

impl Arithmetic for Integers {
    fn scores(&mut self, rows: &[u32]) -> Result<Vec<i64>, TrainError> {
        let mut scores = Vec::new();
        for batch in self.rows.batches(rows)? {
            scores.extend(preactivations(&self.weights, &batch)?);
        }
        // Without the rows that fill the last batch.
        scores.truncate(rows.len() * usize::from(self.rows.training().outputs));
        Ok(scores)
    }

    fn step(&mut self, rows: &[u32]) -> Result<Vec<i64>, TrainError> {
        let scores = self.scores(rows)?;
        for batch in self.rows.batches(rows)? {
            self.weights = step(&self.weights, &batch, self.rate)?;
        }
        Ok(scores)
    }

    fn weights(&mut self) -> Result<Weights, TrainError> {
        Ok(self.weights.clone())
    }

    fn set_weights(&mut self, weights: Weights) -> Result<(), TrainError> {
        self.weights = weights;
        Ok(())
    }
}
