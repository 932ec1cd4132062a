//! Websocket subscriptions. Each listens to the chain's events and drops what it did not ask for; one that falls too far behind is
//! ended, so that a slow reader costs nobody else anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jsonrpsee::core::traits::IdProvider;
use jsonrpsee::core::{RegisterMethodError, SubscriptionError};
use jsonrpsee::types::{Params, SubscriptionId};
use jsonrpsee::{PendingSubscriptionSink, RpcModule, SubscriptionSink};
use serde::Serialize;
use serde_json::value::to_raw_value;
use solana_account::ReadableAccount;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_pubkey::Pubkey;
use solana_rpc_client_api::config::{
    RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSignatureSubscribeConfig,
    RpcTransactionLogsFilter,
};
use solana_rpc_client_api::response::{
    ProcessedSignatureResult, ReceivedSignatureResult, Response, RpcKeyedAccount, RpcLogsResponse,
    RpcResponseContext, RpcSignatureResult, SlotInfo,
};
use solana_transaction_error::TransactionError;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Context;
use super::accounts::{AccountView, Filters};
use super::errors::RpcError;
use super::params::{Arguments, parse_pubkey};
use crate::chain::record::{Event, ProcessedTransaction, TransactionEvent};

/// Numbers subscriptions from 1; clients expect integers.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdProvider for SequentialIds {
    fn next_id(&self) -> SubscriptionId<'static> {
        SubscriptionId::Num(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

type Ended = Result<(), SubscriptionError>;

/// Adds the subscriptions.
///
/// # Errors
/// When a name is taken.
pub fn register(module: &mut RpcModule<Context>) -> Result<(), RegisterMethodError> {
    module.register_subscription(
        "accountSubscribe",
        "accountNotification",
        "accountUnsubscribe",
        |params, pending, context, _| account(params, pending, context),
    )?;
    module.register_subscription(
        "programSubscribe",
        "programNotification",
        "programUnsubscribe",
        |params, pending, context, _| program(params, pending, context),
    )?;
    module.register_subscription(
        "logsSubscribe",
        "logsNotification",
        "logsUnsubscribe",
        |params, pending, context, _| logs(params, pending, context),
    )?;
    module.register_subscription(
        "signatureSubscribe",
        "signatureNotification",
        "signatureUnsubscribe",
        |params, pending, context, _| signature(params, pending, context),
    )?;
    module.register_subscription(
        "slotSubscribe",
        "slotNotification",
        "slotUnsubscribe",
        |_, pending, context, _| slot(pending, context),
    )?;
    module.register_subscription(
        "rootSubscribe",
        "rootNotification",
        "rootUnsubscribe",
        |_, pending, context, _| root(pending, context),
    )?;
    Ok(())
}

async fn account(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
) -> Ended {
    let read = || {
        let arguments = Arguments::new(&params)?;
        Ok((
            arguments.pubkey(0)?,
            arguments.optional::<RpcAccountInfoConfig>(1)?,
        ))
    };
    let Some(((address, config), mut feed)) = accept(read(), pending, &context).await? else {
        return Ok(());
    };
    let view = AccountView::new(&config, UiAccountEncoding::Binary);
    while let Some(event) = feed.next_transaction().await {
        let Some((_, written)) = event.writes.iter().find(|(key, _)| *key == address) else {
            continue;
        };
        let shown = view.show(&context.chain.read(), &address, written);
        if let Ok(shown) = shown {
            feed.send_at(event.transaction.slot, &shown).await?;
        }
    }
    Ok(())
}

async fn program(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
) -> Ended {
    let read = || {
        let arguments = Arguments::new(&params)?;
        let config: RpcProgramAccountsConfig = arguments.optional(1)?;
        let view = AccountView::new(&config.account_config, UiAccountEncoding::Binary);
        Ok((arguments.pubkey(0)?, view, Filters::new(config.filters)?))
    };
    let Some(((program, view, filters), mut feed)) = accept(read(), pending, &context).await?
    else {
        return Ok(());
    };
    while let Some(event) = feed.next_transaction().await {
        for (address, account) in &event.writes {
            if *account.owner() != program || !filters.match_account(account) {
                continue;
            }
            let shown = view.show(&context.chain.read(), address, account);
            if let Ok(account) = shown {
                let keyed = RpcKeyedAccount {
                    pubkey: address.to_string(),
                    account,
                };
                feed.send_at(event.transaction.slot, &keyed).await?;
            }
        }
    }
    Ok(())
}

async fn logs(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
) -> Ended {
    let read = || {
        let mentioned = match Arguments::new(&params)?.required(0)? {
            RpcTransactionLogsFilter::All | RpcTransactionLogsFilter::AllWithVotes => None,
            RpcTransactionLogsFilter::Mentions(keys) => match &keys[..] {
                [key] => Some(parse_pubkey(key)?),
                _ => {
                    return Err(RpcError::InvalidParams(
                        "Invalid Request: Only 1 address supported".into(),
                    ));
                }
            },
        };
        Ok(mentioned)
    };
    let Some((mentioned, mut feed)) = accept(read(), pending, &context).await? else {
        return Ok(());
    };
    while let Some(event) = feed.next_transaction().await {
        let processed = &event.transaction;
        if mentioned.is_some_and(|key: Pubkey| !processed.account_keys.contains(&key)) {
            continue;
        }
        let shown = RpcLogsResponse {
            signature: processed.signature.to_string(),
            err: processed.error.clone().map(Into::into),
            logs: processed.logs.clone(),
        };
        feed.send_at(processed.slot, &shown).await?;
    }
    Ok(())
}

/// Ends after its one notification, which comes at once when the transaction was processed before.
async fn signature(
    params: Params<'static>,
    pending: PendingSubscriptionSink,
    context: Arc<Context>,
) -> Ended {
    let read = || {
        let arguments = Arguments::new(&params)?;
        let config: RpcSignatureSubscribeConfig = arguments.optional(1)?;
        Ok((
            arguments.signature(0)?,
            config.enable_received_notification.unwrap_or(false),
        ))
    };
    let Some(((signature, received), mut feed)) = accept(read(), pending, &context).await? else {
        return Ok(());
    };
    let outcome = |processed: &ProcessedTransaction| (processed.slot, processed.error.clone());
    let mut found: Option<(u64, Option<TransactionError>)> = context
        .chain
        .read()
        .history()
        .get(&signature)
        .map(|processed| outcome(processed));
    while found.is_none() {
        let Some(event) = feed.next_transaction().await else {
            return Ok(());
        };
        found = (event.transaction.signature == signature).then(|| outcome(&event.transaction));
    }
    if let Some((slot, error)) = found {
        if received {
            let seen =
                RpcSignatureResult::ReceivedSignature(ReceivedSignatureResult::ReceivedSignature);
            feed.send_at(slot, &seen).await?;
        }
        let result = ProcessedSignatureResult {
            err: error.map(Into::into),
        };
        feed.send_at(slot, &RpcSignatureResult::ProcessedSignature(result))
            .await?;
    }
    Ok(())
}

async fn slot(pending: PendingSubscriptionSink, context: Arc<Context>) -> Ended {
    let Some(((), mut feed)) = accept(Ok(()), pending, &context).await? else {
        return Ok(());
    };
    while let Some(slot) = feed.next_slot().await {
        let parent = slot.saturating_sub(1);
        feed.send(&SlotInfo {
            slot,
            parent,
            root: parent,
        })
        .await?;
    }
    Ok(())
}

async fn root(pending: PendingSubscriptionSink, context: Arc<Context>) -> Ended {
    let Some(((), mut feed)) = accept(Ok(()), pending, &context).await? else {
        return Ok(());
    };
    while let Some(slot) = feed.next_slot().await {
        feed.send(&slot.saturating_sub(1)).await?;
    }
    Ok(())
}

/// An accepted subscription and the events since just before it was accepted.
struct Feed {
    sink: SubscriptionSink,
    events: Receiver<Event>,
}

/// Accepts the subscription when its parameters are good, and refuses it otherwise.
async fn accept<T>(
    params: Result<T, RpcError>,
    pending: PendingSubscriptionSink,
    context: &Context,
) -> Result<Option<(T, Feed)>, SubscriptionError> {
    match params {
        Err(error) => {
            pending.reject(error).await;
            Ok(None)
        }
        Ok(params) => {
            let events = context.chain.read().subscribe();
            let sink = pending.accept().await?;
            Ok(Some((params, Feed { sink, events })))
        }
    }
}

impl Feed {
    /// The next event, or nothing when the subscriber left, fell too far behind, or the server stops.
    async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            () = self.sink.closed() => None,
            event = self.events.recv() => match event {
                Ok(event) => Some(event),
                Err(RecvError::Closed) => None,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "a subscriber is too slow; its subscription was ended");
                    None
                }
            },
        }
    }

    async fn next_transaction(&mut self) -> Option<Arc<TransactionEvent>> {
        loop {
            if let Event::Transaction(event) = self.next().await? {
                return Some(event);
            }
        }
    }

    async fn next_slot(&mut self) -> Option<u64> {
        loop {
            if let Event::Slot { slot } = self.next().await? {
                return Some(slot);
            }
        }
    }

    async fn send_at<T: Serialize>(&self, slot: u64, value: &T) -> Ended {
        self.send(&Response {
            context: RpcResponseContext {
                slot,
                api_version: None,
            },
            value,
        })
        .await
    }

    async fn send<T: Serialize>(&self, value: &T) -> Ended {
        Ok(self.sink.send(to_raw_value(value)?).await?)
    }
}
