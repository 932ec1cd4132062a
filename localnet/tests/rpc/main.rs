//! The chain as real Solana clients see it.
//!
//! With `REFERENCE_RPC_URL` and `REFERENCE_WS_URL` set, the tests of standard behaviour run against that validator instead, which
//! shows whether they ask for what a real one does.
#![allow(clippy::unwrap_used, missing_docs)]

mod binary;
mod blockhashes;
mod harness;
mod ledger;
mod programs;
mod requests;
mod subscriptions;
mod time;
mod tokens;
mod transfers;
