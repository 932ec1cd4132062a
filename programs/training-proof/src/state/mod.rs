//! The one account of training-proof, and its transitions.

mod transcript;

pub use transcript::*;

/// Layout version that new accounts carry.
pub const VERSION: u8 = 1;
