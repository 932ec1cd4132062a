//! `cyxwiz wallet airdrop`.

use cyxwiz_chain::Chain;
use cyxwiz_pki::Wallet;
use serde_json::json;

use crate::{error::Result, printer::Printer, settings::Settings};

const LAMPORTS_PER_SOL: u64 = 1_000_000_000;

/// Asks the chain's faucet for `sol` SOL.
///
/// # Errors
/// A missing wallet, a chain without a faucet.
pub async fn run(settings: &Settings, printer: Printer, sol: u64) -> Result<()> {
    let address = Wallet::read(&settings.wallet)?.address();
    let chain = Chain::new(&settings.rpc_url);
    let signature = chain.airdrop(address, sol * LAMPORTS_PER_SOL).await?;
    let lamports = chain.lamports(address).await?;
    let value = json!({ "address": address, "signature": signature, "lamports": lamports });
    printer.result(&value, || {
        format!("{sol} SOL to {address}: transaction {signature}")
    });
    Ok(())
}
