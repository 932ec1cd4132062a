//! When a transaction is refused for its blockhash, and that none runs twice.

use std::time::Duration;

use cyxwiz_localnet::Config;
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_keypair::Keypair;
use solana_message::{Message, VersionedMessage};
use solana_rpc_client_api::config::RpcSendTransactionConfig;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;
use solana_transaction_error::TransactionError;

use crate::harness::{self, SOL, eventually, transaction, transfer};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_blockhash_is_refused() {
    let net = harness::start().await;
    let from = net.wallet().await;
    let instruction = transfer(&from, &Keypair::new().pubkey(), SOL);
    let unknown = Hash::new_from_array([7; 32]);
    let message = Message::new_with_blockhash(&[instruction], Some(&from.pubkey()), &unknown);
    let transaction =
        VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&from]).unwrap();
    let error = net.rpc.send_transaction(&transaction).await.unwrap_err();
    assert_eq!(
        error.get_transaction_error(),
        Some(TransactionError::BlockhashNotFound)
    );
    assert!(error.to_string().contains("Blockhash not found"), "{error}");
    assert!(
        !net.rpc
            .is_blockhash_valid(&unknown, CommitmentConfig::confirmed())
            .await
            .unwrap()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blockhash_expires_after_its_last_valid_block() {
    let net = harness::start_with(Config {
        slot_time: Duration::from_millis(5),
        ..Config::default()
    })
    .await;
    let from = net.wallet().await;
    let to = Keypair::new().pubkey();
    let (blockhash, last_valid) = net
        .rpc
        .get_latest_blockhash_with_commitment(CommitmentConfig::confirmed())
        .await
        .unwrap();
    let message = Message::new_with_blockhash(
        &[transfer(&from, &to, SOL)],
        Some(&from.pubkey()),
        &blockhash,
    );
    let transaction =
        VersionedTransaction::try_new(VersionedMessage::Legacy(message), &[&from]).unwrap();
    eventually(|| async { (net.rpc.get_block_height().await.unwrap() > last_valid).then_some(()) })
        .await;

    assert!(
        !net.rpc
            .is_blockhash_valid(&blockhash, CommitmentConfig::confirmed())
            .await
            .unwrap()
    );
    let error = net.rpc.send_transaction(&transaction).await.unwrap_err();
    assert_eq!(
        error.get_transaction_error(),
        Some(TransactionError::BlockhashNotFound)
    );
    let blind = RpcSendTransactionConfig {
        skip_preflight: true,
        ..Default::default()
    };
    let signature = net
        .rpc
        .send_transaction_with_config(&transaction, blind)
        .await
        .unwrap();
    assert_eq!(
        net.rpc.get_signature_status(&signature).await.unwrap(),
        None
    );
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_sent_twice_runs_once() {
    let net = harness::start().await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let transaction = transaction(&net.rpc, &[transfer(&from, &to, SOL)], &[&from]).await;
    let first = net
        .rpc
        .send_and_confirm_transaction(&transaction)
        .await
        .unwrap();

    let error = net.rpc.send_transaction(&transaction).await.unwrap_err();
    assert_eq!(
        error.get_transaction_error(),
        Some(TransactionError::AlreadyProcessed)
    );
    let blind = RpcSendTransactionConfig {
        skip_preflight: true,
        ..Default::default()
    };
    assert_eq!(
        net.rpc
            .send_transaction_with_config(&transaction, blind)
            .await
            .unwrap(),
        first
    );
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), SOL);
    assert_eq!(
        net.rpc.get_balance(&from.pubkey()).await.unwrap(),
        9 * SOL - 5_000
    );
}
