//! Proof of training.
#![forbid(unsafe_code)]

pub mod field;
pub mod poseidon;
