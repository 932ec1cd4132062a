//! Errors and answers in the shapes that clients decode.

use serde_json::{Value, json};
use solana_account::ReadableAccount;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_rpc_client_api::client_error::{Error, ErrorKind};
use solana_rpc_client_api::config::{
    RpcSendTransactionConfig, RpcSimulateTransactionAccountsConfig, RpcSimulateTransactionConfig,
};
use solana_rpc_client_api::request::{RpcError, RpcRequest, RpcResponseErrorData};
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

use crate::harness::{self, Net, SOL, eventually, transaction, transfer};

async fn call(net: &Net, method: &'static str, params: Value) -> Result<Value, Error> {
    net.rpc.send(RpcRequest::Custom { method }, params).await
}

/// Code and message of an error that the server answered.
fn answered(error: &Error) -> (i64, &str) {
    match error.kind() {
        ErrorKind::RpcError(RpcError::RpcResponseError { code, message, .. }) => (*code, message),
        other => panic!("not an answer: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn preflight_tells_why_a_transaction_would_fail() {
    let net = harness::start().await;
    let from = net.wallet().await;
    let too_much = transfer(&from, &Keypair::new().pubkey(), 100 * SOL);
    let transaction = transaction(&net.rpc, &[too_much], &[&from]).await;
    let error = net.rpc.send_transaction(&transaction).await.unwrap_err();
    let (code, message) = answered(&error);
    assert_eq!(code, -32002);
    assert_eq!(
        message,
        "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1"
    );
    let ErrorKind::RpcError(RpcError::RpcResponseError { data, .. }) = error.kind() else {
        panic!("{error}")
    };
    let RpcResponseErrorData::SendTransactionPreflightFailure(result) = data else {
        panic!("{data:?}")
    };
    assert_eq!(result.units_consumed, Some(150));
    let logs = result.logs.as_deref().unwrap();
    assert!(
        logs.iter()
            .any(|line| line.contains("insufficient lamports")),
        "{logs:?}"
    );
    assert!(matches!(
        error.get_transaction_error(),
        Some(TransactionError::InstructionError(0, _))
    ));

    // Sent all the same, it fails in a block and pays its fee.
    let blind = RpcSendTransactionConfig {
        skip_preflight: true,
        ..Default::default()
    };
    let signature = net
        .rpc
        .send_transaction_with_config(&transaction, blind)
        .await
        .unwrap();
    let status = eventually(|| async {
        net.rpc
            .get_signature_statuses(&[signature])
            .await
            .unwrap()
            .value
            .remove(0)
    })
    .await;
    assert!(matches!(
        status.err,
        Some(TransactionError::InstructionError(0, _))
    ));
    eventually(|| async {
        let balance = net.rpc.get_balance(&from.pubkey()).await.unwrap();
        (balance == 10 * SOL - 5_000).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_is_refused() {
    let net = harness::start().await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let mut forged = transaction(&net.rpc, &[transfer(&from, &to, SOL)], &[&from]).await;
    forged.signatures[0] = Signature::from([9; 64]);
    let error = net.rpc.send_transaction(&forged).await.unwrap_err();
    assert_eq!(answered(&error).0, -32002);
    assert_eq!(
        error.get_transaction_error(),
        Some(TransactionError::SignatureFailure)
    );
    let blind = RpcSendTransactionConfig {
        skip_preflight: true,
        ..Default::default()
    };
    net.rpc
        .send_transaction_with_config(&forged, blind)
        .await
        .unwrap_or_default();
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulation_shows_the_future_and_changes_nothing() {
    let net = harness::start().await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let mut unsigned = transaction(&net.rpc, &[transfer(&from, &to, SOL)], &[&from]).await;
    unsigned.signatures[0] = Signature::default();
    unsigned.message.set_recent_blockhash(Default::default());
    let config = RpcSimulateTransactionConfig {
        replace_recent_blockhash: true,
        commitment: Some(CommitmentConfig::confirmed()),
        accounts: Some(RpcSimulateTransactionAccountsConfig {
            encoding: None,
            addresses: vec![to.to_string()],
        }),
        ..Default::default()
    };
    let result = net
        .rpc
        .simulate_transaction_with_config(&unsigned, config.clone())
        .await
        .unwrap()
        .value;
    assert_eq!((result.err, result.units_consumed), (None, Some(150)));
    assert_eq!(
        result.accounts.unwrap()[0]
            .as_ref()
            .unwrap()
            .to_account()
            .unwrap()
            .lamports(),
        SOL
    );
    assert!(result.replacement_blockhash.is_some());
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), 0);

    let checked = RpcSimulateTransactionConfig {
        sig_verify: true,
        ..config
    };
    let error = net
        .rpc
        .simulate_transaction_with_config(&unsigned, checked)
        .await
        .unwrap_err();
    assert_eq!(answered(&error).0, -32602);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_answered_with_the_standard_codes() {
    let net = harness::start().await;
    let key = Keypair::new().pubkey().to_string();
    let token = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
    let cases = [
        (
            "getAccountInfo",
            json!(["bad"]),
            -32602,
            "Invalid param: WrongSize",
        ),
        (
            "getAccountInfo",
            json!(["abc!"]),
            -32602,
            "Invalid param: Invalid",
        ),
        (
            "getAccountInfo",
            json!([]),
            -32602,
            "`params` should have at least 1 argument(s)",
        ),
        (
            "getAccountInfo",
            json!([key, { "encoding": "nope" }]),
            -32602,
            "unknown variant `nope`",
        ),
        (
            "getAccountInfo",
            json!([key, { "minContextSlot": u64::MAX }]),
            -32016,
            "Minimum context slot",
        ),
        (
            "getTokenSupply",
            json!([key]),
            -32602,
            "Invalid param: could not find",
        ),
        (
            "getTokenAccountBalance",
            json!([token]),
            -32602,
            "Invalid param: not a Token account",
        ),
        (
            "getBlockTime",
            json!([99_999_999]),
            -32004,
            "Block not available for slot 99999999",
        ),
        (
            "getSignatureStatuses",
            json!([["bad"]]),
            -32602,
            "Invalid param: WrongSize",
        ),
        (
            "sendTransaction",
            json!(["xx"]),
            -32602,
            "failed to deserialize",
        ),
        (
            "sendTransaction",
            json!(["?", { "encoding": "base64" }]),
            -32602,
            "invalid base64 encoding",
        ),
        ("noSuchMethod", json!([]), -32601, "Method not found"),
    ];
    for (method, params, code, message) in cases {
        let error = call(&net, method, params.clone()).await.unwrap_err();
        let answer = answered(&error);
        assert_eq!(answer.0, code, "{method} {params}: {}", answer.1);
        assert!(
            answer.1.contains(message),
            "{method} {params}: {}",
            answer.1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_describes_itself() {
    let net = harness::start().await;
    net.rpc.get_health().await.unwrap();
    assert!(
        net.rpc
            .get_version()
            .await
            .unwrap()
            .solana_core
            .starts_with('4')
    );
    net.rpc.get_identity().await.unwrap();
    net.rpc.get_genesis_hash().await.unwrap();
    net.rpc.get_epoch_schedule().await.unwrap();
    let epoch = net.rpc.get_epoch_info().await.unwrap();
    assert_eq!((epoch.epoch, epoch.slots_in_epoch), (0, 432_000));
    assert!(net.rpc.supply().await.unwrap().value.total >= 500_000_000 * SOL);
    assert!(
        !net.rpc
            .get_recent_prioritization_fees(&[])
            .await
            .unwrap()
            .is_empty()
    );
    let rent = net
        .rpc
        .get_minimum_balance_for_rent_exemption(165)
        .await
        .unwrap();
    assert_eq!(rent, 2_039_280);
    let many = net
        .rpc
        .get_multiple_accounts(&[spl_token_interface::ID, Keypair::new().pubkey()])
        .await
        .unwrap();
    assert!(many[0].as_ref().unwrap().executable && many[1].is_none());
}
