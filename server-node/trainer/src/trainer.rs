//! What a training backend must do.

use cyxwiz_domain::Digest;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// A model with its optimiser and its rows. The loop in [`crate::run`] decides
/// what happens when; a backend decides how.
///
/// With the same spec, rows, calls and machine, a deterministic backend gives the
/// same bytes from [`Trainer::weights`], also across [`Trainer::state`] and
/// [`Trainer::restore`].
pub trait Trainer {
    /// Name of the device, like `cpu` or `cuda:0`.
    fn device(&self) -> String;

    /// Threads that one operation uses.
    fn threads(&self) -> u32;

    /// One optimiser step on `rows` with learning rate `lr`; adds to the tally.
    /// `seed` decides everything random in it.
    ///
    /// # Errors
    /// When the backend cannot compute it, like [`TrainError::Torch`].
    fn step(&mut self, rows: &[u32], lr: f64, seed: u64) -> Result<(), TrainError>;

    /// What the steps since the last [`Trainer::set_tally`] have added up to.
    ///
    /// # Errors
    /// As [`Trainer::step`], whose work may only be waited for here.
    fn tally(&mut self) -> Result<Tally, TrainError>;

    /// Sets the tally, to zero at the start of an epoch.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    fn set_tally(&mut self, tally: Tally) -> Result<(), TrainError>;

    /// Loss and right answers on `rows`, changing nothing.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    fn evaluate(&mut self, rows: &[u32]) -> Result<Tally, TrainError>;

    /// The model as a safetensors file, with PyTorch's names.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    fn weights(&mut self) -> Result<Vec<u8>, TrainError>;

    /// Everything that the next step depends on besides its arguments.
    ///
    /// # Errors
    /// As [`Trainer::step`].
    fn state(&mut self) -> Result<Vec<u8>, TrainError>;

    /// Closes an epoch whose steps are committed to, with its results (loss and accuracy in training,
    /// then on the held-out rows, absent ones NaN), at the Unix time `now` in seconds. `None` from a
    /// backend that commits to nothing.
    ///
    /// # Errors
    /// [`TrainError::Transcript`].
    fn commit_epoch(
        &mut self,
        _results: [f64; 4],
        _now: u64,
    ) -> Result<Option<EpochHead>, TrainError> {
        Ok(None)
    }

    /// The transcript as a file; `None` from a backend that commits to nothing.
    fn transcript(&self) -> Option<Vec<u8>> {
        None
    }

    /// Goes back to an earlier [`Trainer::state`]; `Err` with the problem if the
    /// bytes are not a state of this model.
    ///
    /// # Errors
    /// A description of what does not fit.
    fn restore(&mut self, state: &[u8]) -> Result<(), String>;
}

/// An epoch as the transcript has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochHead {
    /// The head of the hash chain after it.
    pub head: Digest,
    /// When it ended, Unix time in seconds; never before the epoch before it.
    pub ended_at: u64,
}

/// Sums over rows.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Loss of each row, added up.
    pub loss: f64,
    /// Rows answered right; 0 where the model predicts a number.
    pub correct: u64,
    /// Rows.
    pub rows: u64,
}

impl Tally {
    /// Mean loss of a row.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.rows.max(1) as f64
    }

    /// Share of the rows that is right.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.rows.max(1) as f64
    }
}
