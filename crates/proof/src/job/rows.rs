//! A job's rows as integers.

use cyxwiz_domain::dataset::Table;
use cyxwiz_statement::Training;

use crate::intsgd::{Batch, BatchError, quantize};

/// All rows of a job that trains in integers, held-out ones included.
#[derive(Debug, Clone)]
pub struct Rows {
    training: Training,
    features: Vec<i8>,
    classes: Vec<u16>,
}

impl Rows {
    /// The rows of `table`, whose labels were checked to be classes when it was read.
    pub fn of(table: &Table, training: Training) -> Self {
        Self {
            training,
            features: table.features.iter().map(|x| quantize(*x)).collect(),
            classes: table.labels.iter().map(|label| *label as u16).collect(),
        }
    }

    /// The circuit's dimensions.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// Units of 2^-7, row after row.
    pub fn features(&self) -> &[i8] {
        &self.features
    }

    /// One per row.
    pub fn classes(&self) -> &[u16] {
        &self.classes
    }

    /// Some rows, by number, filled up to whole batches with rows of zeros.
    ///
    /// # Errors
    /// [`BatchError`] for rows of other dimensions than the circuit's.
    ///
    /// # Panics
    /// If there is no row of a number given.
    pub fn batches(&self, rows: &[u32]) -> Result<Vec<Batch>, BatchError> {
        let inputs = usize::from(self.training.inputs);
        let features = |row: &u32| &self.features[*row as usize * inputs..][..inputs];
        let features: Vec<i8> = rows.iter().flat_map(features).copied().collect();
        let classes: Vec<u16> = rows.iter().map(|r| self.classes[*r as usize]).collect();
        Batch::split(&self.training, &features, &classes)
    }
}
