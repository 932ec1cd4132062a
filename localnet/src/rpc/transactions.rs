//! Methods that send, try and find transactions.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use solana_account_decoder_client_types::{UiAccount, UiAccountEncoding};
use solana_message::VersionedMessage;
use solana_rpc_client_api::config::{
    RpcContextConfig, RpcEncodingConfigWrapper, RpcRequestAirdropConfig, RpcSendTransactionConfig,
    RpcSignaturesForAddressConfig, RpcSimulateTransactionAccountsConfig,
    RpcSimulateTransactionConfig, RpcTransactionConfig,
};
use solana_rpc_client_api::response::{
    RpcBlockhash, RpcConfirmedTransactionStatusWithSignature, RpcSimulateTransactionResult,
    TransactionConfirmationStatus,
};
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;
use solana_transaction_status_client_types::{
    TransactionBinaryEncoding, TransactionStatus, UiTransactionEncoding,
};

use super::accounts::AccountView;
use super::errors::RpcError;
use super::params::{Arguments, parse_pubkey, parse_signature};
use super::{Answer, Context, method, require_slot, transaction_view, with_context};
use crate::chain::Chain;
use crate::chain::execute::Simulation;

/// Bytes of the largest transaction that fits the network.
const MAX_TRANSACTION: usize = 1232;
/// Signatures that `getSignatureStatuses` takes at most.
const MAX_STATUSES: usize = 256;
/// Signatures that `getSignaturesForAddress` answers at most.
const MAX_SIGNATURES: usize = 1000;

/// Adds the methods of this file.
///
/// # Errors
/// When a name is taken.
pub fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    method(module, "sendTransaction", send_transaction)?;
    method(module, "simulateTransaction", simulate_transaction)?;
    method(module, "requestAirdrop", request_airdrop)?;
    method(module, "getFeeForMessage", fee_for_message)?;
    method(module, "getSignatureStatuses", signature_statuses)?;
    method(module, "getSignaturesForAddress", signatures_for_address)?;
    method(module, "getTransaction", transaction)
}

fn send_transaction(context: &Context, arguments: &Arguments) -> Answer {
    let text: String = arguments.required(0)?;
    let config: RpcSendTransactionConfig = arguments.optional(1)?;
    let transaction: VersionedTransaction = decode(&text, binary_encoding(config.encoding)?)?;
    transaction
        .sanitize()
        .map_err(|error| RpcError::InvalidParams(format!("invalid transaction: {error}")))?;
    let signature = transaction.signatures[0];

    if !config.skip_preflight {
        let chain = context.chain.read();
        require_slot(&chain, config.min_context_slot)?;
        let simulation = chain.simulate(transaction.clone(), true);
        if let Some(error) = &simulation.error {
            return Err(RpcError::PreflightFailure {
                message: error.to_string(),
                result: Box::new(show_simulation(&simulation)),
            });
        }
    }
    let mut chain = context.chain.write();
    // As on a cluster, a transaction that cannot enter a block is dropped without a word once it is sent: its status stays unknown.
    if let Err(error) = chain.process(transaction) {
        tracing::debug!(%signature, %error, "transaction not processed");
        if let Some(reason) = chain.failure() {
            return Err(RpcError::Unhealthy(reason.to_owned()));
        }
    }
    Ok(json!(signature.to_string()))
}

fn simulate_transaction(context: &Context, arguments: &Arguments) -> Answer {
    let text: String = arguments.required(0)?;
    let config: RpcSimulateTransactionConfig = arguments.optional(1)?;
    let mut transaction: VersionedTransaction = decode(&text, binary_encoding(config.encoding)?)?;
    if config.sig_verify && config.replace_recent_blockhash {
        return Err(RpcError::InvalidParams(
            "sigVerify may not be used with replaceRecentBlockhash".into(),
        ));
    }
    let chain = context.chain.read();
    require_slot(&chain, config.min_context_slot)?;
    let replacement_blockhash = config.replace_recent_blockhash.then(|| {
        let (blockhash, last_valid_block_height) = chain.blockhashes().latest();
        transaction.message.set_recent_blockhash(blockhash);
        RpcBlockhash {
            blockhash: blockhash.to_string(),
            last_valid_block_height,
        }
    });
    transaction
        .sanitize()
        .map_err(|error| RpcError::InvalidParams(format!("invalid transaction: {error}")))?;
    let simulation = chain.simulate(transaction, config.sig_verify);
    let mut shown = show_simulation(&simulation);
    shown.replacement_blockhash = replacement_blockhash;
    if config.inner_instructions {
        shown.inner_instructions = Some(transaction_view::inner_instructions(
            &simulation.meta.inner_instructions,
            None,
        ));
    }
    if let Some(accounts) = config.accounts {
        shown.accounts = Some(show_accounts(&chain, &simulation, &accounts)?);
    }
    with_context(&chain, shown)
}

/// Accounts as they would be afterwards.
fn show_accounts(
    chain: &Chain,
    simulation: &Simulation,
    wanted: &RpcSimulateTransactionAccountsConfig,
) -> Result<Vec<Option<UiAccount>>, RpcError> {
    let view = AccountView::in_encoding(wanted.encoding.unwrap_or(UiAccountEncoding::Base64));
    wanted
        .addresses
        .iter()
        .map(|text| {
            let address = parse_pubkey(text)?;
            let after = simulation
                .accounts
                .iter()
                .find(|(key, _)| *key == address)
                .map(|(_, account)| account);
            after
                .or_else(|| chain.account(&address))
                .map(|account| view.show(chain, &address, account))
                .transpose()
        })
        .collect()
}

fn show_simulation(simulation: &Simulation) -> RpcSimulateTransactionResult {
    let meta = &simulation.meta;
    RpcSimulateTransactionResult {
        err: simulation.error.clone().map(Into::into),
        logs: Some(meta.logs.clone()),
        accounts: None,
        units_consumed: Some(meta.compute_units_consumed),
        loaded_accounts_data_size: None,
        return_data: transaction_view::return_data(meta),
        inner_instructions: None,
        replacement_blockhash: None,
        fee: Some(meta.fee).filter(|fee| *fee > 0),
        pre_balances: None,
        post_balances: None,
        pre_token_balances: None,
        post_token_balances: None,
        loaded_addresses: None,
    }
}

fn request_airdrop(context: &Context, arguments: &Arguments) -> Answer {
    let address = arguments.pubkey(0)?;
    let lamports: u64 = arguments.required(1)?;
    let _: RpcRequestAirdropConfig = arguments.optional(2)?;
    let mut chain = context.chain.write();
    match chain.airdrop(&address, lamports) {
        Ok(processed) if processed.error.is_none() => Ok(json!(processed.signature.to_string())),
        Ok(_) | Err(TransactionError::InsufficientFundsForFee) => Err(RpcError::Internal(
            "the faucet cannot pay this airdrop: ask for less, or start with more --faucet-lamports".into(),
        )),
        Err(error) => Err(match chain.failure() {
            Some(reason) => RpcError::Unhealthy(reason.to_owned()),
            None => RpcError::Internal(format!("airdrop failed: {error}")),
        }),
    }
}

fn fee_for_message(context: &Context, arguments: &Arguments) -> Answer {
    let message: VersionedMessage = decode(
        &arguments.required::<String>(0)?,
        TransactionBinaryEncoding::Base64,
    )?;
    let config: RpcContextConfig = arguments.optional(1)?;
    let chain = context.chain.read();
    require_slot(&chain, config.min_context_slot)?;
    with_context(&chain, chain.fee(message))
}

fn signature_statuses(context: &Context, arguments: &Arguments) -> Answer {
    let signatures: Vec<String> = arguments.required(0)?;
    if signatures.len() > MAX_STATUSES {
        return Err(RpcError::InvalidParams(format!(
            "Too many inputs provided; max {MAX_STATUSES}"
        )));
    }
    let signatures = signatures
        .iter()
        .map(|text| parse_signature(text))
        .collect::<Result<Vec<_>, _>>()?;
    let chain = context.chain.read();
    let statuses: Vec<Option<TransactionStatus>> = signatures
        .iter()
        .map(|signature| {
            let processed = chain.history().get(signature)?;
            Some(TransactionStatus {
                slot: processed.slot,
                confirmations: None,
                status: processed.error.clone().map_or(Ok(()), Err),
                err: processed.error.clone(),
                confirmation_status: Some(TransactionConfirmationStatus::Finalized),
            })
        })
        .collect();
    with_context(&chain, statuses)
}

fn signatures_for_address(context: &Context, arguments: &Arguments) -> Answer {
    let address = arguments.pubkey(0)?;
    let config: RpcSignaturesForAddressConfig = arguments.optional(1)?;
    let limit = config.limit.unwrap_or(MAX_SIGNATURES);
    if limit == 0 || limit > MAX_SIGNATURES {
        return Err(RpcError::InvalidParams(format!(
            "Invalid limit; max {MAX_SIGNATURES}"
        )));
    }
    let before = config.before.as_deref().map(parse_signature).transpose()?;
    let until = config.until.as_deref().map(parse_signature).transpose()?;
    let chain = context.chain.read();
    require_slot(&chain, config.min_context_slot)?;
    let found: Vec<_> = chain
        .history()
        .mentioning(&address, before.as_ref(), until.as_ref())
        .take(limit)
        .map(|processed| RpcConfirmedTransactionStatusWithSignature {
            signature: processed.signature.to_string(),
            slot: processed.slot,
            err: processed.error.clone().map(Into::into),
            memo: None,
            block_time: Some(processed.block_time),
            confirmation_status: Some(TransactionConfirmationStatus::Finalized),
            transaction_index: None,
        })
        .collect();
    Ok(serde_json::to_value(found)?)
}

fn transaction(context: &Context, arguments: &Arguments) -> Answer {
    let signature = arguments.signature(0)?;
    let config: Option<RpcEncodingConfigWrapper<RpcTransactionConfig>> = arguments.optional(1)?;
    let config = config
        .map(|config| config.convert_to_current())
        .unwrap_or_default();
    let encoding = config.encoding.unwrap_or(UiTransactionEncoding::Json);
    let processed = context.chain.read().history().get(&signature).cloned();
    match processed {
        None => Ok(Value::Null),
        Some(processed) => {
            let shown = transaction_view::confirmed(
                &processed,
                encoding,
                config.max_supported_transaction_version,
            )?;
            Ok(serde_json::to_value(shown)?)
        }
    }
}

fn binary_encoding(
    encoding: Option<UiTransactionEncoding>,
) -> Result<TransactionBinaryEncoding, RpcError> {
    let encoding = encoding.unwrap_or(UiTransactionEncoding::Base58);
    encoding.into_binary_encoding().ok_or_else(|| {
        RpcError::InvalidParams(format!(
            "unsupported encoding: {encoding}. Supported encodings: base58, base64"
        ))
    })
}

/// Reads a transaction or message in wire format, which must fill its bytes.
fn decode<T: DeserializeOwned>(
    text: &str,
    encoding: TransactionBinaryEncoding,
) -> Result<T, RpcError> {
    let name = std::any::type_name::<T>();
    let bytes = match encoding {
        TransactionBinaryEncoding::Base58 => bs58::decode(text).into_vec().map_err(|error| {
            RpcError::InvalidParams(format!("invalid base58 encoding: {error:?}"))
        })?,
        TransactionBinaryEncoding::Base64 => BASE64_STANDARD.decode(text).map_err(|error| {
            RpcError::InvalidParams(format!("invalid base64 encoding: {error:?}"))
        })?,
    };
    if bytes.len() > MAX_TRANSACTION {
        return Err(RpcError::InvalidParams(format!(
            "decoded {name} too large: {} bytes (max: {MAX_TRANSACTION} bytes)",
            bytes.len()
        )));
    }
    bincode::deserialize(&bytes)
        .map_err(|error| RpcError::InvalidParams(format!("failed to deserialize {name}: {error}")))
}
