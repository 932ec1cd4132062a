//! `cyxwiz dev status`.

use std::path::PathBuf;

use serde_json::json;

use super::layout;
use crate::{
    dev::state::State,
    error::Result,
    printer::{Printer, table},
    settings::Settings,
};

/// Shows what runs.
///
/// # Errors
/// [`crate::error::Error::File`].
pub fn run(settings: &Settings, printer: Printer, dir: Option<PathBuf>) -> Result<()> {
    let layout = layout(settings, dir.as_ref())?;
    let state = State::read(&layout)?;
    let processes: Vec<_> = state
        .processes
        .iter()
        .map(|process| {
            json!({
                "name": process.name, "pid": process.pid, "running": process.is_alive(), "log": process.log,
            })
        })
        .collect();
    let value = json!({
        "dir": layout.root(), "processes": processes, "rpc_url": state.rpc_url,
        "coordinator": state.coordinator,
    });
    printer.result(&value, || {
        if state.processes.is_empty() {
            return format!("no stack runs in {}", layout.root().display());
        }
        let mut rows = table(&["process", "pid", "", "log"]);
        for process in &state.processes {
            let running = if process.is_alive() {
                "running"
            } else {
                "ended"
            };
            let (pid, log) = (process.pid.to_string(), process.log.display().to_string());
            rows.add_row([process.name.as_str(), &pid, running, &log]);
        }
        rows.trim_fmt()
    });
    Ok(())
}
