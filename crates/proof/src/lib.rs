//! Proof of training.
#![forbid(unsafe_code)]

pub mod ceremony;
pub mod circuit;
pub mod commitment;
pub mod field;
pub mod groth16;
pub mod intsgd;
pub mod keys;
pub mod poseidon;
#[cfg(test)]
mod sample_job;
pub mod transcript;
