//! Solana JSON-RPC and websocket over LiteSVM: the embedded chain of the local stack.
//!
//! Anything that talks to it talks to a real validator unchanged. It differs from one in what a single, trusted process cannot have:
//! there is no consensus, so that every processed transaction is at once finalized; no slot is skipped; blocks are never full; stake,
//! votes and durable nonces do not exist.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod chain;
pub mod rpc;
mod server;

pub use self::chain::svm::Program;
pub use self::chain::{ChainConfig, ChainError};
pub use self::server::{Config, Localnet, StartError};
