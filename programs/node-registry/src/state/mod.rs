//! The registry's accounts, their transitions and their invariants.

mod config;
mod job_lock;
mod node;

pub use config::*;
pub use job_lock::*;
pub use node::*;

/// Layout version that new accounts carry.
pub const VERSION: u8 = 1;
