//! Identifiers: wallets and accounts on the chain, and jobs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text or a byte string is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is not base58.
    #[error("'{0}' is not a base58 address")]
    NotBase58(String),
    /// The bytes are too many or too few.
    #[error("{what} has {actual} bytes, expected {expected}")]
    Length {
        /// Name of the id.
        what: &'static str,
        /// Bytes given.
        actual: usize,
        /// Bytes needed.
        expected: usize,
    },
    /// The text is not a UUID.
    #[error("'{0}' is not a job id (a UUID)")]
    NotUuid(String),
}

/// An address on the chain: a wallet's Ed25519 key, a program or an account.
/// 32 bytes, written in base58.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Address(pub [u8; 32]);

impl Address {
    /// Reads an address from exactly 32 bytes.
    ///
    /// # Errors
    /// [`IdError::Length`].
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        bytes.try_into().map(Self).map_err(|_| IdError::Length {
            what: "address",
            actual: bytes.len(),
            expected: 32,
        })
    }

    /// The raw bytes, as messages carry them.
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bs58::encode(self.0).into_string())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Address {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let bytes = bs58::decode(text)
            .into_vec()
            .map_err(|_| IdError::NotBase58(text.to_owned()))?;
        Self::from_slice(&bytes)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A job: a UUID that the engine draws, so that repeating a request names the
/// same job. With the user's key it is the seed of the escrow account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub uuid::Uuid);

impl JobId {
    /// Reads an id from exactly 16 bytes.
    ///
    /// # Errors
    /// [`IdError::Length`].
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        bytes
            .try_into()
            .map(|b| Self(uuid::Uuid::from_bytes(b)))
            .map_err(|_| IdError::Length {
                what: "job id",
                actual: bytes.len(),
                expected: 16,
            })
    }

    /// The 16 bytes that seeds and messages carry.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The raw bytes, as messages carry them.
    pub fn to_vec(self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse()
            .map(Self)
            .map_err(|_| IdError::NotUuid(text.to_owned()))
    }
}

/// A SHA-256 digest, written in hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(#[serde(with = "hex::serde")] pub [u8; 32]);

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads a digest from exactly 32 bytes.
    ///
    /// # Errors
    /// [`IdError::Length`].
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        bytes.try_into().map(Self).map_err(|_| IdError::Length {
            what: "SHA-256 digest",
            actual: bytes.len(),
            expected: 32,
        })
    }

    /// The raw bytes, as messages carry them.
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip_through_base58() {
        let address = Address([7; 32]);
        assert_eq!(address.to_string().parse::<Address>(), Ok(address));
        assert_eq!(
            "0OIl".parse::<Address>(),
            Err(IdError::NotBase58("0OIl".into()))
        );
        assert!(matches!(
            "abc".parse::<Address>(),
            Err(IdError::Length { expected: 32, .. })
        ));
    }

    #[test]
    fn job_ids_round_trip_through_bytes() {
        let id = JobId(uuid::Uuid::from_u128(42));
        assert_eq!(JobId::from_slice(&id.to_vec()), Ok(id));
        assert_eq!(id.to_string().parse::<JobId>(), Ok(id));
        assert!(JobId::from_slice(&[0; 15]).is_err());
    }
}
