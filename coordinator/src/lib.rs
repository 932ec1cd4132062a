//! The coordinator: matches jobs to staked nodes, issues their credentials and
//! assigns them on the chain. It never holds anybody's money.

pub mod app;
pub mod db;
pub mod error;
pub mod events;
#[cfg(test)]
mod fixture;
pub mod grpc;
pub mod http;
pub mod job;
pub mod matching;
pub mod nonce;
pub mod proof;
pub mod scheduling;
pub mod server;
pub mod settings;
pub mod workers;
