//! The stack's chain: `cyxwiz-localnet` with the programs, or one that runs already.

use std::time::Duration;

use cyxwiz_chain::{Chain, programs};
use cyxwiz_domain::Address;
use serde::Deserialize;

use super::{
    genesis::Wallets,
    layout::{Binaries, Layout},
    ports,
    process::{Program, Running},
};
use crate::error::{Error, Result};

/// Its name among the processes.
pub const NAME: &str = "localnet";

/// Where the chain listens.
#[derive(Debug, Clone, Deserialize)]
pub struct Ports {
    /// JSON-RPC.
    pub rpc_url: String,
    /// Websocket.
    pub ws_url: String,
}

/// The process; `earlier` is the URL it had before, which it gets again if the port is free
/// or its own (`runs`). With `time_travel` its clock can be moved.
///
/// # Errors
/// [`Error::File`] if a program is missing, [`Error::Usage`] if no port is free.
pub fn program(
    layout: &Layout,
    binaries: &Binaries,
    admin: Address,
    earlier: Option<&str>,
    runs: bool,
    time_travel: bool,
) -> Result<Program> {
    let admin = admin.to_string();
    let mut program = Program::new(NAME, binaries.binary("cyxwiz-localnet"))
        .arg("--quiet")
        .arg("--ledger")
        .arg(layout.root().join("chain"))
        .arg("--port-file")
        .arg(layout.port_file(NAME));
    if time_travel {
        program = program.arg("--allow-time-travel");
    }
    for (address, name) in images() {
        let image = binaries.program(name)?;
        program = program
            .arg("--upgradeable-program")
            .arg(address.to_string())
            .arg(&image)
            .arg(&admin)
            .reads(image);
    }
    let port = match earlier.and_then(ports::of_url) {
        Some(port) if runs => port,
        // The websocket needs the port after the RPC's.
        port => ports::free(port, 2)?,
    };
    Ok(program.passing_args(["--rpc-port".to_owned(), port.to_string()]))
}

/// The programs of the market: address, and name of the image.
pub fn images() -> [(Address, &'static str); 5] {
    [
        (programs::job_escrow(), "job_escrow"),
        (programs::node_registry(), "node_registry"),
        (programs::reputation(), "reputation"),
        (programs::training_proof(), "training_proof"),
        (programs::vesting(), "vesting"),
    ]
}

/// Where the chain at `url` listens; its websocket is at the next port, as of every validator.
///
/// # Errors
/// [`Error::Usage`] if a program is not deployed there; [`Error::Chain`] if it cannot be reached.
pub async fn given(url: &str, wallets: &Wallets) -> Result<Ports> {
    let chain = Chain::new(url);
    chain.health().await?;
    for (address, name) in images() {
        if !chain.exists(address).await? {
            let admin = wallets.admin.address();
            return Err(Error::Usage(format!(
                "{name} is not deployed at {url}: deploy the programs with the stack's admin {admin} as upgrade authority, \
                 for example with solana-test-validator --upgradeable-program {address} target/deploy/{name}.so {admin}"
            )));
        }
    }
    let ws_url = match ports::of_url(url).and_then(|port| Some((port, port.checked_add(1)?))) {
        Some((port, next)) => url.replace(&format!(":{port}"), &format!(":{next}")),
        None => url.to_owned(),
    };
    let rpc_url = url.to_owned();
    Ok(Ports {
        rpc_url,
        ws_url: ws_url.replacen("http", "ws", 1),
    })
}

/// Waits until the chain answers.
///
/// # Errors
/// [`Error::Process`].
pub async fn wait(layout: &Layout, running: &Running, limit: Duration) -> Result<Ports> {
    running.port_file(&layout.port_file(NAME), limit).await
}
