//! The command line, and nothing else.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use cyxwiz_domain::Amount;
use cyxwiz_telemetry::LogFormat;
use figment::value::Value;

use crate::{
    config::{ConfigError, Device, Settings},
    confine::ConfineArgs,
};

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 refused by the chain, 4 chain or coordinator unreachable.
Settings come from --config, then CYXWIZ_NODE__* (like CYXWIZ_NODE__JOBS__ANCHOR_EVERY=5), then flags.";

/// A CyxWiz server node.
#[derive(Debug, Parser)]
#[command(version, about = "Stakes, serves training jobs and gets paid", after_help = EXIT_CODES)]
pub struct Cli {
    /// Settings that every command knows.
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve jobs until told to stop
    Run(RunArgs),
    /// Register or describe this node on the chain
    Register {
        /// Stake up to this many CYXWIZ in all
        #[arg(long)]
        stake: Option<Amount>,
    },
    /// Stake more
    Stake {
        /// CYXWIZ
        amount: Amount,
    },
    /// Ask for stake back; it can be withdrawn after the cool-down
    Unstake {
        /// CYXWIZ
        amount: Amount,
    },
    /// Withdraw the stake that was asked back
    Withdraw,
    /// Claim the reward that the stake has earned
    Claim,
    /// Show what the chain says of this node
    Status {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Check whether this machine can serve jobs
    Preflight {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Limit this process and become a trainer
    #[command(hide = true)]
    Confine(ConfineArgs),
}

/// Of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Register this node first, if it is not
    #[arg(long)]
    pub register: bool,
    /// Stake up to this many CYXWIZ in all
    #[arg(long)]
    pub stake: Option<Amount>,
    /// Write {"endpoint", "http", "pid", "wallet"} here when ready
    #[arg(long)]
    pub port_file: Option<PathBuf>,
}

/// Settings that flags may override.
#[derive(Debug, Args)]
pub struct SettingsArgs {
    /// TOML file with settings
    #[arg(long, global = true)]
    pub config: Option<PathBuf>,
    /// Where jobs, certificate and notes live
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// The owner's key file [default: wallet.json in the data directory]
    #[arg(long, global = true)]
    wallet: Option<PathBuf>,
    /// Solana JSON-RPC
    #[arg(long, global = true)]
    rpc_url: Option<String>,
    /// The coordinator's gRPC, https://host:port, or http:// on a network of one's own
    #[arg(long, global = true)]
    coordinator: Option<String>,
    /// Address to serve engines on; port 0 for any
    #[arg(long, global = true)]
    listen: Option<SocketAddr>,
    /// Address to serve health and metrics on, for the operator; port 0 for any [default: nowhere]
    #[arg(long, global = true)]
    http_listen: Option<SocketAddr>,
    /// What the chain tells engines, host or host:port
    #[arg(long, global = true)]
    advertise: Option<String>,
    /// Region code
    #[arg(long, global = true)]
    region: Option<String>,
    /// The trainer's binary [default: beside this one]
    #[arg(long, global = true)]
    trainer: Option<PathBuf>,
    /// Where to compute
    #[arg(long, global = true, value_enum)]
    device: Option<Device>,
    /// Threads of one operation [default: one per core]
    #[arg(long, global = true)]
    threads: Option<u32>,
    /// How log lines look
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: LogFormatArg,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum LogFormatArg {
    /// For people.
    #[default]
    Text,
    /// For collectors.
    Json,
}

impl From<LogFormatArg> for LogFormat {
    fn from(format: LogFormatArg) -> Self {
        match format {
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
        }
    }
}

impl SettingsArgs {
    /// The settings with these flags over file and environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(&self) -> Result<Settings, ConfigError> {
        let path = |path: &PathBuf| Value::from(path.to_string_lossy().into_owned());
        let text = |text: &String| Value::from(text.clone());
        let flags = [
            ("data_dir", self.data_dir.as_ref().map(path)),
            ("wallet", self.wallet.as_ref().map(path)),
            ("rpc_url", self.rpc_url.as_ref().map(text)),
            ("coordinator", self.coordinator.as_ref().map(text)),
            ("listen", self.listen.map(|a| Value::from(a.to_string()))),
            (
                "http_listen",
                self.http_listen.map(|a| Value::from(a.to_string())),
            ),
            ("advertise", self.advertise.as_ref().map(text)),
            ("region", self.region.as_ref().map(text)),
            ("trainer.path", self.trainer.as_ref().map(path)),
            (
                "trainer.device",
                self.device.map(|d| Value::from(d.as_str())),
            ),
            ("trainer.threads", self.threads.map(Value::from)),
        ];
        let given = flags
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        Settings::load(self.config.as_deref(), given.collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_reach_the_settings() {
        let line = "cyxwiz-node run --register --stake 200 --listen 127.0.0.1:0 --http-listen 127.0.0.1:9102 --device cpu \
                    --threads 2 --data-dir /tmp/n --trainer /bin/t";
        let cli = Cli::try_parse_from(line.split_whitespace()).expect("parse");
        let settings = cli.settings.load().expect("load");
        assert_eq!(settings.threads(), 2);
        assert_eq!(settings.trainer_path(), PathBuf::from("/bin/t"));
        assert_eq!(settings.listen.port(), 0);
        assert_eq!(settings.http_listen.map(|at| at.port()), Some(9_102));
        let Command::Run(args) = cli.command else {
            panic!("not run");
        };
        assert_eq!(args.stake, Some(Amount::tokens(200)));
    }
}
