//! The accounts of reputation and what outcomes do to them.

mod config;
mod outcome;
mod rating;
mod reputation;
mod user_reputation;

pub use config::*;
pub use outcome::*;
pub use rating::*;
pub use reputation::*;
pub use user_reputation::*;

/// Layout version that new accounts carry.
pub const VERSION: u8 = 1;
