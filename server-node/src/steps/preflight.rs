//! Before anything is promised: is this machine fit, and how fast is it?

mod classes;
mod proofs;

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use chrono::Utc;
use cyxwiz_chain::{Chain, ChainError};
use cyxwiz_domain::spec::RuntimeClass;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

pub use proofs::{MissingKey, Proofs, provable};

use crate::{
    config::Settings,
    jobs::{JobError, files},
    machine::{self, DeviceInfo},
    trainer_process::{self, TrainerError},
};

/// Memory below which nothing can be trained, MiB.
const MIN_MEMORY_MIB: u64 = 512;
/// Difference between this clock and the chain's that deserves a warning, seconds.
const CLOCK_WARNING: i64 = 60;
/// How long the benchmark measures, seconds.
const BENCHMARK_SECONDS: f64 = 1.0;
/// A measurement is good for this long.
const BENCHMARK_AGE: Duration = Duration::from_secs(7 * 86_400);

/// Why the machine is not fit.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// Too little memory.
    #[error("{available} MiB of memory are free, training needs at least {needed} MiB")]
    Memory {
        /// Free now.
        available: u64,
        /// At least.
        needed: u64,
    },
    /// Too little disk.
    #[error("{available} MiB of disk are free at {}, the node needs at least {needed} MiB (limits.min_free_disk_mib)", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// Free now.
        available: u64,
        /// At least.
        needed: u64,
    },
    /// The port is taken.
    #[error("cannot listen on {address}: {source}; choose another with --listen")]
    Port {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The chain does not answer.
    #[error("the chain at {url} does not answer: {source}; set --rpc-url")]
    Chain {
        /// Where.
        url: String,
        /// What went wrong.
        source: ChainError,
    },
    /// The trainer does not work.
    #[error("the trainer does not work: {0}")]
    Trainer(#[from] TrainerError),
    /// The trainer is of another version.
    #[error(
        "the trainer's {what} cannot be read ({problem}); is it of another version than the node?"
    )]
    Answer {
        /// What it was asked for.
        what: &'static str,
        /// What is wrong with it.
        problem: serde_json::Error,
    },
    /// Files cannot be used.
    #[error(transparent)]
    File(#[from] JobError),
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Findings {
    /// Memory free now, MiB.
    pub free_memory_mib: u64,
    /// Disk free now, MiB.
    pub free_disk_mib: u64,
    /// This clock minus the chain's, seconds.
    pub clock_offset_seconds: i64,
    /// The device and how fast it is.
    pub benchmark: Benchmark,
    /// The runtime classes that it keeps: for these it gets audited jobs.
    pub runtime_classes: Vec<RuntimeClass>,
    /// What it can prove.
    pub proofs: Proofs,
}

/// How fast this machine trains.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Benchmark {
    /// Where.
    pub device: DeviceInfo,
    /// `cpu` or `cuda:0`.
    pub device_id: String,
    /// Threads of one operation.
    pub threads: u32,
    /// 1000 = the reference machine.
    pub rate_milli: u32,
}

/// The trainer's report.
#[derive(Deserialize)]
struct Report {
    device: String,
    threads: u32,
    rate: f64,
}

/// Looks at the machine and at the chain.
///
/// # Errors
/// [`PreflightError`] for what keeps the node from working; lesser things are logged.
pub async fn check(settings: &Settings, chain: &Chain) -> Result<Findings, PreflightError> {
    fs::create_dir_all(&settings.data_dir)
        .map_err(|error| JobError::file(&settings.data_dir, error))?;
    let free_memory_mib = free_memory()?;
    let free_disk_mib = free_disk(settings)?;
    let chain_time = chain
        .unix_time()
        .await
        .map_err(|source| PreflightError::Chain {
            url: settings.rpc_url.clone(),
            source,
        })?;
    let clock_offset_seconds = Utc::now().timestamp() - chain_time;
    if clock_offset_seconds.abs() > CLOCK_WARNING {
        tracing::warn!(
            clock_offset_seconds,
            "this machine's clock and the chain's differ; tokens are judged by this one, deadlines by the chain's"
        );
    }
    Ok(Findings {
        free_memory_mib,
        free_disk_mib,
        clock_offset_seconds,
        benchmark: benchmark(settings).await?,
        runtime_classes: classes::find(settings).await?,
        proofs: provable(settings),
    })
}

/// Memory free now, MiB, if it is enough to train.
///
/// # Errors
/// [`PreflightError::Memory`].
pub fn free_memory() -> Result<u64, PreflightError> {
    let available = machine::available_memory_mib();
    let needed = MIN_MEMORY_MIB;
    match available < needed {
        true => Err(PreflightError::Memory { available, needed }),
        false => Ok(available),
    }
}

/// Disk free now where jobs live, MiB, if it is what the operator asks for.
///
/// # Errors
/// [`PreflightError::Disk`], [`PreflightError::File`].
pub fn free_disk(settings: &Settings) -> Result<u64, PreflightError> {
    let path = settings.data_dir.clone();
    let available = machine::free_disk_mib(&path).map_err(|error| JobError::file(&path, error))?;
    let needed = settings.limits.min_free_disk_mib;
    match available < needed {
        true => Err(PreflightError::Disk {
            path,
            available,
            needed,
        }),
        false => Ok(available),
    }
}

/// Listens where the operator said; for port 0 where the last run did, if that is
/// still free, so that engines find the node again.
///
/// # Errors
/// [`PreflightError::Port`].
pub async fn listen(settings: &Settings) -> Result<TcpListener, PreflightError> {
    let mut address = settings.listen;
    if address.port() == 0 {
        let last: Option<u16> = files::read_json(&last_port(settings)).unwrap_or_default();
        address.set_port(last.unwrap_or(0));
    }
    let listener = match TcpListener::bind(address).await {
        Err(_) if settings.listen.port() == 0 => TcpListener::bind(settings.listen).await,
        bound => bound,
    };
    listener.map_err(|source| PreflightError::Port {
        address: settings.listen,
        source,
    })
}

/// Notes the port for the next run; the address that is listened on.
///
/// # Errors
/// [`PreflightError::File`].
pub fn remember_port(
    settings: &Settings,
    listener: &TcpListener,
) -> Result<SocketAddr, PreflightError> {
    let path = last_port(settings);
    let address = listener.local_addr();
    let address = address.map_err(|error| JobError::file(&path, error))?;
    files::write_json(&path, &address.port())?;
    Ok(address)
}

fn last_port(settings: &Settings) -> PathBuf {
    settings.data_dir.join("port")
}

/// The last measurement, if it was of the same trainer, device and threads and is
/// not too old; else a new one. A restart in the middle of a job costs no time, and
/// the rate on the chain does not flutter.
async fn benchmark(settings: &Settings) -> Result<Benchmark, PreflightError> {
    #[derive(Serialize, Deserialize)]
    struct Noted {
        of: String,
        at: i64,
        benchmark: Benchmark,
    }
    let trainer = settings.trainer_path();
    let changed = fs::metadata(&trainer).and_then(|meta| meta.modified());
    let changed = changed.map(|at| {
        at.duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
    });
    let of = format!(
        "{} {:?} {:?} {}",
        trainer.display(),
        changed.unwrap_or_default(),
        settings.trainer.device,
        settings.threads()
    );
    let path = settings.data_dir.join("benchmark.json");
    let now = Utc::now().timestamp();
    let noted: Option<Noted> = files::read_json(&path).unwrap_or_default();
    if let Some(noted) = noted
        && noted.of == of
        && (0..BENCHMARK_AGE.as_secs()).contains(&(now.abs_diff(noted.at)))
    {
        return Ok(noted.benchmark);
    }
    tracing::info!("measuring this machine");
    let line = trainer_process::benchmark(settings, BENCHMARK_SECONDS).await?;
    let report: Report = serde_json::from_str(&line).map_err(|problem| PreflightError::Answer {
        what: "benchmark",
        problem,
    })?;
    let benchmark = Benchmark {
        device: machine::device_info(&report.device),
        device_id: report.device,
        threads: report.threads,
        // The chain refuses 0; no machine is that slow.
        rate_milli: (report.rate * 1000.0)
            .round()
            .clamp(1.0, f64::from(u32::MAX)) as u32,
    };
    let noted = Noted {
        of,
        at: now,
        benchmark,
    };
    files::write_json(&path, &noted)?;
    Ok(noted.benchmark)
}
