//! A chain of its own for each test, and clients for it.

use std::future::Future;
use std::time::{Duration, Instant};

use cyxwiz_localnet::{Config, Localnet};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::{Message, VersionedMessage};
use solana_pubkey::Pubkey;
use solana_pubsub_client::nonblocking::pubsub_client::PubsubClient;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::versioned::VersionedTransaction;

pub const SOL: u64 = 1_000_000_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// A chain and a client for it.
pub struct Net {
    pub rpc: RpcClient,
    pub ws_url: String,
    /// Absent when a reference validator is used.
    pub localnet: Option<Localnet>,
}

/// A chain in memory, or the reference validator.
pub async fn start() -> Net {
    match (
        std::env::var("REFERENCE_RPC_URL"),
        std::env::var("REFERENCE_WS_URL"),
    ) {
        (Ok(rpc_url), Ok(ws_url)) => Net {
            rpc: client(&rpc_url),
            ws_url,
            localnet: None,
        },
        _ => {
            start_with(Config {
                slot_time: Duration::from_millis(50),
                ..Config::default()
            })
            .await
        }
    }
}

/// A chain of our own, whatever is set.
pub async fn start_with(config: Config) -> Net {
    let localnet = Localnet::start(config).await.unwrap();
    Net {
        rpc: client(&localnet.rpc_url),
        ws_url: localnet.ws_url.clone(),
        localnet: Some(localnet),
    }
}

pub fn client(url: &str) -> RpcClient {
    RpcClient::new_with_commitment(url.to_owned(), CommitmentConfig::confirmed())
}

impl Net {
    pub async fn pubsub(&self) -> PubsubClient {
        PubsubClient::new(&self.ws_url).await.unwrap()
    }

    /// A new wallet with 10 SOL.
    pub async fn wallet(&self) -> Keypair {
        let wallet = Keypair::new();
        fund(&self.rpc, &wallet.pubkey(), 10 * SOL).await;
        wallet
    }
}

/// Airdrops and waits until it arrived.
pub async fn fund(rpc: &RpcClient, to: &Pubkey, lamports: u64) {
    let signature = rpc.request_airdrop(to, lamports).await.unwrap();
    eventually(|| async {
        rpc.confirm_transaction(&signature)
            .await
            .unwrap()
            .then_some(())
    })
    .await;
}

/// A signed transaction of `instructions`, paid by the first signer, with the latest blockhash.
pub async fn transaction(
    rpc: &RpcClient,
    instructions: &[Instruction],
    signers: &[&Keypair],
) -> VersionedTransaction {
    let blockhash = rpc.get_latest_blockhash().await.unwrap();
    let message = Message::new_with_blockhash(instructions, Some(&signers[0].pubkey()), &blockhash);
    VersionedTransaction::try_new(VersionedMessage::Legacy(message), signers).unwrap()
}

/// Signs, sends and confirms.
pub async fn send(
    rpc: &RpcClient,
    instructions: &[Instruction],
    signers: &[&Keypair],
) -> Signature {
    let transaction = transaction(rpc, instructions, signers).await;
    rpc.send_and_confirm_transaction(&transaction)
        .await
        .unwrap()
}

pub fn transfer(from: &Keypair, to: &Pubkey, lamports: u64) -> Instruction {
    solana_system_interface::instruction::transfer(&from.pubkey(), to, lamports)
}

/// Asks again until there is an answer.
pub async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "nothing within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The next item of a subscription.
pub async fn next<T>(stream: &mut (impl futures::Stream<Item = T> + Unpin)) -> T {
    tokio::time::timeout(PATIENCE, futures::StreamExt::next(stream))
        .await
        .unwrap()
        .unwrap()
}
