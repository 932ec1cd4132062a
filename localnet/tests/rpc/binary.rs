//! The program itself: flags, port file, signals, and what survives `kill -9`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use solana_keypair::Keypair;
use solana_rpc_client::nonblocking::rpc_client::RpcClient;
use solana_signer::Signer;

use crate::harness::{self, SOL, client, eventually, fund, transaction, transfer};

/// A running process, killed when dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn localnet(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cyxwiz-localnet"));
    command
        .args(["--rpc-port", "0", "--slot-ms", "50", "--ledger"])
        .arg(directory.join("ledger"))
        .arg("--port-file")
        .arg(directory.join("ports.json"));
    command
}

async fn start(directory: &Path) -> (Process, RpcClient) {
    let ports = directory.join("ports.json");
    let _ = fs::remove_file(&ports);
    let process = Process(localnet(directory).arg("--quiet").spawn().unwrap());
    let announced: Value = eventually(|| async {
        fs::read(&ports)
            .ok()
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
    })
    .await;
    assert_eq!(announced["pid"], process.0.id());
    let rpc = client(announced["rpc_url"].as_str().unwrap());
    (process, rpc)
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_transactions_survive_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let (process, rpc) = start(directory.path()).await;
    let (from, to) = (Keypair::new(), Keypair::new().pubkey());
    fund(&rpc, &from.pubkey(), 100 * SOL).await;
    let mut confirmed = Vec::new();
    for lamports in 1..=20 {
        let transaction =
            transaction(&rpc, &[transfer(&from, &to, SOL + lamports)], &[&from]).await;
        confirmed.push(
            rpc.send_and_confirm_transaction(&transaction)
                .await
                .unwrap(),
        );
    }
    let balance = rpc.get_balance(&from.pubkey()).await.unwrap();
    drop(process);

    let (_process, rpc) = start(directory.path()).await;
    assert_eq!(rpc.get_balance(&from.pubkey()).await.unwrap(), balance);
    assert_eq!(rpc.get_balance(&to).await.unwrap(), 20 * SOL + 210);
    for signature in confirmed {
        assert_eq!(
            rpc.get_signature_status(&signature).await.unwrap(),
            Some(Ok(()))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn says_when_it_is_ready_and_stops_when_asked() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let directory = tempfile::tempdir().unwrap();
        let mut process = Process(
            localnet(directory.path())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(
            (words[0], words[1], words[3]),
            ("ready:", "rpc", "websocket"),
            "{line}"
        );
        let port = |url: &str| url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
        assert_eq!(port(words[2]) + 1, port(words[4]));
        client(words[2]).get_health().await.unwrap();

        kill(Pid::from_raw(process.0.id() as i32), signal).unwrap();
        let status = eventually(|| {
            let status = process.0.try_wait().unwrap();
            async move { status }
        })
        .await;
        assert!(status.success(), "{signal}: {status}");
        assert!(!directory.path().join("ports.json").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_in_use_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (_process, _) = start(directory.path()).await;
    let second = localnet(directory.path()).output().unwrap();
    assert!(!second.status.success());
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(message.contains("in use by another process"), "{message}");
    // Refusing must not disturb the first one's clients.
    tokio::time::timeout(
        Duration::from_secs(10),
        harness::fund(
            &start_client(directory.path()),
            &Keypair::new().pubkey(),
            SOL,
        ),
    )
    .await
    .unwrap();
}

fn start_client(directory: &Path) -> RpcClient {
    let announced: Value =
        serde_json::from_slice(&fs::read(directory.join("ports.json")).unwrap()).unwrap();
    client(announced["rpc_url"].as_str().unwrap())
}
