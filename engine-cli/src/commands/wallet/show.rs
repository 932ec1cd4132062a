//! `cyxwiz wallet show`.

use cyxwiz_chain::Chain;
use cyxwiz_domain::Amount;
use cyxwiz_pki::Wallet;
use serde_json::json;

use crate::{error::Result, printer::Printer, settings::Settings};

/// Shows address and balances; with `address_only` without asking the chain.
///
/// # Errors
/// A missing wallet, a chain that does not answer.
pub async fn run(settings: &Settings, printer: Printer, address_only: bool) -> Result<()> {
    let address = Wallet::read(&settings.wallet)?.address();
    if address_only {
        printer.result(&json!({ "address": address }), || address.to_string());
        return Ok(());
    }
    let chain = Chain::new(&settings.rpc_url);
    let mint = chain.escrow_config().await?.mint;
    let lamports = chain.lamports(address).await?;
    let balance = chain.token_balance(address, mint).await?;
    let value = json!({
        "address": address, "lamports": lamports, "balance": balance.0, "mint": mint,
        "wallet": settings.wallet,
    });
    printer.result(&value, || {
        // SOL has nine decimal places as well.
        let sol = Amount(lamports);
        format!("address  {address}\nSOL      {sol}\nCYXWIZ   {balance}")
    });
    Ok(())
}
