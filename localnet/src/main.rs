//! `cyxwiz-localnet`: the embedded chain of the local stack, with the flags of `solana-test-validator` where they fit.

use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use cyxwiz_localnet::{ChainConfig, Config, Localnet, Program};
use serde_json::json;
use solana_keypair::read_keypair_file;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio::signal::unix::{SignalKind, signal};

/// A Solana chain in one process, for development.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Directory that keeps the chain; without it the chain lives in memory and ends with the process
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
    /// Forget what the ledger holds
    #[arg(long, requires = "ledger")]
    reset: bool,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1", value_name = "HOST")]
    bind_address: IpAddr,
    /// Port of the JSON-RPC; the websocket has the port after it; 0 takes any free pair
    #[arg(long, default_value_t = 8899, value_name = "PORT")]
    rpc_port: u16,
    /// Load a program that nobody can upgrade; the address may be a key pair file [repeatable]
    #[arg(long, num_args = 2, value_names = ["ADDRESS", "FILE.so"])]
    bpf_program: Vec<String>,
    /// Load a program with an upgrade authority: an address, a key pair file, or none [repeatable]
    #[arg(long, num_args = 3, value_names = ["ADDRESS", "FILE.so", "AUTHORITY"])]
    upgradeable_program: Vec<String>,
    /// Time between slots
    #[arg(long, default_value_t = 400, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    slot_ms: u64,
    /// Lamports of the account that pays airdrops, when the chain is new
    #[arg(
        long,
        default_value_t = 500_000_000_000_000_000,
        value_name = "LAMPORTS"
    )]
    faucet_lamports: u64,
    /// Allow the non-standard methods cyxwiz_advanceTime, cyxwiz_setTime and cyxwiz_advanceSlots
    #[arg(long)]
    allow_time_travel: bool,
    /// Print nothing but errors
    #[arg(long, short)]
    quiet: bool,
    /// Write {"rpc_url", "ws_url", "pid"} here once the chain answers
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // The virtual machine reports every failed transaction as an error of its own.
    let filter = if arguments.quiet {
        "error,litesvm=off"
    } else {
        "warn,cyxwiz_localnet=info,litesvm=off"
    };
    cyxwiz_telemetry::init_logs(cyxwiz_telemetry::LogFormat::Text, filter)?;
    let config = Config {
        bind_address: arguments.bind_address,
        rpc_port: arguments.rpc_port,
        slot_time: Duration::from_millis(arguments.slot_ms),
        allow_time_travel: arguments.allow_time_travel,
        chain: ChainConfig {
            programs: programs(&arguments)?,
            ledger: arguments.ledger,
            reset: arguments.reset,
            faucet_lamports: arguments.faucet_lamports,
        },
    };
    // Before the chain is announced, so that no signal meets a process that does not listen for it.
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;

    let localnet = Localnet::start(config).await?;
    if let Some(path) = &arguments.port_file {
        announce(path, &localnet)?;
    }
    if !arguments.quiet {
        let (rpc, ws) = (&localnet.rpc_url, &localnet.ws_url);
        let faucet = localnet.faucet();
        // A closed standard output is no reason to stop.
        let _ = writeln!(
            std::io::stdout(),
            "ready: rpc {rpc} websocket {ws} faucet {faucet}"
        );
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    localnet.shutdown().await?;
    if let Some(path) = &arguments.port_file {
        // Gone already is as good.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Writes the port file in one step, so that whoever polls for it never reads half of it.
fn announce(path: &Path, localnet: &Localnet) -> Result<()> {
    let body = json!({ "rpc_url": localnet.rpc_url, "ws_url": localnet.ws_url, "pid": std::process::id() });
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    std::fs::write(&fresh, body.to_string())
        .and_then(|()| std::fs::rename(&fresh, path))
        .with_context(|| format!("cannot write the port file {}", path.display()))
}

fn programs(arguments: &Arguments) -> Result<Vec<Program>> {
    let fixed = arguments
        .bpf_program
        .chunks_exact(2)
        .map(|words| program(&words[0], &words[1], None));
    let upgradeable = arguments
        .upgradeable_program
        .chunks_exact(3)
        .map(|words| program(&words[0], &words[1], Some(&words[2])));
    fixed.chain(upgradeable).collect()
}

fn program(address_word: &str, image: &str, authority: Option<&str>) -> Result<Program> {
    Ok(Program {
        address: address(address_word)?,
        image: PathBuf::from(image),
        upgrade_authority: authority
            .filter(|word| *word != "none")
            .map(address)
            .transpose()?,
    })
}

/// Reads an address, or the key pair file that it is the public half of.
fn address(word: &str) -> Result<Pubkey> {
    if let Ok(address) = Pubkey::from_str(word) {
        return Ok(address);
    }
    if !Path::new(word).exists() {
        bail!("{word:?} is neither an address in base58 nor a key pair file");
    }
    let keypair =
        read_keypair_file(word).map_err(|error| anyhow!("key pair file {word}: {error}"))?;
    Ok(keypair.pubkey())
}
