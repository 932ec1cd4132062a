//! Airdrops and transfers, and what is told about them afterwards.

use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_rpc_client::rpc_client::GetConfirmedSignaturesForAddress2Config;
use solana_rpc_client_api::config::RpcTransactionConfig;
use solana_rpc_client_api::response::OptionSerializer;
use solana_signer::Signer;
use solana_transaction::versioned::TransactionVersion;
use solana_transaction_status_client_types::{
    EncodedTransaction, UiMessage, UiTransactionEncoding,
};

use crate::harness::{self, SOL, eventually, send, transaction, transfer};

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_moves_lamports_and_costs_a_fee() {
    let net = harness::start().await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let signature = send(&net.rpc, &[transfer(&from, &to, 3 * SOL)], &[&from]).await;
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), 3 * SOL);
    assert_eq!(
        net.rpc.get_balance(&from.pubkey()).await.unwrap(),
        7 * SOL - 5_000
    );

    let status = net.rpc.get_signature_status(&signature).await.unwrap();
    assert_eq!(status, Some(Ok(())));
    let account = net.rpc.get_account(&to).await.unwrap();
    assert_eq!((account.lamports, account.data.len()), (3 * SOL, 0));
    assert!(net.rpc.get_account(&Keypair::new().pubkey()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_is_found_by_signature_and_address() {
    let net = harness::start().await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let first = send(&net.rpc, &[transfer(&from, &to, SOL)], &[&from]).await;
    let second = send(&net.rpc, &[transfer(&from, &to, 2 * SOL)], &[&from]).await;

    let mut config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        max_supported_transaction_version: Some(0),
        commitment: Some(CommitmentConfig::confirmed()),
    };
    let found = net
        .rpc
        .get_transaction_with_config(&first, config)
        .await
        .unwrap();
    let meta = found.transaction.meta.unwrap();
    assert_eq!(found.transaction.version, Some(TransactionVersion::LEGACY));
    assert_eq!(
        found.transaction.transaction.decode().unwrap().signatures[0],
        first
    );
    assert_eq!((meta.err, meta.fee), (None, 5_000));
    assert_eq!(meta.pre_balances[0], 10 * SOL);
    assert_eq!(meta.post_balances[..2], [9 * SOL - 5_000, SOL]);
    assert_eq!(meta.compute_units_consumed, OptionSerializer::Some(150));
    let OptionSerializer::Some(logs) = meta.log_messages else {
        panic!("no logs")
    };
    assert_eq!(
        logs[0],
        "Program 11111111111111111111111111111111 invoke [1]"
    );
    assert_eq!(
        net.rpc.get_block_time(found.slot).await.unwrap(),
        found.block_time.unwrap()
    );

    config.encoding = Some(UiTransactionEncoding::Json);
    let found = net
        .rpc
        .get_transaction_with_config(&first, config)
        .await
        .unwrap();
    let EncodedTransaction::Json(shown) = found.transaction.transaction else {
        panic!("not JSON")
    };
    let UiMessage::Raw(message) = shown.message else {
        panic!("not raw")
    };
    assert_eq!(
        message.account_keys[..2],
        [from.pubkey().to_string(), to.to_string()]
    );

    let all = eventually(|| async {
        let all = net.rpc.get_signatures_for_address(&to).await.unwrap();
        (all.len() == 2).then_some(all)
    })
    .await;
    assert_eq!(
        all.iter()
            .map(|item| item.signature.clone())
            .collect::<Vec<_>>(),
        [second.to_string(), first.to_string()]
    );
    let config = GetConfirmedSignaturesForAddress2Config {
        before: Some(second),
        ..Default::default()
    };
    let older = net
        .rpc
        .get_signatures_for_address_with_config(&to, config)
        .await
        .unwrap();
    assert_eq!(older.len(), 1);
    assert_eq!(older[0].signature, first.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_airdrops_in_one_slot_all_arrive() {
    let config = cyxwiz_localnet::Config {
        slot_time: std::time::Duration::from_secs(3600),
        ..Default::default()
    };
    let net = harness::start_with(config).await;
    let to = Keypair::new().pubkey();
    // A new chain has announced two blockhashes, the genesis one and the current one.
    for _ in 0..2 {
        harness::fund(&net.rpc, &to, SOL).await;
    }
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), 2 * SOL);
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_are_told_before_they_are_paid() {
    let net = harness::start().await;
    let (from, second) = (net.wallet().await, net.wallet().await);
    let to = Keypair::new().pubkey();
    let instructions = [transfer(&from, &to, SOL), transfer(&second, &to, SOL)];
    let transaction = transaction(&net.rpc, &instructions, &[&from, &second]).await;
    let solana_message::VersionedMessage::Legacy(message) = transaction.message else {
        panic!("not legacy")
    };
    assert_eq!(net.rpc.get_fee_for_message(&message).await.unwrap(), 10_000);
}
