//! Logs and metrics of the binaries, one call each from `main`, and the pages that
//! show them.

pub mod http;

use std::{io::IsTerminal as _, time::Duration};

use tracing_subscriber::EnvFilter;

/// Between two rounds of summing up.
const UPKEEP: Duration = Duration::from_secs(5);

pub use metrics_exporter_prometheus::PrometheusHandle;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

/// Sends logs to standard error. `RUST_LOG` overrides `default_filter`.
///
/// # Errors
/// If a logger is already installed.
pub fn init_logs(format: LogFormat, default_filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| default_filter.into());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for terminals, not for the files that logs end in.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("install the logger: {error}"))
}

/// Collects metrics in this process; the handle renders them for Prometheus.
///
/// # Errors
/// If a recorder is already installed, or no thread can be started.
pub fn init_metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()?;
    let kept = handle.clone();
    // Samples of histograms pile up until somebody asks for them, which may be never.
    std::thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(UPKEEP);
                kept.run_upkeep();
            }
        })?;
    Ok(handle)
}
