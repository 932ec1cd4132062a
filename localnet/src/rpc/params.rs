//! Positional parameters, read one by one.

use std::str::FromStr;

use jsonrpsee::types::Params;
use serde::de::DeserializeOwned;
use serde_json::Value;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use super::errors::RpcError;

/// The parameters of one call.
pub struct Arguments(Vec<Value>);

impl Arguments {
    /// Takes the parameters of a call apart.
    ///
    /// # Errors
    /// When they are neither absent nor an array.
    pub fn new(params: &Params<'_>) -> Result<Self, RpcError> {
        let values = match params.as_str() {
            None => Vec::new(),
            Some(text) => serde_json::from_str::<Option<Vec<Value>>>(text)
                .map_err(|error| RpcError::InvalidParams(format!("Invalid params: {error}.")))?
                .unwrap_or_default(),
        };
        Ok(Self(values))
    }

    /// The parameter at `index`, counted from zero.
    ///
    /// # Errors
    /// When it is missing or of another type.
    pub fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T, RpcError> {
        match self.0.get(index) {
            Some(value) => parse(value),
            None => Err(RpcError::InvalidParams(format!(
                "`params` should have at least {} argument(s)",
                index + 1
            ))),
        }
    }

    /// The parameter at `index`, or the default when it is missing or null.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn optional<T: DeserializeOwned + Default>(&self, index: usize) -> Result<T, RpcError> {
        match self.0.get(index) {
            None | Some(Value::Null) => Ok(T::default()),
            Some(value) => parse(value),
        }
    }

    /// The public key at `index`.
    ///
    /// # Errors
    /// When it is missing or not base58 of 32 bytes.
    pub fn pubkey(&self, index: usize) -> Result<Pubkey, RpcError> {
        parse_pubkey(&self.required::<String>(index)?)
    }

    /// The signature at `index`.
    ///
    /// # Errors
    /// When it is missing or not base58 of 64 bytes.
    pub fn signature(&self, index: usize) -> Result<Signature, RpcError> {
        parse_signature(&self.required::<String>(index)?)
    }

    /// The hash at `index`.
    ///
    /// # Errors
    /// When it is missing or not base58 of 32 bytes.
    pub fn hash(&self, index: usize) -> Result<Hash, RpcError> {
        Hash::from_str(&self.required::<String>(index)?)
            .map_err(|error| RpcError::InvalidParams(format!("Invalid param: {error:?}")))
    }
}

/// Reads a base58 public key.
///
/// # Errors
/// When it is not base58 of 32 bytes.
pub fn parse_pubkey(text: &str) -> Result<Pubkey, RpcError> {
    Pubkey::from_str(text)
        .map_err(|error| RpcError::InvalidParams(format!("Invalid param: {error:?}")))
}

/// Reads a base58 signature.
///
/// # Errors
/// When it is not base58 of 64 bytes.
pub fn parse_signature(text: &str) -> Result<Signature, RpcError> {
    Signature::from_str(text)
        .map_err(|error| RpcError::InvalidParams(format!("Invalid param: {error:?}")))
}

fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, RpcError> {
    T::deserialize(value)
        .map_err(|error| RpcError::InvalidParams(format!("Invalid params: {error}.")))
}
