//! The JSON-RPC interface: one file per group of methods.
//!
//! Whatever was processed is at once confirmed and finalized, since no fork can undo it; every commitment level is answered alike.

pub mod accounts;
pub mod blocks;
pub mod errors;
pub mod params;
pub mod subscriptions;
pub mod time_travel;
pub mod tokens;
pub mod transaction_view;
pub mod transactions;

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jsonrpsee::RpcModule;
use jsonrpsee::core::RegisterMethodError;
use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;
use serde_json::Value;
use solana_rpc_client_api::response::{Response, RpcResponseContext};

use self::errors::RpcError;
use self::params::Arguments;
use crate::chain::Chain;

/// The chain as the methods share it: many readers, simulations among them, or one writer.
#[derive(Clone)]
pub struct SharedChain(Arc<RwLock<Chain>>);

impl SharedChain {
    /// Shares `chain`.
    pub fn new(chain: Chain) -> Self {
        Self(Arc::new(RwLock::new(chain)))
    }

    /// Waits for its turn to read.
    pub fn read(&self) -> RwLockReadGuard<'_, Chain> {
        // The virtual machine applies a transaction only at its end, so a panic inside one leaves the state before it.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for its turn to change the chain.
    pub fn write(&self) -> RwLockWriteGuard<'_, Chain> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every method can use.
pub struct Context {
    /// The chain.
    pub chain: SharedChain,
    /// Whether the non-standard methods that move time are on.
    pub allow_time_travel: bool,
}

/// What a method answers.
pub type Answer = Result<Value, RpcError>;

/// The methods served over HTTP.
///
/// # Errors
/// When two methods have one name.
pub fn methods(context: &Arc<Context>) -> Result<RpcModule<Context>, RegisterMethodError> {
    let mut module = RpcModule::from_arc(Arc::clone(context));
    accounts::register(&mut module)?;
    blocks::register(&mut module)?;
    tokens::register(&mut module)?;
    transactions::register(&mut module)?;
    time_travel::register(&mut module)?;
    Ok(module)
}

/// Adds a method that may wait for the chain.
fn method(
    module: &mut RpcModule<Context>,
    name: &'static str,
    answer: fn(&Context, &Arguments) -> Answer,
) -> Result<(), RegisterMethodError> {
    module.register_blocking_method(name, move |params, context, _| {
        Arguments::new(&params)
            .and_then(|arguments| answer(&context, &arguments))
            .map_err(ErrorObjectOwned::from)
    })?;
    Ok(())
}

/// A result with the slot it was true in.
fn with_context<T: Serialize>(chain: &Chain, value: T) -> Answer {
    Ok(serde_json::to_value(Response {
        context: RpcResponseContext::new(chain.slot()),
        value,
    })?)
}

/// Refuses a caller that wants a later slot.
fn require_slot(chain: &Chain, minimum: Option<u64>) -> Result<(), RpcError> {
    match minimum {
        Some(minimum) if minimum > chain.slot() => Err(RpcError::MinContextSlot(chain.slot())),
        _ => Ok(()),
    }
}
