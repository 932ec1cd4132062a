//! Websocket notifications, as the client library decodes them.

use solana_account_decoder_client_types::UiAccountEncoding;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_rpc_client_api::config::{
    RpcAccountInfoConfig, RpcProgramAccountsConfig, RpcSendTransactionConfig,
    RpcSignatureSubscribeConfig, RpcTransactionLogsConfig, RpcTransactionLogsFilter,
};
use solana_rpc_client_api::response::{ProcessedSignatureResult, RpcSignatureResult};
use solana_signer::Signer;
use spl_associated_token_account_interface::address::get_associated_token_address;

use crate::harness::{self, SOL, next, send, transaction, transfer};
use crate::tokens::create_mint;

fn account_config() -> RpcAccountInfoConfig {
    RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        ..RpcAccountInfoConfig::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_is_notified_once_it_is_processed() {
    let net = harness::start().await;
    let from = net.wallet().await;
    let transaction = transaction(
        &net.rpc,
        &[transfer(&from, &Keypair::new().pubkey(), SOL)],
        &[&from],
    )
    .await;
    let pubsub = net.pubsub().await;
    let config = || {
        Some(RpcSignatureSubscribeConfig {
            commitment: Some(CommitmentConfig::confirmed()),
            enable_received_notification: None,
        })
    };
    let success = RpcSignatureResult::ProcessedSignature(ProcessedSignatureResult { err: None });
    let (mut before, _unsubscribe) = pubsub
        .signature_subscribe(&transaction.signatures[0], config())
        .await
        .unwrap();
    net.rpc.send_transaction(&transaction).await.unwrap();
    let notification = next(&mut before).await;
    assert_eq!(notification.value, success);
    assert!(notification.context.slot > 0);
    // Who asks too late is told as well.
    let (mut after, _unsubscribe) = pubsub
        .signature_subscribe(&transaction.signatures[0], config())
        .await
        .unwrap();
    assert_eq!(next(&mut after).await.value, success);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_notified_when_it_changes() {
    let net = harness::start().await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let pubsub = net.pubsub().await;
    let (mut changes, unsubscribe) = pubsub
        .account_subscribe(&to, Some(account_config()))
        .await
        .unwrap();
    send(
        &net.rpc,
        &[transfer(&from, &Keypair::new().pubkey(), SOL)],
        &[&from],
    )
    .await;
    send(&net.rpc, &[transfer(&from, &to, SOL)], &[&from]).await;
    assert_eq!(next(&mut changes).await.value.lamports, SOL);
    send(&net.rpc, &[transfer(&from, &to, 2 * SOL)], &[&from]).await;
    assert_eq!(next(&mut changes).await.value.lamports, 3 * SOL);
    drop(changes);
    unsubscribe().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_notified_by_mention_of_failures_too() {
    let net = harness::start().await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let pubsub = net.pubsub().await;
    let config = || RpcTransactionLogsConfig {
        commitment: Some(CommitmentConfig::confirmed()),
    };
    let mentions = RpcTransactionLogsFilter::Mentions(vec![to.to_string()]);
    let (mut mentioned, _unsubscribe) = pubsub.logs_subscribe(mentions, config()).await.unwrap();
    let (mut all, _unsubscribe) = pubsub
        .logs_subscribe(RpcTransactionLogsFilter::All, config())
        .await
        .unwrap();

    let elsewhere = send(
        &net.rpc,
        &[transfer(&from, &Keypair::new().pubkey(), SOL)],
        &[&from],
    )
    .await;
    let failing = transaction(&net.rpc, &[transfer(&from, &to, 100 * SOL)], &[&from]).await;
    let blind = RpcSendTransactionConfig {
        skip_preflight: true,
        ..Default::default()
    };
    let failed = net
        .rpc
        .send_transaction_with_config(&failing, blind)
        .await
        .unwrap();

    let notification = next(&mut mentioned).await.value;
    assert_eq!(notification.signature, failed.to_string());
    assert!(notification.err.is_some());
    assert!(
        notification
            .logs
            .iter()
            .any(|line| line.contains("insufficient lamports"))
    );
    while next(&mut all).await.value.signature != elsewhere.to_string() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_of_a_program_and_slots_are_notified() {
    let net = harness::start().await;
    let payer = net.wallet().await;
    let pubsub = net.pubsub().await;
    let config = RpcProgramAccountsConfig {
        filters: Some(vec![
            solana_rpc_client_api::filter::RpcFilterType::DataSize(165),
        ]),
        account_config: account_config(),
        ..RpcProgramAccountsConfig::default()
    };
    let (mut accounts, _unsubscribe) = pubsub
        .program_subscribe(&spl_token_interface::ID, Some(config))
        .await
        .unwrap();
    let (mut slots, _unsubscribe) = pubsub.slot_subscribe().await.unwrap();
    let first = next(&mut slots).await;
    assert_eq!(first.parent + 1, first.slot);
    assert!(next(&mut slots).await.slot > first.slot);

    let mint = create_mint(&net, &payer, 77).await;
    let holder = get_associated_token_address(&payer.pubkey(), &mint).to_string();
    loop {
        // A shared validator may have other token accounts in motion.
        let notification = next(&mut accounts).await.value;
        if notification.pubkey == holder {
            assert_eq!(
                notification.account.data.decode().unwrap()[64..72],
                77u64.to_le_bytes()
            );
            break;
        }
    }
}
