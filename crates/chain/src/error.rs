//! Why something on the chain did not work.

use cyxwiz_domain::Address;
use solana_rpc_client_api::{
    client_error::{Error as ClientError, ErrorKind},
    request::{RpcError, RpcResponseErrorData},
};
use solana_transaction_error::TransactionError;

/// Why something on the chain did not work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChainError {
    /// The RPC node did not answer, or answered with an error of its own.
    #[error("chain: {0}")]
    Rpc(String),
    /// The chain executed the transaction and refused it, or would.
    #[error("the chain refused the transaction: {message}")]
    Refused {
        /// The program's error number, if a program refused it.
        code: Option<u32>,
        /// The error's name, like `WrongState`, if the logs say it.
        name: Option<String>,
        /// For people.
        message: String,
        /// What the programs logged.
        logs: Vec<String>,
    },
    /// The transaction can no longer land: its blockhash is too old.
    #[error("the transaction expired before it landed; nothing has happened")]
    Expired,
    /// An account is missing or is not what it should be.
    #[error("account {address}: {reason}")]
    Account {
        /// Which.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// A key or signature cannot be used.
    #[error("{0}")]
    Key(String),
}

impl ChainError {
    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Rpc(_) | Self::Expired)
    }

    /// The error of a transaction that was executed and failed.
    pub(crate) fn refused(error: &TransactionError, logs: Vec<String>) -> Self {
        use solana_instruction::error::InstructionError;
        let code = match error {
            TransactionError::InstructionError(_, InstructionError::Custom(code)) => Some(*code),
            _ => None,
        };
        let (name, told) = logs
            .iter()
            .rev()
            .find_map(|line| anchor_error(line))
            .unzip();
        Self::Refused {
            code,
            message: told.unwrap_or_else(|| error.to_string()),
            name,
            logs,
        }
    }
}

/// Name and message in a log line of Anchor's, which ends
/// `Error Code: NAME. Error Number: 6000. Error Message: TEXT.`
fn anchor_error(line: &str) -> Option<(String, String)> {
    let (_, rest) = line.split_once("Error Code: ")?;
    let (name, rest) = rest.split_once(". Error Number: ")?;
    let (_, message) = rest.split_once(". Error Message: ")?;
    let message = message.trim_end_matches('.');
    Some((name.to_owned(), format!("{message} ({name})")))
}

impl From<ClientError> for ChainError {
    fn from(error: ClientError) -> Self {
        if let ErrorKind::RpcError(RpcError::RpcResponseError { data, .. }) = error.kind()
            && let RpcResponseErrorData::SendTransactionPreflightFailure(failure) = data
            && let Some(cause) = &failure.err
        {
            let cause = TransactionError::from(cause.clone());
            // A blockhash this RPC node does not know (any more) is no verdict on the transaction.
            if cause == TransactionError::BlockhashNotFound {
                return Self::Rpc(cause.to_string());
            }
            return Self::refused(&cause, failure.logs.clone().unwrap_or_default());
        }
        match error.get_transaction_error() {
            Some(cause) => Self::refused(&cause, Vec::new()),
            None => Self::Rpc(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_error_is_read_from_the_logs() {
        let error = ChainError::refused(
            &TransactionError::InstructionError(
                0,
                solana_instruction::error::InstructionError::Custom(6003),
            ),
            vec![
                "Program log: Instruction: Accept".into(),
                "Program log: AnchorError thrown in x.rs:1. Error Code: WrongState. \
                 Error Number: 6003. Error Message: The escrow is in another state."
                    .into(),
                "Program X failed: custom program error: 0x1773".into(),
            ],
        );
        let ChainError::Refused {
            code,
            name,
            message,
            ..
        } = error
        else {
            panic!("not refused");
        };
        assert_eq!(code, Some(6003));
        assert_eq!(name.as_deref(), Some("WrongState"));
        assert_eq!(message, "The escrow is in another state (WrongState)");
    }
}
