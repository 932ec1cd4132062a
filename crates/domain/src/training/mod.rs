//! Training as seen from outside: what node and trainer process say to each
//! other, the hash chain over checkpoints, and the project's own random numbers.

mod chain;
mod protocol;
mod random;
mod transcript;

pub use chain::{chain_genesis, chain_next};
pub use protocol::{Command, EpochSummary, Event, FailureKind};
pub use random::SplitMix64;
pub use transcript::{EpochRecord, StateRecord, TRANSCRIPT_FILE, TranscriptRecord};
