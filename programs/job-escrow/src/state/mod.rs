//! The accounts of job-escrow, their transitions and their invariants.

mod config;
mod escrow;
mod verification;

pub use config::*;
pub use escrow::*;
pub use verification::*;

pub use crate::receipt::Receipt;

/// Layout version that new accounts carry.
pub const VERSION: u8 = 1;
