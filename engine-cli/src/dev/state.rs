//! What a stack remembers between commands.

use std::{fs, io, path::PathBuf};

use cyxwiz_domain::Address;
use serde::{Deserialize, Serialize};

use super::{layout::Layout, process::Running};
use crate::{
    error::{Error, Result},
    flow::journal::write_durably,
};

/// The processes of a stack and where they listen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Started by `dev up`, in the order of their start.
    pub processes: Vec<Running>,
    /// Solana JSON-RPC.
    pub rpc_url: Option<String>,
    /// Solana websocket.
    pub ws_url: Option<String>,
    /// Coordinator, gRPC.
    pub coordinator: Option<String>,
    /// Coordinator, HTTP.
    pub coordinator_http: Option<String>,
    /// Port of the private Postgres.
    pub postgres_port: Option<u16>,
    /// Its data, which lies elsewhere when its user cannot reach the stack's directory.
    pub postgres_data: Option<PathBuf>,
    /// The CYXWIZ mint.
    pub mint: Option<Address>,
}

impl State {
    /// Reads the state of the stack at `layout`; empty where there is none.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Content`].
    pub fn read(layout: &Layout) -> Result<Self> {
        let path = layout.state_file();
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|e| Error::content("stack", path, e))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Error::file("stack", path)(error)),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn save(&self, layout: &Layout) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(self).expect("the state has string keys");
        write_durably(&layout.state_file(), &bytes)
    }

    /// The process called `name`.
    pub fn process(&self, name: &str) -> Option<&Running> {
        self.processes.iter().find(|process| process.name == name)
    }

    /// Notes a process in the place of an earlier one of the same name.
    pub fn note(&mut self, process: Running) {
        self.processes.retain(|known| known.name != process.name);
        self.processes.push(process);
    }
}
