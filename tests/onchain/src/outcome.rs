//! What became of a transaction, in words that a table of expectations can hold.

use anchor_lang::error::ErrorCode;
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

use crate::{idl::Idl, world::Sent};

/// What an accepted transaction is called.
pub const ACCEPTED: &str = "accepted";

/// What a transaction is called in which a program came to a wrong end instead of refusing.
pub const PANICS: &str = "panics";

/// Anchor's own refusals that our programs are known to give.
const ANCHOR: [ErrorCode; 24] = [
    ErrorCode::InstructionFallbackNotFound,
    ErrorCode::InstructionDidNotDeserialize,
    ErrorCode::RequireViolated,
    ErrorCode::RequireEqViolated,
    ErrorCode::ConstraintMut,
    ErrorCode::ConstraintHasOne,
    ErrorCode::ConstraintSigner,
    ErrorCode::ConstraintRaw,
    ErrorCode::ConstraintOwner,
    ErrorCode::ConstraintSeeds,
    ErrorCode::ConstraintAddress,
    ErrorCode::ConstraintTokenMint,
    ErrorCode::ConstraintTokenOwner,
    ErrorCode::ConstraintDuplicateMutableAccount,
    ErrorCode::AccountDiscriminatorNotFound,
    ErrorCode::AccountDiscriminatorMismatch,
    ErrorCode::AccountDidNotDeserialize,
    ErrorCode::AccountOwnedByWrongProgram,
    ErrorCode::AccountNotInitialized,
    ErrorCode::AccountNotSigner,
    ErrorCode::AccountNotProgramData,
    ErrorCode::AccountNotMutable,
    ErrorCode::InvalidProgramId,
    ErrorCode::InvalidProgramExecutable,
];

/// [`ACCEPTED`], [`PANICS`], or the refusal's name: an error of ours or of Anchor by its own, one of another
/// program by program and number, one of the runtime as the runtime spells it.
pub fn outcome(sent: &Sent) -> String {
    let failed = match sent {
        Ok(_) => return ACCEPTED.to_owned(),
        Err(failed) => failed,
    };
    match &failed.err {
        TransactionError::InstructionError(_, InstructionError::Custom(code)) => custom(*code)
            .unwrap_or_else(|| format!("error {code} of {}", failing(&failed.meta.logs))),
        TransactionError::InstructionError(_, InstructionError::ProgramFailedToComplete) => {
            PANICS.to_owned()
        }
        TransactionError::InstructionError(_, error) => format!("the runtime's {error:?}"),
        other => format!("the runtime's {other:?}"),
    }
}

/// The account that Anchor blames for a refusal, where it blames one.
pub fn blamed(sent: &Sent) -> Option<String> {
    let logs = &sent.as_ref().err()?.meta.logs;
    logs.iter().find_map(|line| {
        let (_, rest) = line.split_once("AnchorError caused by account: ")?;
        Some(rest.split_once('.')?.0.to_owned())
    })
}

fn custom(code: u32) -> Option<String> {
    let ours = || Idl::all().values().find_map(|idl| idl.error(code));
    let anchor = ANCHOR.iter().find(|&&known| known as u32 == code);
    anchor.map(|known| known.name()).or_else(ours)
}

// The innermost program fails first.
fn failing(logs: &[String]) -> &'static str {
    let failed = logs.iter().find(|line| line.contains(" failed: "));
    let id = failed.and_then(|line| line.split(' ').nth(1));
    match id {
        Some(id) if id == spl_token_interface::ID.to_string() => "the token program",
        Some(id) if id == solana_sdk_ids::system_program::ID.to_string() => "the system program",
        _ => "an unknown program",
    }
}
