//! `cyxwiz wallet new`.

use cyxwiz_pki::Wallet;
use serde_json::json;

use crate::{error::Result, printer::Printer, settings::Settings};

/// Draws a key and writes it to the wallet file.
///
/// # Errors
/// [`crate::error::Error::Wallet`] if there is a file already.
pub fn run(settings: &Settings, printer: Printer) -> Result<()> {
    let wallet = Wallet::generate();
    wallet.write_new(&settings.wallet)?;
    let (address, path) = (wallet.address(), settings.wallet.display().to_string());
    printer.result(&json!({ "address": address, "wallet": path }), || {
        address.to_string()
    });
    printer.note(format_args!(
        "written to {path}; who has this file has the money, so keep a copy safe"
    ));
    Ok(())
}
