//! IntSGD-v1: plain SGD for a softmax-free linear classifier, in integers.
//!
//! | number | unit | range |
//! |---|---|---|
//! | feature | 2^-7 | int8 |
//! | weight | 2^-28 | 50 bits signed |
//! | pre-activation z = x·W | 2^-35 | 50 bits signed |
//! | activation p, target y, error p − y | 2^-10 | p in 0..=1024, y 64 or 960 |
//!
//! p = clamp(⌊z/2^27⌋ + 512, 0, 1024) is the hard sigmoid of slope 1/4, and W' = W − rate·XᵀE needs
//! no rounding, because 28 = 7 + 10 + 11: the learning rate is rate·batch/2^11 for a mean over the
//! batch. Targets are smoothed (1/16 and 15/16), so that a saturated classifier still has an error:
//! there is no saturated state in which doing nothing is a valid step. Where weights fit every row
//! exactly there is one without saturation.
//!
//! Every sum stays below 2^53, so 64-bit floats compute the same bits in any order of summation.

mod batch;
mod dataset;
mod recipe;
mod step;
mod weights;

pub use batch::{Batch, BatchError, quantize};
pub(crate) use batch::{FEATURES_PER_WORD, TARGETS_PER_WORD};
pub use dataset::{Dataset, DatasetError};
pub use recipe::{Divergence, Recipe, StepId};
#[cfg(test)]
pub(crate) use step::error_signal;
pub use step::{Diverged, preactivations, step};
pub(crate) use step::{ERROR_BITS, SHIFT, TARGET_OFF, TARGET_ON, ZERO_OFFSET};
pub(crate) use weights::{SLOT_BITS, SLOTS};
pub use weights::{Weights, WeightsError};

#[cfg(test)]
pub(crate) mod blobs;
