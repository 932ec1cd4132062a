//! `create-token`: creates the CYXWIZ token and its vested allocations, once. See scripts/create-token.

use std::{
    io::{Write as _, stdout},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use clap::Parser;
use cyxwiz_chain::{Chain, Signer};
use cyxwiz_domain::Address;
use cyxwiz_pki::Wallet;
use cyxwiz_token_launch::{Launch, Plan};

/// Mints 1,000,000,000 CYXWIZ, once and for all, and gives them to their vested allocations.
/// Running it again finishes what was interrupted.
#[derive(Parser)]
#[command(name = "create-token", version)]
struct Arguments {
    /// Address of the chain's JSON-RPC
    #[arg(long, value_name = "URL")]
    rpc_url: String,
    /// The wallet that pays, and that holds the supply until it is allocated
    #[arg(long, value_name = "FILE")]
    keypair: PathBuf,
    /// Names, shares and schedules
    #[arg(long, value_name = "FILE", default_value = "config/allocations.toml")]
    allocations: PathBuf,
    /// The wallet of an allocation [repeatable]
    #[arg(long, value_name = "KEY=ADDRESS", value_parser = beneficiary)]
    beneficiary: Vec<(String, Address)>,
    /// Tells this wallet's tokens apart; the mint's address follows from both
    #[arg(long, value_name = "NAME", default_value = "cyxwiz")]
    seed: String,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

fn beneficiary(text: &str) -> Result<(String, Address), String> {
    let (key, address) = text
        .split_once('=')
        .ok_or_else(|| format!("'{text}' is not KEY=ADDRESS"))?;
    let address = address
        .parse()
        .map_err(|error| format!("'{address}': {error}"))?;
    Ok((key.to_owned(), address))
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let path = &arguments.allocations;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("read the allocations {}", path.display()))?;
    let mut plan = Plan::parse(&text).with_context(|| path.display().to_string())?;
    for (key, address) in &arguments.beneficiary {
        plan.assign(key, *address)?;
    }
    let wallet = Wallet::read(&arguments.keypair)?;
    let funder = Signer::from_keypair_bytes(&wallet.to_keypair_bytes())?;
    let chain = Chain::new(&arguments.rpc_url);
    let report = Launch::new(chain, funder, plan, &arguments.seed)
        .run()
        .await
        .context("launch the token")?;
    let text = if arguments.json {
        serde_json::to_string(&report)?
    } else {
        report.table()
    };
    writeln!(stdout().lock(), "{text}")?;
    Ok(())
}
