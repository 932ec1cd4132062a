//! What a training proof states, in bytes.
//!
//! The on-chain program recomputes the proof's one public input from its own accounts, and the
//! prover computes the same; both take the words from here. Nothing is hashed with Poseidon in this
//! crate (the program has a system call for it, the prover an implementation), and SHA-256 is passed
//! in as a function over the concatenation of byte strings, so that there are no dependencies.
//!
//! A [`Word`] is a field element of BN254 as 32 bytes, big-endian, smaller than the field's order.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(all(feature = "mainnet", feature = "insecure-dev-keys"))]
compile_error!("a build for real money must not contain insecure development keys");

mod challenge;
mod circuit;
mod context;
mod order;
mod registry;
mod statement;

pub use challenge::{Challenge, ChallengeSeed, MAX_SAMPLES, Sample};
pub use circuit::{Circuit, CircuitError, CircuitId, Training};
pub use context::Context;
pub use order::{BatchOrder, order_seed};
pub use registry::{Key, REGISTRY, Registered, Trust, VERIFYING_KEY_BYTES};
pub use statement::{Meta, MetaError, Statement};

/// A field element of BN254: 32 bytes, big-endian, smaller than the field's order.
pub type Word = [u8; 32];

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// A digest as a field element: its first byte set to zero, so that 248 bits remain.
pub const fn truncate(mut digest: Digest) -> Word {
    digest[0] = 0;
    digest
}

#[cfg(test)]
pub(crate) fn sha256(parts: &[&[u8]]) -> Digest {
    use sha2::Digest as _;
    let mut hasher = sha2::Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}
