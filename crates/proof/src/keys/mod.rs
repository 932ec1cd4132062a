//! Keys: made, checked, and kept on disk.

mod gate;
#[cfg(not(feature = "mainnet"))]
mod insecure_dev;
mod store;

pub use gate::{GateError, check_candidate, check_key};
#[cfg(not(feature = "mainnet"))]
pub use insecure_dev::insecure_dev_prover;
pub use store::{KeyStore, StoreError};

use cyxwiz_statement::{Registered, Trust};

/// What a user must be told wherever a development key is used.
pub const BANNER: &str = "INSECURE DEVELOPMENT KEY: anyone can forge proofs that verify with it. \
                          Never use it with money that is worth something.";

/// [`BANNER`] for a circuit that is verified with a development key, `None` for others.
pub fn warning(circuit: &Registered) -> Option<&'static str> {
    let insecure = circuit
        .key
        .is_some_and(|key| key.trust == Trust::InsecureDev);
    insecure.then_some(BANNER)
}

#[cfg(all(test, feature = "insecure-dev-keys"))]
mod tests;
