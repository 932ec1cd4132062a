//! The rows as integers.

use cyxwiz_domain::dataset::Table;
use cyxwiz_proof::intsgd::{Batch, BatchError, quantize};
use cyxwiz_statement::Training;

use crate::Tally;

/// Scores are in units of 2^-35.
const SCORE_UNIT: f64 = 1.0 / (1_u64 << 35) as f64;
/// Target of a row's own class.
const ON: f64 = 15.0 / 16.0;
/// Target of the others.
const OFF: f64 = 1.0 / 16.0;

/// All rows of a job.
pub(super) struct Rows {
    pub training: Training,
    /// Units of 2^-7, row after row.
    pub features: Vec<i8>,
    /// One per row.
    pub classes: Vec<u16>,
}

impl Rows {
    pub fn of(table: &Table, training: Training) -> Self {
        Self {
            training,
            features: table.features.iter().map(|x| quantize(*x)).collect(),
            // Checked to be classes when the table was read.
            classes: table.labels.iter().map(|label| *label as u16).collect(),
        }
    }

    /// Inputs and outputs.
    pub fn dims(&self) -> [i64; 2] {
        [self.training.inputs, self.training.outputs].map(i64::from)
    }

    /// Some rows, filled up to whole batches with zeros.
    pub fn batches(&self, rows: &[u32]) -> Result<Vec<Batch>, BatchError> {
        let inputs = usize::from(self.training.inputs);
        let features = |row: &u32| &self.features[*row as usize * inputs..][..inputs];
        let features: Vec<i8> = rows.iter().flat_map(features).copied().collect();
        let classes: Vec<u16> = rows.iter().map(|r| self.classes[*r as usize]).collect();
        Batch::split(&self.training, &features, &classes)
    }

    /// The rows of one step.
    pub fn batch(&self, rows: &[u32]) -> Result<Batch, BatchError> {
        let batches = self.batches(rows)?;
        Ok(batches.into_iter().next().expect("a step has rows"))
    }

    /// Adds the loss and the right answers of scored rows.
    pub fn count(&self, rows: &[u32], scores: &[i64], tally: &mut Tally) {
        for (row, scores) in rows
            .iter()
            .zip(scores.chunks(usize::from(self.training.outputs)))
        {
            let class = usize::from(self.classes[*row as usize]);
            let loss = |(k, z): (usize, &i64)| loss(*z as f64 * SCORE_UNIT, k == class);
            tally.loss += scores.iter().enumerate().map(loss).sum::<f64>();
            tally.correct += u64::from(first_largest(scores) == Some(class));
            tally.rows += 1;
        }
    }
}

/// ∫(p − y) dz for p = clamp(z/4 + 1/2, 0, 1), 0 at p = y.
fn loss(z: f64, own: bool) -> f64 {
    let y = if own { ON } else { OFF };
    let area = match z {
        z if z < -2.0 => 0.0,
        z if z > 2.0 => z,
        z => (z + 2.0).powi(2) / 8.0,
    };
    area - y * z - 2.0 * y * (1.0 - y)
}

/// The first of the largest, as libtorch chooses.
fn first_largest(scores: &[i64]) -> Option<usize> {
    let largest = scores.iter().max()?;
    scores.iter().position(|score| score == largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_is_least_at_the_target() {
        for (own, y) in [(true, ON), (false, OFF)] {
            let best = 4.0 * y - 2.0;
            assert!(loss(best, own).abs() < 1e-12);
            for z in [-9.0, -2.0, -1.0, 0.0, 1.0, 2.0, 9.0] {
                let p = (z / 4.0_f64 + 0.5).clamp(0.0, 1.0);
                assert!(loss(z, own) > 0.0);
                let slope = (loss(z + 1e-6, own) - loss(z - 1e-6, own)) / 2e-6;
                assert!((slope - (p - y)).abs() < 1e-5, "{z}: {slope}");
            }
        }
    }
}
