//! Settings: defaults, then a TOML file, then `CYXWIZ_NODE__*` in the
//! environment, then flags.

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use cyxwiz_chain::{DECLINE_WINDOW_SECONDS, NONCE_TIMEOUT_SLOTS};
use figment::{
    Figment,
    providers::{Env, Format as _, Serialized, Toml},
};
use serde::{Deserialize, Serialize};

/// From the assignment until a job should be handed back at the latest: a minute before the chain refuses.
const LAST_DECLINE: Duration = Duration::from_secs(DECLINE_WINDOW_SECONDS.unsigned_abs() - 60);
/// The longest that a challenge takes: nonces that are kept back are waited for, at half a second a slot.
const LONGEST_CHALLENGE: Duration = Duration::from_secs(NONCE_TIMEOUT_SLOTS.div_ceil(2));
/// What a proof and its transactions take besides.
const PROVING: Duration = Duration::from_secs(75);
/// Name of the trainer's binary, which lies beside the node's.
const TRAINER: &str = "cyxwiz-trainer";

/// Everything an operator can set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where jobs, certificate and notes live.
    pub data_dir: PathBuf,
    /// The owner's key; `wallet.json` in the data directory if not set.
    pub wallet: Option<PathBuf>,
    /// Solana JSON-RPC.
    pub rpc_url: String,
    /// The coordinator's gRPC: `https://host:port`, or `http://` on one machine or a
    /// network of one's own.
    pub coordinator: String,
    /// Where engines are served; port 0 takes the one of the last run, or any.
    pub listen: SocketAddr,
    /// Where health and metrics are served to the operator, port 0 for any; nowhere
    /// if not set. Not for the public.
    pub http_listen: Option<SocketAddr>,
    /// What the chain tells engines, `host` or `host:port`; needed when listening
    /// on all addresses.
    pub advertise: Option<String>,
    /// Region code, at most 16 bytes.
    pub region: String,
    /// The training process.
    pub trainer: TrainerSettings,
    /// What one job may use.
    pub limits: Limits,
    /// How jobs are handled.
    pub jobs: JobSettings,
    /// How their training is proven.
    pub proof: ProofSettings,
}

/// The training process.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainerSettings {
    /// Its binary; the one beside the node's own if not set.
    pub path: Option<PathBuf>,
    /// `auto`, `cpu` or `cuda`.
    pub device: Device,
    /// Threads of one operation; one per core if not set.
    pub threads: Option<u32>,
    /// The program that confines the trainer: this one.
    #[serde(skip, default = "own_executable")]
    pub launcher: PathBuf,
}

/// Where the trainer computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Device {
    /// CUDA where it works, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA or nothing.
    Cuda,
}

impl Device {
    /// The trainer's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
        }
    }
}

/// What one job may use.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Private memory of the trainer, MiB; the machine's memory if not set.
    pub memory_mib: Option<u64>,
    /// Largest dataset taken, MiB.
    pub dataset_mib: u64,
    /// Largest file the trainer may write, MiB.
    pub file_mib: u64,
    /// Files the trainer may have open.
    pub open_files: u64,
    /// Longest time a job may train, whatever its deadline.
    #[serde(with = "humantime_serde")]
    pub wall_clock: Duration,
    /// Free disk below which the node does not start, MiB.
    pub min_free_disk_mib: u64,
}

/// How jobs are handled.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSettings {
    /// Every how many epochs a checkpoint is anchored on the chain.
    pub anchor_every: u32,
    /// Epochs that training may run ahead of the user's receipts.
    pub receipt_lag: u32,
    /// How long weights are kept after settlement.
    #[serde(with = "humantime_serde")]
    pub retention: Duration,
    /// Time between two looks at a job's escrow.
    #[serde(with = "humantime_serde")]
    pub poll: Duration,
    /// How long a stop by the user holds without a cancellation on the chain.
    #[serde(with = "humantime_serde")]
    pub stop_grace: Duration,
    /// How long the user may take from the assignment on to send the dataset; then the job is handed back.
    #[serde(with = "humantime_serde")]
    pub upload_timeout: Duration,
    /// Proofs that are made at the same time; each takes all cores it gets and up to a gigabyte.
    pub provers: usize,
}

/// How training is proven.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofSettings {
    /// Whether this node proves. One that does not is given no jobs with a proof, and hands back what
    /// comes all the same.
    pub enabled: bool,
    /// Time before a job's deadline that is kept free for the challenge and the proof: later nothing is
    /// committed to that could still be handed back.
    #[serde(with = "humantime_serde")]
    pub allowance: Duration,
    /// Memory that proofs may take, MiB, which decides the circuits that are announced; what is free at the
    /// start if not set.
    pub memory_mib: Option<u64>,
    /// Folder of the proving keys; `keys` in the data directory if not set.
    pub keys: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data_dir: default_data_dir(),
            wallet: None,
            rpc_url: "http://127.0.0.1:8899".to_owned(),
            coordinator: "http://127.0.0.1:7000".to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 7100)),
            http_listen: None,
            advertise: None,
            region: String::new(),
            trainer: TrainerSettings {
                path: None,
                device: Device::Auto,
                threads: None,
                launcher: own_executable(),
            },
            limits: Limits {
                memory_mib: None,
                dataset_mib: 64 * 1024,
                file_mib: 64 * 1024,
                open_files: 256,
                wall_clock: Duration::from_secs(30 * 86_400),
                min_free_disk_mib: 512,
            },
            jobs: JobSettings {
                anchor_every: 10,
                receipt_lag: 3,
                retention: Duration::from_secs(7 * 86_400),
                poll: Duration::from_secs(1),
                stop_grace: Duration::from_secs(120),
                upload_timeout: Duration::from_secs(45 * 60),
                provers: 1,
            },
            proof: ProofSettings {
                enabled: true,
                allowance: LONGEST_CHALLENGE.saturating_add(PROVING),
                memory_mib: None,
                keys: None,
            },
        }
    }
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or variable is malformed.
    #[error("configuration: {0}")]
    Malformed(#[from] Box<figment::Error>),
    /// The file named does not exist.
    #[error("configuration file {} does not exist", .0.display())]
    NoFile(PathBuf),
    /// A value out of its range.
    #[error("configuration: {field}: {problem}")]
    Invalid {
        /// Like `limits.open_files`.
        field: &'static str,
        /// What would be right.
        problem: String,
    },
}

impl Settings {
    /// Reads `file` if given, the environment, and `flags` (key path and value).
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn load(
        file: Option<&Path>,
        flags: Vec<(&'static str, figment::value::Value)>,
    ) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError::NoFile(file.to_owned()));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment.merge(Env::prefixed("CYXWIZ_NODE__").split("__"));
        for flag in flags {
            figment = figment.merge(flag);
        }
        let settings: Self = figment.extract().map_err(Box::new)?;
        settings.validate()?;
        Ok(settings)
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let refuse = |field, problem: &str| {
            Err(ConfigError::Invalid {
                field,
                problem: problem.to_owned(),
            })
        };
        if self.region.len() > 16 {
            return refuse("region", "at most 16 bytes fit on the chain");
        }
        if self.jobs.anchor_every == 0 {
            return refuse("jobs.anchor_every", "must be at least 1");
        }
        if self.jobs.receipt_lag == 0 {
            return refuse(
                "jobs.receipt_lag",
                "must be at least 1: an epoch ends before its receipt",
            );
        }
        if self.jobs.poll < Duration::from_millis(50) {
            return refuse("jobs.poll", "must be at least 50 ms");
        }
        if self.jobs.upload_timeout < Duration::from_secs(1) {
            return refuse("jobs.upload_timeout", "must be at least 1 s");
        }
        // A stop before the data holds the clock for its grace.
        let uploaded = self
            .jobs
            .upload_timeout
            .saturating_add(self.jobs.stop_grace);
        if uploaded >= LAST_DECLINE {
            let problem = format!(
                "must be below {} minutes together with jobs.stop_grace: later a job cannot be handed back",
                LAST_DECLINE.as_secs() / 60
            );
            return refuse("jobs.upload_timeout", &problem);
        }
        if self.jobs.provers == 0 {
            return refuse(
                "jobs.provers",
                "must be at least 1; to prove nothing, set proof.enabled to false",
            );
        }
        if self.proof.allowance < LONGEST_CHALLENGE {
            let problem = format!(
                "must be at least {} s, which a challenge takes whose nonces are kept back",
                LONGEST_CHALLENGE.as_secs()
            );
            return refuse("proof.allowance", &problem);
        }
        if self.trainer.threads == Some(0) {
            return refuse("trainer.threads", "must be at least 1");
        }
        if self.limits.open_files < 64 {
            return refuse("limits.open_files", "the trainer needs at least 64");
        }
        if self.advertise.is_none() && self.listen.ip().is_unspecified() {
            return refuse(
                "advertise",
                "set the host that engines reach this node by, since it listens on all addresses",
            );
        }
        Ok(())
    }

    /// The owner's key file.
    pub fn wallet_path(&self) -> PathBuf {
        self.wallet
            .clone()
            .unwrap_or_else(|| self.data_dir.join("wallet.json"))
    }

    /// The folder of the proving keys.
    pub fn keys_path(&self) -> PathBuf {
        self.proof
            .keys
            .clone()
            .unwrap_or_else(|| self.data_dir.join("keys"))
    }

    /// The trainer's binary.
    pub fn trainer_path(&self) -> PathBuf {
        self.trainer.path.clone().unwrap_or_else(|| {
            let own = env::current_exe().unwrap_or_default();
            own.with_file_name(TRAINER)
        })
    }

    /// Threads of one operation of the trainer.
    pub fn threads(&self) -> u32 {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        self.trainer
            .threads
            .unwrap_or_else(|| u32::try_from(cores()).unwrap_or(1))
    }

    /// What the chain tells engines when `bound` is listened on.
    pub fn endpoint(&self, bound: SocketAddr) -> String {
        match &self.advertise {
            None => bound.to_string(),
            Some(host) if has_port(host) => host.clone(),
            Some(host) => format!("{host}:{}", bound.port()),
        }
    }
}

/// Whether a port follows the host; the colons of an IPv6 address in brackets are
/// part of the host.
fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(host, port)| {
        let whole = host.starts_with('[') == host.ends_with(']') && !host.is_empty();
        whole && port.parse::<u16>().is_ok()
    })
}

/// Linux's name for the running program, valid even after an upgrade has
/// replaced its file.
fn own_executable() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

fn default_data_dir() -> PathBuf {
    match env::var_os("HOME") {
        Some(home) => Path::new(&home).join(".local/share/cyxwiz-node"),
        None => PathBuf::from("cyxwiz-node"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_then_flags_override_the_defaults() {
        let dir = tempfile::tempdir().expect("dir");
        let file = dir.path().join("node.toml");
        std::fs::write(
            &file,
            "region = 'eu'\n[jobs]\npoll = '250ms'\nanchor_every = 4\n[proof]\nallowance = '6m'\n",
        )
        .expect("write");
        let flags = vec![
            ("region", "us".into()),
            ("trainer.device", "cpu".into()),
            ("listen", "127.0.0.1:0".into()),
            ("coordinator", "https://market.example:7000".into()),
        ];
        let settings = Settings::load(Some(&file), flags).expect("load");
        assert_eq!(settings.region, "us");
        assert_eq!(settings.coordinator, "https://market.example:7000");
        assert_eq!(settings.trainer.device, Device::Cpu);
        assert_eq!(settings.jobs.poll, Duration::from_millis(250));
        assert_eq!(settings.jobs.anchor_every, 4);
        assert_eq!(settings.jobs.receipt_lag, 3);
        assert_eq!(settings.jobs.upload_timeout, Duration::from_secs(2_700));
        assert_eq!(settings.proof.allowance, Duration::from_secs(360));
        assert!(settings.proof.enabled);
        assert_eq!(settings.keys_path(), settings.data_dir.join("keys"));
        assert_eq!(
            settings.wallet_path(),
            settings.data_dir.join("wallet.json")
        );
    }

    #[test]
    fn mistakes_are_named() {
        let dir = tempfile::tempdir().expect("dir");
        let file = dir.path().join("node.toml");
        std::fs::write(&file, "colour = 'red'\n").expect("write");
        let error = Settings::load(Some(&file), vec![]).expect_err("unknown field");
        assert!(error.to_string().contains("colour"), "{error}");
        let error = Settings::load(None, vec![("listen", "0.0.0.0:1".into())]).expect_err("host");
        assert!(error.to_string().contains("advertise"), "{error}");
        for (upload_timeout, good) in [("56m 59s", true), ("57m", false), ("2h", false)] {
            let loaded = Settings::load(None, vec![("jobs.upload_timeout", upload_timeout.into())]);
            match loaded {
                Ok(_) => assert!(good, "{upload_timeout}"),
                Err(error) => assert!(!good && error.to_string().contains("59 minutes"), "{error}"),
            }
        }
        let error =
            Settings::load(None, vec![("proof.allowance", "2m".into())]).expect_err("short");
        assert!(error.to_string().contains("at least 225 s"), "{error}");
        let missing = Settings::load(Some(Path::new("/nowhere/node.toml")), vec![]);
        assert!(matches!(missing, Err(ConfigError::NoFile(_))));
    }

    #[test]
    fn the_endpoint_takes_the_port_that_was_bound() {
        let bound = SocketAddr::from(([127, 0, 0, 1], 4321));
        let endpoint = |advertise: Option<&str>| {
            Settings {
                advertise: advertise.map(str::to_owned),
                ..Settings::default()
            }
            .endpoint(bound)
        };
        assert_eq!(endpoint(None), "127.0.0.1:4321");
        assert_eq!(endpoint(Some("node.example")), "node.example:4321");
        assert_eq!(endpoint(Some("node.example:9")), "node.example:9");
        assert_eq!(endpoint(Some("[::1]")), "[::1]:4321");
    }
}
