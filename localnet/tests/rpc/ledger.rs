//! What a chain with a ledger remembers from one start to the next.

use std::path::Path;
use std::time::Duration;

use cyxwiz_localnet::{ChainConfig, Config};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_signer::Signer;
use solana_transaction_error::TransactionError;

use crate::harness::{self, SOL, transaction, transfer};

fn on_disk(directory: &Path, reset: bool) -> Config {
    let ledger = Some(directory.to_path_buf());
    Config {
        slot_time: Duration::from_millis(50),
        chain: ChainConfig {
            ledger,
            reset,
            ..Config::default().chain
        },
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_chain_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let mut net = harness::start_with(on_disk(directory.path(), false)).await;
    let (from, to) = (net.wallet().await, Keypair::new().pubkey());
    let sent = transaction(&net.rpc, &[transfer(&from, &to, SOL)], &[&from]).await;
    let signature = net.rpc.send_and_confirm_transaction(&sent).await.unwrap();
    let pending = transaction(&net.rpc, &[transfer(&from, &to, 2 * SOL)], &[&from]).await;
    let genesis = net.rpc.get_genesis_hash().await.unwrap();
    let slot = net.rpc.get_slot().await.unwrap();
    net.localnet.take().unwrap().shutdown().await.unwrap();

    let net = harness::start_with(on_disk(directory.path(), false)).await;
    assert_eq!(net.rpc.get_genesis_hash().await.unwrap(), genesis);
    assert!(net.rpc.get_slot().await.unwrap() > slot);
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), SOL);
    assert_eq!(
        net.rpc.get_signature_status(&signature).await.unwrap(),
        Some(Ok(()))
    );
    assert_eq!(
        net.rpc.get_signatures_for_address(&to).await.unwrap().len(),
        1
    );
    // A blockhash from before still counts, and so does what was done with it.
    let again = net.rpc.send_transaction(&sent).await.unwrap_err();
    assert_eq!(
        again.get_transaction_error(),
        Some(TransactionError::AlreadyProcessed)
    );
    let blockhash = *pending.message.recent_blockhash();
    assert!(
        net.rpc
            .is_blockhash_valid(&blockhash, CommitmentConfig::confirmed())
            .await
            .unwrap()
    );
    net.rpc
        .send_and_confirm_transaction(&pending)
        .await
        .unwrap();
    assert_eq!(net.rpc.get_balance(&to).await.unwrap(), 3 * SOL);
    // The faucet is the same one, and still pays.
    harness::fund(&net.rpc, &to, SOL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_chain_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut net = harness::start_with(on_disk(directory.path(), false)).await;
    let wallet = net.wallet().await;
    net.localnet.take().unwrap().shutdown().await.unwrap();
    let net = harness::start_with(on_disk(directory.path(), true)).await;
    assert_eq!(net.rpc.get_balance(&wallet.pubkey()).await.unwrap(), 0);
}
