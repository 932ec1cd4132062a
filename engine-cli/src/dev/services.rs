//! Configuration and start of the coordinator and the nodes.

use std::{fs, path::PathBuf, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    layout::{Binaries, Layout},
    ports,
    process::{Program, Running},
    state::State,
};
use crate::{
    error::{Error, Result},
    flow::journal::write_durably,
};

/// The coordinator's name among the processes.
pub const COORDINATOR: &str = "coordinator";
/// What each node of the stack stakes, in CYXWIZ: enough for jobs below 200.
const STAKE: &str = "1000";

/// Where the coordinator listens.
#[derive(Debug, Clone, Deserialize)]
pub struct CoordinatorPorts {
    grpc: String,
    http: String,
}

impl CoordinatorPorts {
    /// gRPC as a URL.
    pub fn grpc_url(&self) -> String {
        url(&self.grpc)
    }

    /// HTTP as a URL.
    pub fn http_url(&self) -> String {
        url(&self.http)
    }
}

/// The coordinator of a stack.
///
/// # Errors
/// [`Error::File`].
pub fn coordinator(
    layout: &Layout,
    binaries: &Binaries,
    state: &State,
    rpc_url: &str,
    database_url: &str,
) -> Result<Program> {
    // A port of its own is free once it is stopped.
    let runs = state.process(COORDINATOR).is_some_and(Running::is_alive);
    let grpc = listen(state.coordinator.as_deref(), runs)?;
    let http = listen(state.coordinator_http.as_deref(), runs)?;
    let settings = json!({
        "server": { "shutdown_grace": "2s" },
        "database": { "url": database_url },
        "chain": { "rpc_url": rpc_url },
        "wallet": { "path": layout.wallet(COORDINATOR) },
        // A developer runs the same job all day, and waits for it.
        "jobs": { "per_day": 100_000 },
        "nodes": { "heartbeat": "2s", "stale_after": "10s" },
        "workers": {
            "chain_writer": "100ms", "indexer": "300ms", "transcripts": "300ms",
            "placement": "500ms", "nodes": "2s"
        },
    });
    let path = write_config(layout, COORDINATOR, &settings)?;
    Ok(
        Program::new(COORDINATOR, binaries.binary("cyxwiz-coordinator"))
            .arg("--config")
            .arg(&path)
            .arg("--port-file")
            .arg(layout.port_file(COORDINATOR))
            .reads(path)
            .passing_args(["--grpc-listen", &grpc, "--http-listen", &http]),
    )
}

/// Waits until the coordinator serves.
///
/// # Errors
/// [`Error::Process`].
pub async fn coordinator_ports(
    layout: &Layout,
    running: &Running,
    limit: Duration,
) -> Result<CoordinatorPorts> {
    running
        .port_file(&layout.port_file(COORDINATOR), limit)
        .await
}

/// Name of node `number` among the processes.
pub fn node_name(number: u32) -> String {
    format!("node-{number}")
}

/// Node `number` of a stack; it registers and stakes by itself.
///
/// # Errors
/// [`Error::File`].
pub fn node(
    layout: &Layout,
    binaries: &Binaries,
    number: u32,
    rpc_url: &str,
    coordinator_url: &str,
) -> Result<Program> {
    let name = node_name(number);
    let settings = json!({
        "data_dir": layout.node_data(number),
        "wallet": layout.wallet(&name),
        "rpc_url": rpc_url,
        "coordinator": coordinator_url,
        "listen": "127.0.0.1:0",
        "region": "local",
        "jobs": { "poll": "300ms" },
        "proof": { "keys": layout.keys() },
    });
    let path = write_config(layout, &name, &settings)?;
    Ok(Program::new(&name, binaries.binary("cyxwiz-node"))
        .arg("--config")
        .arg(&path)
        .arg("run")
        .arg("--register")
        .arg("--stake")
        .arg(STAKE)
        .arg("--port-file")
        .arg(layout.port_file(&name))
        .reads(path)
        .reads(binaries.binary("cyxwiz-trainer")))
}

/// Writes a configuration, if it is another one: an unchanged file means no restart.
fn write_config(layout: &Layout, name: &str, settings: &Value) -> Result<PathBuf> {
    let path = layout.run().join(format!("{name}.toml"));
    let text =
        toml::to_string(settings).map_err(|error| Error::content("configuration", &path, error))?;
    if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
        write_durably(&path, text.as_bytes())?;
    }
    Ok(path)
}

/// The address of an earlier run if its port is free or its own, else any.
fn listen(earlier: Option<&str>, own: bool) -> Result<String> {
    let port = match earlier.and_then(ports::of_url) {
        Some(port) if own => port,
        port => ports::free(port, 1)?,
    };
    Ok(format!("127.0.0.1:{port}"))
}

fn url(address: &str) -> String {
    if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    }
}
