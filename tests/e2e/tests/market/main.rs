//! The market end to end: real binaries, a real Postgres, the programs in the
//! SVM, libtorch.

mod audited;
mod cancelled_job;
mod capability;
mod coordinator_killed;
mod cranks;
mod credentials;
mod dataset;
mod disputes;
mod engine_input;
mod engine_killed;
mod escrow_checks;
mod handed_back;
mod main_job;
mod node_fails;
mod node_killed;
mod proofs;
mod proofs_killed;
mod proofs_refused;
mod replica;
mod transcripts;
mod uptime;
