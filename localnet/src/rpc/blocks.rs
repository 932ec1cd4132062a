//! Methods about slots, blockhashes, time and the node itself.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde_json::json;
use solana_account::ReadableAccount;
use solana_rpc_client_api::config::{RpcContextConfig, RpcEpochConfig};
use solana_rpc_client_api::response::{
    RpcApiVersion, RpcBlockhash, RpcPrioritizationFee, RpcSupply, RpcVersionInfo,
};

use super::errors::RpcError;
use super::params::{Arguments, parse_pubkey};
use super::{Answer, Context, method, require_slot, with_context};
use crate::chain::blockhash::MAX_AGE;
use crate::chain::svm::SLOTS_PER_EPOCH;

/// Accounts that `getRecentPrioritizationFees` takes at most.
const MAX_FEE_ACCOUNTS: usize = 128;

/// Adds the methods of this file.
///
/// # Errors
/// When a name is taken.
pub fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    method(module, "getHealth", |context, _| {
        match context.chain.read().failure() {
            None => Ok(json!("ok")),
            Some(reason) => Err(RpcError::Unhealthy(reason.to_owned())),
        }
    })?;
    method(module, "getVersion", |_, _| {
        let solana_core = RpcApiVersion::default().to_string();
        Ok(serde_json::to_value(RpcVersionInfo {
            solana_core,
            feature_set: None,
        })?)
    })?;
    method(module, "getIdentity", |context, _| {
        Ok(json!({ "identity": context.chain.read().genesis().identity.to_string() }))
    })?;
    method(module, "getSlotLeader", |context, _| {
        Ok(json!(context.chain.read().genesis().identity.to_string()))
    })?;
    method(module, "getGenesisHash", |context, _| {
        Ok(json!(context.chain.read().genesis().hash.to_string()))
    })?;
    method(module, "getSlot", slot)?;
    method(module, "getBlockHeight", slot)?;
    method(module, "getTransactionCount", |context, arguments| {
        let chain = context.chain.read();
        require_slot(
            &chain,
            arguments.optional::<RpcContextConfig>(0)?.min_context_slot,
        )?;
        Ok(json!(chain.history().total()))
    })?;
    method(module, "getFirstAvailableBlock", |context, _| {
        Ok(json!(context.chain.read().first_slot()))
    })?;
    method(module, "minimumLedgerSlot", |context, _| {
        Ok(json!(context.chain.read().first_slot()))
    })?;
    method(module, "getEpochInfo", epoch_info)?;
    method(module, "getEpochSchedule", |_, _| {
        Ok(json!({
            "slotsPerEpoch": SLOTS_PER_EPOCH,
            "leaderScheduleSlotOffset": SLOTS_PER_EPOCH,
            "warmup": false,
            "firstNormalEpoch": 0,
            "firstNormalSlot": 0,
        }))
    })?;
    method(module, "getLatestBlockhash", latest_blockhash)?;
    method(module, "isBlockhashValid", is_blockhash_valid)?;
    method(module, "getBlockTime", |context, arguments| {
        let slot: u64 = arguments.required(0)?;
        let time = context.chain.read().block_time(slot);
        time.map(|time| json!(time))
            .ok_or(RpcError::BlockNotAvailable(slot))
    })?;
    method(module, "getRecentPrioritizationFees", prioritization_fees)?;
    method(
        module,
        "getMinimumBalanceForRentExemption",
        |context, arguments| {
            let size: usize = arguments.required(0)?;
            Ok(json!(context.chain.read().rent_exemption(size)))
        },
    )?;
    method(module, "getSupply", supply)
}

/// No slot is skipped, so that the slot is also the block height.
fn slot(context: &Context, arguments: &Arguments) -> Answer {
    let chain = context.chain.read();
    require_slot(
        &chain,
        arguments.optional::<RpcContextConfig>(0)?.min_context_slot,
    )?;
    Ok(json!(chain.slot()))
}

fn epoch_info(context: &Context, arguments: &Arguments) -> Answer {
    let chain = context.chain.read();
    require_slot(
        &chain,
        arguments.optional::<RpcEpochConfig>(0)?.min_context_slot,
    )?;
    let slot = chain.slot();
    Ok(json!({
        "absoluteSlot": slot,
        "blockHeight": slot,
        "epoch": slot / SLOTS_PER_EPOCH,
        "slotIndex": slot % SLOTS_PER_EPOCH,
        "slotsInEpoch": SLOTS_PER_EPOCH,
        "transactionCount": chain.history().total(),
    }))
}

fn latest_blockhash(context: &Context, arguments: &Arguments) -> Answer {
    let chain = context.chain.read();
    require_slot(
        &chain,
        arguments.optional::<RpcContextConfig>(0)?.min_context_slot,
    )?;
    let (blockhash, last_valid_block_height) = chain.blockhashes().latest();
    with_context(
        &chain,
        RpcBlockhash {
            blockhash: blockhash.to_string(),
            last_valid_block_height,
        },
    )
}

fn is_blockhash_valid(context: &Context, arguments: &Arguments) -> Answer {
    let blockhash = arguments.hash(0)?;
    let chain = context.chain.read();
    require_slot(
        &chain,
        arguments.optional::<RpcContextConfig>(1)?.min_context_slot,
    )?;
    with_context(&chain, chain.blockhashes().is_valid(&blockhash))
}

/// Blocks here are never full, so that no transaction has to outbid another.
fn prioritization_fees(context: &Context, arguments: &Arguments) -> Answer {
    let accounts: Vec<String> = arguments.optional(0)?;
    if accounts.len() > MAX_FEE_ACCOUNTS {
        return Err(RpcError::InvalidParams(format!(
            "Too many inputs provided; max {MAX_FEE_ACCOUNTS}"
        )));
    }
    accounts
        .iter()
        .try_for_each(|account| parse_pubkey(account).map(|_| ()))?;
    let chain = context.chain.read();
    let recent = chain
        .slot()
        .saturating_sub(MAX_AGE - 1)
        .max(chain.first_slot());
    let fees: Vec<_> = (recent..=chain.slot())
        .map(|slot| RpcPrioritizationFee {
            slot,
            prioritization_fee: 0,
        })
        .collect();
    Ok(serde_json::to_value(fees)?)
}

fn supply(context: &Context, _: &Arguments) -> Answer {
    let chain = context.chain.read();
    let total = chain
        .accounts()
        .map(|(_, account)| account.lamports())
        .sum();
    let supply = RpcSupply {
        total,
        circulating: total,
        non_circulating: 0,
        non_circulating_accounts: Vec::new(),
    };
    with_context(&chain, supply)
}
