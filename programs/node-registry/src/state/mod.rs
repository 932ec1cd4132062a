//! The registry's accounts, their transitions and their invariants.

mod config;
mod job_lock;
mod node;
mod params;
mod profile;
mod reward;

pub use config::*;
pub use job_lock::*;
pub use node::*;
pub use params::*;
pub use profile::*;

/// Layout version that new accounts carry.
pub const VERSION: u8 = 1;
