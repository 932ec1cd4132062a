//! The language of the market: ids, amounts, the job spec, the life of a job,
//! prices, dataset manifests and hashes. Pure: no I/O and no clock.

pub mod amount;
pub mod dataset;
pub mod id;
pub mod job;
pub mod pricing;
pub mod spec;
pub mod training;

pub use amount::Amount;
pub use id::{Address, Digest, JobId};
pub use job::{JobState, Priority, Tier};
