//! The coordinator's part of a challenge's randomness.

use std::fmt;

use rand::{RngCore as _, rngs::OsRng};

/// 32 random bytes, one nonce for each job. A node that knew it before it has committed, or a maker of slots
/// before the slot's hash is fixed, could choose what a proof has to show; so it is told to nobody but the
/// chain, and printed nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce([u8; 32]);

impl Nonce {
    /// From the operating system's source of randomness.
    pub fn draw() -> Self {
        let mut bytes = [0; 32];
        // On the chain, zero stands for a nonce that never came.
        while bytes == [0; 32] {
            OsRng.fill_bytes(&mut bytes);
        }
        Self(bytes)
    }

    /// One that was drawn before.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for the database and the chain.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_differ_and_are_not_printed() {
        let (one, other) = (Nonce::draw(), Nonce::draw());
        assert_ne!(one, other);
        assert_eq!(format!("{one:?}"), "Nonce(secret)");
    }
}
