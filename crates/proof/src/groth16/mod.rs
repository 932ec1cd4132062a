//! Groth16 over BN254: proofs and keys, their bytes on Solana, prover and verifier.

mod msm;
mod points;
mod proof;
mod prover;
mod reduction;
#[cfg(not(feature = "mainnet"))]
mod setup;
mod verifier;

pub use points::PointError;
pub use proof::{PROOF_BYTES, Proof};
pub use prover::{Progress, ProveError, Prover, Stage};
#[cfg(not(feature = "mainnet"))]
pub(crate) use setup::OddCoset;
pub use verifier::{VERIFYING_KEY_BYTES, VerifyError, VerifyingKey};

#[cfg(all(test, feature = "insecure-dev-keys"))]
mod tests;
