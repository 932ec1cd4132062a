//! How transactions and simulations are shown.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use litesvm::types::TransactionMetadata;
use solana_message::VersionedMessage;
use solana_message::inner_instruction::InnerInstructionsList;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::response::{
    EncodedTransaction, EncodedTransactionWithStatusMeta, OptionSerializer,
    TransactionBinaryEncoding, UiCompiledInstruction, UiInnerInstructions, UiInstruction,
    UiLoadedAddresses, UiParsedInstruction, UiPartiallyDecodedInstruction, UiReturnDataEncoding,
    UiTransactionReturnData, UiTransactionStatusMeta, UiTransactionTokenBalance,
};
use solana_transaction::versioned::{TransactionVersion, VersionedTransaction};
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, ParsedAccount, ParsedAccountSource,
    UiAddressTableLookup, UiMessage, UiParsedMessage, UiRawMessage, UiTransaction,
    UiTransactionEncoding,
};

use super::errors::RpcError;
use super::tokens::show_amount;
use crate::chain::record::{ProcessedTransaction, TokenBalance};

/// Stack height of an instruction that no program called.
const TOP_LEVEL: u32 = 1;

/// Shows a processed transaction in `encoding`.
///
/// # Errors
/// When its version is above the highest that the caller understands; a caller that names none understands legacy ones only.
pub fn confirmed(
    processed: &ProcessedTransaction,
    encoding: UiTransactionEncoding,
    max_version: Option<u8>,
) -> Result<EncodedConfirmedTransactionWithStatusMeta, RpcError> {
    let transaction = processed.transaction();
    let version = match (max_version, transaction.version()) {
        (None, TransactionVersion::Legacy(_)) => None,
        (None, TransactionVersion::Number(number)) => {
            return Err(RpcError::UnsupportedVersion(number));
        }
        (Some(max), TransactionVersion::Number(number)) if number > max => {
            return Err(RpcError::UnsupportedVersion(number));
        }
        (Some(_), version) => Some(version),
    };
    let parsed = encoding == UiTransactionEncoding::JsonParsed;
    let transaction = match encoding {
        UiTransactionEncoding::Binary => {
            EncodedTransaction::LegacyBinary(bs58::encode(&processed.wire).into_string())
        }
        UiTransactionEncoding::Base58 => EncodedTransaction::Binary(
            bs58::encode(&processed.wire).into_string(),
            TransactionBinaryEncoding::Base58,
        ),
        UiTransactionEncoding::Base64 => EncodedTransaction::Binary(
            BASE64_STANDARD.encode(&processed.wire),
            TransactionBinaryEncoding::Base64,
        ),
        UiTransactionEncoding::Json | UiTransactionEncoding::JsonParsed => {
            EncodedTransaction::Json(UiTransaction {
                signatures: transaction
                    .signatures
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                message: if parsed {
                    parsed_message(processed, &transaction)
                } else {
                    raw_message(&transaction.message)
                },
            })
        }
    };
    let meta = Some(status_meta(processed, parsed));
    Ok(EncodedConfirmedTransactionWithStatusMeta {
        slot: processed.slot,
        transaction: EncodedTransactionWithStatusMeta {
            transaction,
            meta,
            version,
        },
        block_time: Some(processed.block_time),
        transaction_index: None,
    })
}

/// Shows the calls that programs made, grouped by top-level instruction; instructions without calls are left out.
pub fn inner_instructions(
    list: &InnerInstructionsList,
    parsed_with: Option<&[Pubkey]>,
) -> Vec<UiInnerInstructions> {
    list.iter()
        .enumerate()
        .filter(|(_, calls)| !calls.is_empty())
        .map(|(index, calls)| UiInnerInstructions {
            index: u8::try_from(index).unwrap_or(u8::MAX),
            instructions: calls
                .iter()
                .map(|call| {
                    let compiled = UiCompiledInstruction::from(
                        &call.instruction,
                        Some(u32::from(call.stack_height)),
                    );
                    show_instruction(compiled, parsed_with)
                })
                .collect(),
        })
        .collect()
}

/// Shows the data a program returned, if any.
pub fn return_data(meta: &TransactionMetadata) -> Option<UiTransactionReturnData> {
    let data = &meta.return_data;
    (!data.data.is_empty()).then(|| show_return_data(&data.program_id, &data.data))
}

fn show_return_data(program_id: &Pubkey, data: &[u8]) -> UiTransactionReturnData {
    UiTransactionReturnData {
        program_id: program_id.to_string(),
        data: (BASE64_STANDARD.encode(data), UiReturnDataEncoding::Base64),
    }
}

fn status_meta(processed: &ProcessedTransaction, parsed: bool) -> UiTransactionStatusMeta {
    let keys = parsed.then_some(&processed.account_keys[..]);
    UiTransactionStatusMeta {
        err: processed.error.clone().map(Into::into),
        status: processed
            .error
            .clone()
            .map_or(Ok(()), |error| Err(error.into())),
        fee: processed.fee,
        pre_balances: processed.pre_balances.clone(),
        post_balances: processed.post_balances.clone(),
        inner_instructions: OptionSerializer::Some(inner_instructions(
            &processed.inner_instructions,
            keys,
        )),
        log_messages: OptionSerializer::Some(processed.logs.clone()),
        pre_token_balances: OptionSerializer::Some(show_balances(&processed.pre_token_balances)),
        post_token_balances: OptionSerializer::Some(show_balances(&processed.post_token_balances)),
        rewards: OptionSerializer::Some(Vec::new()),
        // A parsed message lists the loaded keys itself.
        loaded_addresses: OptionSerializer::or_skip(
            (!parsed).then(|| UiLoadedAddresses::from(&processed.loaded_addresses)),
        ),
        return_data: OptionSerializer::or_skip(
            processed
                .return_data
                .as_ref()
                .map(|(program_id, data)| show_return_data(program_id, data)),
        ),
        compute_units_consumed: OptionSerializer::Some(processed.compute_units),
        cost_units: OptionSerializer::Skip,
    }
}

fn show_balances(balances: &[TokenBalance]) -> Vec<UiTransactionTokenBalance> {
    balances
        .iter()
        .map(|balance| UiTransactionTokenBalance {
            account_index: balance.account_index,
            mint: balance.mint.to_string(),
            ui_token_amount: show_amount(balance.amount, balance.decimals),
            owner: OptionSerializer::Some(balance.owner.to_string()),
            program_id: OptionSerializer::Some(balance.program_id.to_string()),
        })
        .collect()
}

fn raw_message(message: &VersionedMessage) -> UiMessage {
    UiMessage::Raw(UiRawMessage {
        header: *message.header(),
        account_keys: message
            .static_account_keys()
            .iter()
            .map(ToString::to_string)
            .collect(),
        recent_blockhash: message.recent_blockhash().to_string(),
        instructions: message
            .instructions()
            .iter()
            .map(|instruction| UiCompiledInstruction::from(instruction, Some(TOP_LEVEL)))
            .collect(),
        address_table_lookups: lookups(message),
    })
}

/// Instructions are shown with their accounts by name; their data stays encoded, as a validator shows programs it does not know.
fn parsed_message(
    processed: &ProcessedTransaction,
    transaction: &VersionedTransaction,
) -> UiMessage {
    let message = &transaction.message;
    let statics = message.static_account_keys().len();
    let loaded_writable = processed.loaded_addresses.writable.len();
    let account_keys = processed
        .account_keys
        .iter()
        .enumerate()
        .map(|(index, key)| ParsedAccount {
            pubkey: key.to_string(),
            writable: if index < statics {
                message.is_maybe_writable(index, None)
            } else {
                index < statics + loaded_writable
            },
            signer: message.is_signer(index),
            source: Some(if index < statics {
                ParsedAccountSource::Transaction
            } else {
                ParsedAccountSource::LookupTable
            }),
        })
        .collect();
    UiMessage::Parsed(UiParsedMessage {
        account_keys,
        recent_blockhash: message.recent_blockhash().to_string(),
        instructions: message
            .instructions()
            .iter()
            .map(|instruction| {
                let compiled = UiCompiledInstruction::from(instruction, Some(TOP_LEVEL));
                show_instruction(compiled, Some(&processed.account_keys))
            })
            .collect(),
        address_table_lookups: lookups(message),
    })
}

fn lookups(message: &VersionedMessage) -> Option<Vec<UiAddressTableLookup>> {
    message
        .address_table_lookups()
        .map(|lookups| lookups.iter().map(UiAddressTableLookup::from).collect())
}

/// With `keys`, names the accounts instead of counting them.
fn show_instruction(compiled: UiCompiledInstruction, keys: Option<&[Pubkey]>) -> UiInstruction {
    let Some(keys) = keys else {
        return UiInstruction::Compiled(compiled);
    };
    let name = |index: &u8| {
        keys.get(usize::from(*index))
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    UiInstruction::Parsed(UiParsedInstruction::PartiallyDecoded(
        UiPartiallyDecodedInstruction {
            program_id: name(&compiled.program_id_index),
            accounts: compiled.accounts.iter().map(name).collect(),
            data: compiled.data,
            stack_height: compiled.stack_height,
        },
    ))
}
