//! Settings: a TOML file, then `CYXWIZ_COORDINATOR__SECTION__KEY` in the
//! environment, then flags; the later wins. One struct a concern.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use cyxwiz_domain::pricing::PriceTable;
use figment::{
    Figment,
    providers::{Env, Format as _, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

/// Prefix of the environment variables.
pub const ENV_PREFIX: &str = "CYXWIZ_COORDINATOR__";

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen.
    pub server: ServerSettings,
    /// Postgres.
    pub database: DatabaseSettings,
    /// The Solana node to talk to.
    pub chain: ChainSettings,
    /// The coordinator's own key.
    pub wallet: WalletSettings,
    /// Sign-in.
    pub auth: AuthSettings,
    /// Prices and limits of jobs.
    pub jobs: JobSettings,
    /// When a node counts as online.
    pub nodes: NodeSettings,
    /// How often the background work runs.
    pub workers: WorkerSettings,
}

/// Where to listen. Port 0 is any free one; `--port-file` says which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// gRPC: in the clear unless `tls` is set.
    pub grpc_listen: SocketAddr,
    /// Certificate of gRPC. Without it, keep the port on one machine, in a network
    /// of your own, or behind a proxy that terminates TLS: session tokens cross it.
    pub tls: Option<TlsSettings>,
    /// Health, metrics and keys.
    pub http_listen: SocketAddr,
    /// How long a shutdown waits for calls under way.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            grpc_listen: SocketAddr::from(([127, 0, 0, 1], 50051)),
            tls: None,
            http_listen: SocketAddr::from(([127, 0, 0, 1], 50052)),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// Files in PEM. They are read at start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The certificate, followed by its chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Postgres.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseSettings {
    /// `postgres://user:password@host/database`.
    pub url: String,
    /// Connections of this process.
    pub max_connections: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self {
            url: "postgres://localhost/cyxwiz".to_owned(),
            max_connections: 16,
        }
    }
}

// The URL may hold a password, and settings are logged.
impl std::fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// The Solana node to talk to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChainSettings {
    /// JSON-RPC address.
    pub rpc_url: String,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            rpc_url: "http://127.0.0.1:8899".to_owned(),
        }
    }
}

/// The coordinator's own key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WalletSettings {
    /// Key pair file as the Solana tools write it. The programs' config must
    /// name this key as coordinator, and it needs SOL for fees and rent.
    pub path: PathBuf,
}

impl Default for WalletSettings {
    fn default() -> Self {
        Self {
            path: PathBuf::from("coordinator.json"),
        }
    }
}

/// Sign-in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// Name of this coordinator, in challenges and session tokens.
    pub audience: String,
    /// Life of a session token.
    #[serde(with = "humantime_serde")]
    pub session_ttl: Duration,
    /// Life of a sign-in challenge.
    #[serde(with = "humantime_serde")]
    pub challenge_ttl: Duration,
    /// Life of a job token; it is used once, at the node.
    #[serde(with = "humantime_serde")]
    pub job_token_ttl: Duration,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            audience: "cyxwiz".to_owned(),
            session_ttl: Duration::from_secs(3600),
            challenge_ttl: Duration::from_secs(120),
            job_token_ttl: Duration::from_secs(300),
        }
    }
}

/// Prices and limits of jobs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JobSettings {
    /// How long a node is held for an escrow.
    #[serde(with = "humantime_serde")]
    pub reservation: Duration,
    /// Jobs a wallet may submit in 24 hours.
    pub per_day: u32,
    /// A job may take this many times its estimate ...
    pub timeout_factor: u32,
    /// ... and at least this long ...
    #[serde(with = "humantime_serde")]
    pub min_timeout: Duration,
    /// ... with a proof this much longer. A node takes only jobs that it could still prove if the data came as
    /// late as they may, after half of the time, and a nonce never: that is five minutes after the training.
    #[serde(with = "humantime_serde")]
    pub proof_time: Duration,
    /// What things cost.
    pub prices: PriceTable,
}

impl Default for JobSettings {
    fn default() -> Self {
        Self {
            reservation: Duration::from_secs(300),
            per_day: 10,
            timeout_factor: 4,
            min_timeout: Duration::from_secs(600),
            proof_time: Duration::from_secs(1200),
            prices: PriceTable::default(),
        }
    }
}

/// When a node counts as online.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NodeSettings {
    /// Between two heartbeats.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// Without a heartbeat for this long a node is offline.
    #[serde(with = "humantime_serde")]
    pub stale_after: Duration,
}

impl Default for NodeSettings {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(10),
            stale_after: Duration::from_secs(30),
        }
    }
}

/// How often the background work runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerSettings {
    /// Looks at pending chain writes; new ones are taken up at once.
    #[serde(with = "humantime_serde")]
    pub chain_writer: Duration,
    /// After a crash, another process takes up a chain write after this long.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// Reads the escrows of all unsettled jobs.
    #[serde(with = "humantime_serde")]
    pub indexer: Duration,
    /// Reads the transcripts of jobs with a proof that a node has.
    #[serde(with = "humantime_serde")]
    pub transcripts: Duration,
    /// Ends reservations and places funded jobs that have no node.
    #[serde(with = "humantime_serde")]
    pub placement: Duration,
    /// Looks for escrows whose time is over.
    #[serde(with = "humantime_serde")]
    pub cranks: Duration,
    /// The parties get this long to end an escrow, or to close a transcript, themselves first.
    #[serde(with = "humantime_serde")]
    pub crank_grace: Duration,
    /// Reads all node accounts.
    #[serde(with = "humantime_serde")]
    pub nodes: Duration,
    /// Looks which nodes are up.
    #[serde(with = "humantime_serde")]
    pub uptime: Duration,
    /// Tells the chain of it; more often than hourly the chain does not listen.
    #[serde(with = "humantime_serde")]
    pub uptime_report: Duration,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            chain_writer: Duration::from_millis(500),
            lease: Duration::from_secs(10),
            indexer: Duration::from_secs(1),
            transcripts: Duration::from_secs(1),
            placement: Duration::from_secs(2),
            cranks: Duration::from_secs(5),
            crank_grace: Duration::from_secs(30),
            nodes: Duration::from_secs(30),
            uptime: Duration::from_secs(30),
            uptime_report: Duration::from_secs(3_600),
        }
    }
}

impl Settings {
    /// Reads all sources; `flags` are the ones given on the command line.
    ///
    /// # Errors
    /// Names the setting and where it came from.
    pub fn load(file: Option<&std::path::Path>, flags: &impl Serialize) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
        }
        let settings: Self = figment
            .merge(Env::prefixed(ENV_PREFIX).split("__"))
            .merge(Serialized::defaults(flags))
            .extract()?;
        settings.check()?;
        Ok(settings)
    }

    /// What no single value shows.
    fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.nodes.stale_after > self.nodes.heartbeat,
            "nodes.stale_after must be longer than nodes.heartbeat, or every node is offline"
        );
        anyhow::ensure!(
            self.jobs.timeout_factor > 0,
            "jobs.timeout_factor must be at least 1"
        );
        anyhow::ensure!(
            self.database.max_connections >= 4,
            "database.max_connections must be at least 4: one listens, the others work"
        );
        anyhow::ensure!(
            self.workers.uptime_report >= self.workers.uptime && !self.workers.uptime.is_zero(),
            "workers.uptime must be above 0, and at most workers.uptime_report"
        );
        anyhow::ensure!(
            !self.auth.audience.is_empty(),
            "auth.audience must not be empty"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_survive_their_own_text() {
        let text = toml::to_string(&Settings::default()).expect("serialise");
        let read: Settings = toml::from_str(&text).expect("read");
        assert_eq!(read, Settings::default());
    }

    #[test]
    fn a_file_is_overruled_by_flags_and_a_typo_is_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "[jobs]\nreservation = \"1m\"\nper_day = 3\n").expect("write");
        let flags = serde_json::json!({"jobs": {"per_day": 4}});
        let settings = Settings::load(Some(&file), &flags).expect("load");
        assert_eq!(settings.jobs.reservation, Duration::from_secs(60));
        assert_eq!(settings.jobs.per_day, 4);
        std::fs::write(&file, "[jobs]\nper_dya = 3\n").expect("write");
        let error = Settings::load(Some(&file), &serde_json::json!({})).expect_err("typo");
        assert!(error.to_string().contains("per_dya"), "{error}");
    }

    #[test]
    fn a_password_is_not_printed() {
        let mut settings = Settings::default();
        settings.database.url = "postgres://u:hunter2@h/d".into();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
