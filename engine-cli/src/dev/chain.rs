//! The stack's chain: `cyxwiz-localnet` with the programs.

use std::{net::TcpListener, time::Duration};

use cyxwiz_chain::programs;
use cyxwiz_domain::Address;
use serde::Deserialize;

use super::{
    layout::{Binaries, Layout},
    process::{Program, Running},
};
use crate::error::Result;

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
/// [`crate::error::Error::File`] if a program is missing.
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
    let images = [
        (programs::job_escrow(), "job_escrow"),
        (programs::node_registry(), "node_registry"),
        (programs::reputation(), "reputation"),
        (programs::vesting(), "vesting"),
    ];
    for (address, name) in images {
        let image = binaries.program(name)?;
        program = program
            .arg("--upgradeable-program")
            .arg(address.to_string())
            .arg(&image)
            .arg(&admin)
            .reads(image);
    }
    let port = earlier
        .and_then(port_of)
        .filter(|port| runs || pair_is_free(*port))
        .unwrap_or(0);
    Ok(program.passing_args(["--rpc-port".to_owned(), port.to_string()]))
}

/// Waits until the chain answers.
///
/// # Errors
/// [`crate::error::Error::Process`].
pub async fn wait(layout: &Layout, running: &Running, limit: Duration) -> Result<Ports> {
    running.port_file(&layout.port_file(NAME), limit).await
}

fn port_of(url: &str) -> Option<u16> {
    url.trim_end_matches('/').rsplit_once(':')?.1.parse().ok()
}

/// The websocket needs the port after the RPC's.
fn pair_is_free(port: u16) -> bool {
    let free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
    port.checked_add(1)
        .is_some_and(|next| free(port) && free(next))
}
