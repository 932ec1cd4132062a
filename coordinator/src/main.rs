//! `cyxwiz-coordinator`: see `--help`.

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use cyxwiz_coordinator::{server::Server, settings::Settings};
use cyxwiz_telemetry::LogFormat;
use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};

/// Matches training jobs to staked nodes and issues their credentials.
///
/// Settings come from the file, then from CYXWIZ_COORDINATOR__SECTION__KEY in the
/// environment, then from the flags below; the later wins.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Settings file (TOML).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Flags,
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value = "text")]
    log_format: Format,
    /// Written when ready: {"grpc": "host:port", "http": "host:port", "pid": number}.
    #[arg(long, global = true, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM or SIGINT (the default).
    Serve,
    /// Prints the settings as they would be used, without secrets, and ends.
    CheckConfig,
}

#[derive(clap::Args)]
struct Flags {
    /// Where gRPC listens; port 0 for any.
    #[arg(long, global = true, value_name = "HOST:PORT")]
    grpc_listen: Option<SocketAddr>,
    /// Where health, metrics and keys are served; port 0 for any.
    #[arg(long, global = true, value_name = "HOST:PORT")]
    http_listen: Option<SocketAddr>,
    /// Postgres.
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The Solana node's JSON-RPC address.
    #[arg(long, global = true, value_name = "URL")]
    rpc_url: Option<String>,
    /// The coordinator's key pair file.
    #[arg(long, global = true, value_name = "FILE")]
    wallet: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Flags {
    /// Those given, in the shape of the settings.
    fn settings(&self) -> Value {
        let mut sections = Map::new();
        let mut set = |section: &str, key: &str, value: Option<Value>| {
            if let Some(value) = value {
                let section = sections.entry(section).or_insert_with(|| json!({}));
                section[key] = value;
            }
        };
        set(
            "server",
            "grpc_listen",
            self.grpc_listen.map(|at| json!(at)),
        );
        set(
            "server",
            "http_listen",
            self.http_listen.map(|at| json!(at)),
        );
        set(
            "database",
            "url",
            self.database_url.as_ref().map(|url| json!(url)),
        );
        set(
            "chain",
            "rpc_url",
            self.rpc_url.as_ref().map(|url| json!(url)),
        );
        set(
            "wallet",
            "path",
            self.wallet.as_ref().map(|path| json!(path)),
        );
        Value::Object(sections)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    let _scenario = fail::FailScenario::setup();
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let settings = Settings::load(cli.config.as_deref(), &cli.flags.settings())?;
    if let Some(Command::CheckConfig) = cli.command {
        return print(&settings);
    }
    let format = match cli.log_format {
        Format::Text => LogFormat::Text,
        Format::Json => LogFormat::Json,
    };
    cyxwiz_telemetry::init_logs(format, "info,sqlx::postgres::notice=warn")?;
    let prometheus = cyxwiz_telemetry::init_metrics()?;
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );

    tracing::info!(?settings, "starting");
    let mut server = Server::start(settings, prometheus).await?;
    if let Some(file) = &cli.port_file {
        write_port_file(file, &server)?;
    }
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        error = server.failed() => Some(error),
    };
    tracing::info!("stopping");
    server.stop().await;
    failure.map_or(Ok(()), Err)
}

/// Whole or not at all: whoever waits for the file reads it at once.
fn write_port_file(file: &std::path::Path, server: &Server) -> anyhow::Result<()> {
    let ports = json!({"grpc": server.grpc, "http": server.http, "pid": std::process::id()});
    let new = file.with_extension("new");
    fs::write(&new, format!("{ports}\n"))
        .and_then(|()| fs::rename(&new, file))
        .with_context(|| format!("write {}", file.display()))
}

#[allow(clippy::print_stdout, reason = "the command's output")]
fn print(settings: &Settings) -> anyhow::Result<()> {
    let mut shown = serde_json::to_value(settings)?;
    shown["database"]["url"] = json!("(not shown)");
    println!("{}", serde_json::to_string_pretty(&shown)?);
    Ok(())
}
