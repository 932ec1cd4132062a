//! Keys: made, checked, and kept on disk.

mod gate;
#[cfg(not(feature = "mainnet"))]
mod insecure_dev;
mod store;

pub use gate::{GateError, check_candidate, check_key};
#[cfg(not(feature = "mainnet"))]
pub use insecure_dev::{BANNER, insecure_dev_prover};
pub use store::{KeyStore, StoreError};

#[cfg(all(test, feature = "insecure-dev-keys"))]
mod tests;
