//! The one account of vesting.

mod vesting;

pub use vesting::*;

/// Layout version that new accounts carry.
pub const VERSION: u8 = 1;
