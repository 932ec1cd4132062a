//! Fixtures of the end-to-end tests: a whole market of real processes, each test
//! with its own chain, database, coordinator and nodes.

mod blobs;
mod client;
mod job_file;
mod opening;
mod proven;
mod stack;
mod standing;
mod wait;

pub use client::{CoordinatorClient, NodeSession, SubmittedJob, code_of, message};
pub use job_file::JobFile;
pub use proven::ProvenJob;
pub use stack::{Finished, Running, Stack};
pub use standing::NodeStanding;
pub use wait::{eventually, eventually_async};
