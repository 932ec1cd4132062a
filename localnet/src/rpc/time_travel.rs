//! Not part of Solana: moves the chain's clock and its slots forward, so that tests need not wait for deadlines. Off unless the
//! server was started with `--allow-time-travel`.

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use serde_json::json;

use super::errors::RpcError;
use super::params::Arguments;
use super::{Answer, Context, method};
use crate::chain::Chain;

/// Slots that `cyxwiz_advanceSlots` begins at most, because nothing else happens meanwhile.
const MAX_SLOTS: u32 = 10_000;

/// Adds the methods of this file.
///
/// # Errors
/// When a name is taken.
pub fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    method(module, "cyxwiz_advanceTime", advance_time)?;
    method(module, "cyxwiz_setTime", set_time)?;
    method(module, "cyxwiz_advanceSlots", advance_slots)
}

/// `[seconds]`: moves time forward; answers the new slot and time.
fn advance_time(context: &Context, arguments: &Arguments) -> Answer {
    allowed(context)?;
    let seconds: u32 = arguments.required(0)?;
    let mut chain = context.chain.write();
    chain.advance_time(seconds);
    now(&chain)
}

/// `[unixTimestamp]`: sets the time, which must not lie in the chain's past; answers the new slot and time.
fn set_time(context: &Context, arguments: &Arguments) -> Answer {
    allowed(context)?;
    let unix_timestamp: i64 = arguments.required(0)?;
    let mut chain = context.chain.write();
    if !chain.set_time(unix_timestamp) {
        let present = chain.unix_timestamp();
        return Err(RpcError::InvalidParams(format!(
            "time cannot go back: the chain is at {present}, give a later time than {unix_timestamp}"
        )));
    }
    now(&chain)
}

/// `[slots]`: begins so many slots at once, while the clock goes on as it does; answers the new slot and time.
fn advance_slots(context: &Context, arguments: &Arguments) -> Answer {
    allowed(context)?;
    let slots: u32 = arguments.required(0)?;
    if slots > MAX_SLOTS {
        return Err(RpcError::InvalidParams(format!(
            "{slots} slots are too many at a time; max {MAX_SLOTS}"
        )));
    }
    let mut chain = context.chain.write();
    for _ in 0..slots {
        chain.begin_slot();
    }
    now(&chain)
}

fn allowed(context: &Context) -> Result<(), RpcError> {
    if context.allow_time_travel {
        Ok(())
    } else {
        Err(RpcError::TimeTravelOff)
    }
}

fn now(chain: &Chain) -> Answer {
    Ok(json!({ "slot": chain.slot(), "unixTimestamp": chain.unix_timestamp() }))
}
