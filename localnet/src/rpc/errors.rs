//! Errors in the shapes and with the codes of a validator.

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;
use solana_rpc_client_api::custom_error as code;
use solana_rpc_client_api::response::RpcSimulateTransactionResult;
use thiserror::Error;

/// An answer that is not a result.
#[derive(Debug, Error)]
pub enum RpcError {
    /// The request itself is wrong: -32602.
    #[error("{0}")]
    InvalidParams(String),
    /// The request cannot be answered in this form: -32600.
    #[error("{0}")]
    InvalidRequest(String),
    /// The transaction would fail: -32002, with the simulation as data.
    #[error("Transaction simulation failed: {message}")]
    PreflightFailure {
        /// Why, in words.
        message: String,
        /// The simulation.
        result: Box<RpcSimulateTransactionResult>,
    },
    /// The slot has not begun or was forgotten: -32004.
    #[error("Block not available for slot {0}")]
    BlockNotAvailable(u64),
    /// The ledger cannot be written: -32005.
    #[error(
        "Node is unhealthy: {0}; free disk space or repair the ledger directory, then restart cyxwiz-localnet"
    )]
    Unhealthy(String),
    /// The caller did not say that it understands this version: -32015.
    #[error(
        "Transaction version ({0}) is not supported by the requesting client. \
         Please try the request again with the following configuration parameter: \"maxSupportedTransactionVersion\": {0}"
    )]
    UnsupportedVersion(u8),
    /// The caller wants a later slot than the current one, which is given: -32016.
    #[error("Minimum context slot has not been reached")]
    MinContextSlot(u64),
    /// Time travel was not allowed at start: -32601.
    #[error(
        "Method not found: moving time or slots needs a server started with --allow-time-travel"
    )]
    TimeTravelOff,
    /// A fault of this server: -32603.
    #[error("Internal error: {0}")]
    Internal(String),
}

impl RpcError {
    fn code(&self) -> i64 {
        match self {
            Self::InvalidParams(_) => -32602,
            Self::InvalidRequest(_) => -32600,
            Self::PreflightFailure { .. } => {
                code::JSON_RPC_SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE
            }
            Self::BlockNotAvailable(_) => code::JSON_RPC_SERVER_ERROR_BLOCK_NOT_AVAILABLE,
            Self::Unhealthy(_) => code::JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY,
            Self::UnsupportedVersion(_) => {
                code::JSON_RPC_SERVER_ERROR_UNSUPPORTED_TRANSACTION_VERSION
            }
            Self::MinContextSlot(_) => code::JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED,
            Self::TimeTravelOff => -32601,
            Self::Internal(_) => -32603,
        }
    }
}

impl From<serde_json::Error> for RpcError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<RpcError> for ErrorObjectOwned {
    fn from(error: RpcError) -> Self {
        let data = match &error {
            RpcError::PreflightFailure { result, .. } => Some(json!(result)),
            RpcError::Unhealthy(_) => Some(json!({ "numSlotsBehind": null })),
            RpcError::MinContextSlot(slot) => Some(json!({ "contextSlot": slot })),
            _ => None,
        };
        let code = i32::try_from(error.code()).expect("every code above fits");
        ErrorObjectOwned::owned(code, error.to_string(), data)
    }
}
