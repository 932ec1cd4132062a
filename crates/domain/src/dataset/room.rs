//! How much of a dataset is read. Its bytes are the user's, and a few of them may unpack to more than any
//! machine holds.

use std::io::Read;

use super::table::DatasetError;
use crate::spec::{IntegerTraining, JobSpec};

/// Most numbers of a dataset that is trained on in integers, held-out rows and unused columns among them: a
/// node reads it in the process that looks after all of its jobs.
const MAX_NUMBERS: u64 = 1 << 23;
/// Largest number of a file, bytes.
const NUMBER_BYTES: u64 = 8;
/// Bytes of a file that are no numbers.
const FRAME_BYTES: u64 = 1 << 20;

/// Room for what the job can use, and no more. Without bounds where training is in floats, since only the
/// trainer reads such rows, a process with a limit of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room<'a> {
    spec: &'a JobSpec,
    integers: Option<IntegerTraining>,
}

impl<'a> Room<'a> {
    pub(super) fn of(spec: &'a JobSpec) -> Self {
        let integers = spec.integer_training();
        Self { spec, integers }
    }

    /// Whether there is room for so many rows, held-out ones included, which take so many numbers. To be asked
    /// before they are read.
    ///
    /// # Errors
    /// [`DatasetError::TooManyRows`], [`DatasetError::TooLarge`].
    pub(super) fn check(&self, rows: u64, numbers: u64) -> Result<(), DatasetError> {
        let Some(integers) = self.integers else {
            return Ok(());
        };
        let (rows, most) = (rows - self.spec.test_rows(rows), integers.most_rows());
        if rows > most {
            return Err(DatasetError::TooManyRows { rows, most });
        }
        match numbers > MAX_NUMBERS {
            true => Err(DatasetError::TooLarge { most: MAX_NUMBERS }),
            false => Ok(()),
        }
    }

    /// As [`Self::check`], for an array of so many numbers that holds the features of each row.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(super) fn check_features(&self, numbers: u64) -> Result<(), DatasetError> {
        let sample = self.spec.dataset.sample_len().max(1);
        self.check(numbers / sample, numbers)
    }

    /// Most bytes of a line of text; `None` for any.
    pub(super) fn line_bytes(&self) -> Option<u64> {
        self.integers.map(|_| FRAME_BYTES)
    }

    /// Whether there are bounds.
    pub(super) fn is_bounded(&self) -> bool {
        self.integers.is_some()
    }

    /// All of a file that has to be whole in memory.
    ///
    /// # Errors
    /// [`DatasetError::TooLarge`], [`DatasetError::Read`].
    pub(super) fn whole(&self, reader: impl Read) -> Result<Vec<u8>, DatasetError> {
        let most = match self.is_bounded() {
            true => MAX_NUMBERS * NUMBER_BYTES + FRAME_BYTES,
            false => u64::MAX - 1,
        };
        let mut bytes = Vec::new();
        reader.take(most + 1).read_to_end(&mut bytes)?;
        match bytes.len() as u64 > most {
            true => Err(DatasetError::TooLarge { most: MAX_NUMBERS }),
            false => Ok(bytes),
        }
    }
}

#[cfg(test)]
mod tests;
