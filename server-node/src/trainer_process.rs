//! The trainer as a child process: confined, spoken to in lines of JSON, killed
//! when its handle goes away.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use cyxwiz_domain::{
    Address, Digest,
    spec::RuntimeClass,
    training::{Command, Event},
};
use futures::StreamExt as _;
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, ChildStdin, ChildStdout},
};
use tokio_util::codec::{FramedRead, LinesCodec};

use crate::{
    config::{Device, Settings},
    confine,
    jobs::files,
    machine,
};

/// Longest line taken from a trainer: the summaries of all epochs fit, and a
/// trainer gone mad does not fill the node's memory.
const MAX_LINE: usize = 64 * 1024 * 1024;
/// Bytes at the end of a trainer's log that its last words are looked for in.
const TAIL: u64 = 64 * 1024;
/// How long a trainer may take to save its state when asked to stop.
const STOP_DEADLINE: Duration = Duration::from_secs(10);
/// Environment that reaches the trainer: where libraries and devices are.
const PASSED_ON: [&str; 6] = [
    "LD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "CUBLAS_WORKSPACE_CONFIG",
    "TZ",
];

/// Why a trainer cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum TrainerError {
    /// It does not start.
    #[error("start the trainer {}: {source}; name its binary with --trainer", path.display())]
    Start {
        /// Its binary.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It does not answer in its language.
    #[error("the trainer said something else than an event: {0}")]
    Protocol(String),
    /// It ended or cannot be spoken to.
    #[error("talk to the trainer: {0}")]
    Io(#[from] io::Error),
    /// It ended without a result.
    #[error("the trainer ended with {status}: {tail}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// Its last words.
        tail: String,
    },
}

/// What one run is allowed and told.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The job's canonical spec.
    pub spec: &'a Path,
    /// The dataset.
    pub data: &'a Path,
    /// Its own directory.
    pub work: &'a Path,
    /// Its standard error goes here.
    pub log: &'a Path,
    /// Threads of one operation.
    pub threads: u32,
    /// Seconds it may take.
    pub seconds: u64,
    /// What its commitments are bound to; `None` for a job without a proof.
    pub binding: Option<Binding>,
    /// The class of machines whose bits the job must have; `None` where any will do.
    pub class: Option<RuntimeClass>,
}

/// What a job's commitments are bound to.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The escrow's address, which decides the order of batches in integers.
    pub escrow: Address,
    /// Job, node, spec and circuit as one word.
    pub context: Digest,
}

/// A running trainer.
pub struct TrainerProcess {
    child: Child,
    stdin: ChildStdin,
    lines: FramedRead<ChildStdout, LinesCodec>,
    log: PathBuf,
}

impl TrainerProcess {
    /// Starts a trainer that goes on where the last one in `run.work` stopped.
    ///
    /// # Errors
    /// [`TrainerError::Start`].
    pub fn spawn(settings: &Settings, run: &Run<'_>) -> Result<Self, TrainerError> {
        let path = settings.trainer_path();
        let failed = |source| TrainerError::Start {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(run.work).map_err(failed)?;
        let log = File::create(run.log).map_err(failed)?;
        let cpu_seconds = run
            .seconds
            .saturating_mul(u64::from(run.threads.max(1)) + 1);
        let mut command = launcher(settings, run.work, run.threads, cpu_seconds);
        command.arg(&path).arg("run").arg("--resume");
        command.arg("--spec").arg(run.spec);
        command.arg("--data").arg(run.data);
        command.arg("--work").arg(run.work);
        if let Some(Binding { escrow, context }) = run.binding {
            command.arg("--escrow").arg(escrow.to_string());
            command.arg("--context").arg(context.to_string());
        }
        let device = match run.class {
            // Classes are of CPUs.
            Some(_) => Device::Cpu,
            None => settings.trainer.device,
        };
        command.arg("--device").arg(device.as_str());
        command.arg("--threads").arg(run.threads.to_string());
        // Last: nothing else may change what the class fixes.
        command.envs(
            run.class
                .iter()
                .flat_map(|class| class.environment().to_vec()),
        );
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let (stdin, stdout) = child
            .stdin
            .take()
            .zip(child.stdout.take())
            .expect("both piped");
        Ok(Self {
            child,
            stdin,
            lines: FramedRead::new(stdout, LinesCodec::new_with_max_length(MAX_LINE)),
            log: run.log.to_owned(),
        })
    }

    /// The next event; `None` when there will be no more. Safe to drop halfway.
    ///
    /// # Errors
    /// [`TrainerError::Protocol`] for anything that is not an event.
    pub async fn next_event(&mut self) -> Result<Option<Event>, TrainerError> {
        match self.lines.next().await {
            None => Ok(None),
            Some(Err(error)) => Err(TrainerError::Protocol(error.to_string())),
            Some(Ok(line)) => serde_json::from_str(&line).map(Some).map_err(|error| {
                let shown: String = line.chars().take(200).collect();
                TrainerError::Protocol(format!("{error} in '{shown}'"))
            }),
        }
    }

    /// Tells the trainer something.
    ///
    /// # Errors
    /// [`TrainerError::Io`] when it has ended.
    pub async fn send(&mut self, command: Command) -> Result<(), TrainerError> {
        let mut line = serde_json::to_vec(&command).expect("commands are plain JSON");
        line.push(b'\n');
        self.stdin.write_all(&line).await?;
        Ok(self.stdin.flush().await?)
    }

    /// Lets the trainer save its state and waits for its end; kills it if that
    /// takes too long.
    pub async fn stop(mut self) {
        let stopping = async {
            self.send(Command::Stop).await?;
            while self.next_event().await?.is_some() {}
            Ok::<_, TrainerError>(())
        };
        match tokio::time::timeout(STOP_DEADLINE, stopping).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the trainer ended while being stopped"),
            Err(_) => tracing::warn!("the trainer did not stop in time; killing it"),
        }
        self.kill().await;
    }

    /// Ends the trainer and its children now.
    pub async fn kill(&mut self) {
        self.signal_group();
        // Fails only when it was waited for before.
        let _ = self.child.kill().await;
    }

    /// Waits for the end; the reason when it ended without a result.
    pub async fn ended(mut self) -> TrainerError {
        match self.child.wait().await {
            Ok(status) => TrainerError::Ended {
                status,
                tail: tail(self.log.clone()).await,
            },
            Err(error) => TrainerError::Io(error),
        }
    }

    fn signal_group(&self) {
        // The trainer leads its own group; none is left once it has been waited for.
        if let Some(id) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}

impl Drop for TrainerProcess {
    fn drop(&mut self) {
        self.signal_group();
    }
}

/// Runs `trainer benchmark` under the same confinement and returns the line it
/// prints.
///
/// # Errors
/// [`TrainerError`].
pub async fn benchmark(settings: &Settings, seconds: f64) -> Result<String, TrainerError> {
    let (threads, seconds) = (settings.threads().to_string(), seconds.to_string());
    let device = settings.trainer.device.as_str();
    let of = [
        "--device",
        device,
        "--threads",
        &threads,
        "--seconds",
        &seconds,
    ];
    ask(settings, "benchmark", &of).await
}

/// Runs `trainer classes` likewise.
///
/// # Errors
/// [`TrainerError`].
pub async fn classes(settings: &Settings) -> Result<String, TrainerError> {
    ask(settings, "classes", &[]).await
}

/// The line that a trainer prints which is asked something.
async fn ask(settings: &Settings, what: &str, arguments: &[&str]) -> Result<String, TrainerError> {
    let path = settings.trainer_path();
    let failed = |source| TrainerError::Start {
        path: path.clone(),
        source,
    };
    let mut command = launcher(settings, &settings.data_dir, settings.threads(), 600);
    command.arg(&path).arg(what).args(arguments);
    let output = command
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(failed)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    for warning in stderr
        .lines()
        .filter_map(|line| line.strip_prefix(confine::WARNING))
    {
        tracing::warn!("{warning}");
    }
    if !output.status.success() {
        return Err(TrainerError::Ended {
            status: output.status,
            tail: last_lines(&stderr),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The command up to the trainer's own: limits, a clean environment, and the
/// promise to end with this process.
fn launcher(
    settings: &Settings,
    work: &Path,
    threads: u32,
    cpu_seconds: u64,
) -> tokio::process::Command {
    let limits = &settings.limits;
    let memory = limits.memory_mib.unwrap_or_else(machine::total_memory_mib);
    let mut command = tokio::process::Command::new(&settings.trainer.launcher);
    command.arg("confine");
    command.arg("--parent").arg(std::process::id().to_string());
    command.arg("--memory-mib").arg(memory.to_string());
    command.arg("--cpu-seconds").arg(cpu_seconds.to_string());
    command.arg("--file-mib").arg(limits.file_mib.to_string());
    command
        .arg("--open-files")
        .arg(limits.open_files.to_string());
    for secret in [
        settings.wallet_path(),
        settings.data_dir.join("tls/key.pem"),
    ] {
        command.arg("--hide").arg(secret);
    }
    command.arg("--");
    command.env_clear();
    for name in PASSED_ON {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("HOME", work)
        .env("TMPDIR", work)
        .env("LANG", "C.UTF-8")
        .env("OMP_NUM_THREADS", threads.to_string())
        // Waiting threads sleep: on shared cores, spinning ones wait for each other.
        .env("OMP_WAIT_POLICY", "passive")
        .kill_on_drop(true);
    command
}

/// The last words of a trainer, whatever the length of its log.
async fn tail(log: PathBuf) -> String {
    let end = move || {
        let mut file = files::open_plain(&log)?;
        let start = file.metadata()?.len().saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start))?;
        let mut end = Vec::new();
        file.take(TAIL).read_to_end(&mut end)?;
        Ok::<_, io::Error>(String::from_utf8_lossy(&end).into_owned())
    };
    match tokio::task::spawn_blocking(end).await {
        Ok(Ok(text)) if !text.trim().is_empty() => last_lines(&text),
        _ => "it said nothing".to_owned(),
    }
}

fn last_lines(text: &str) -> String {
    let mut last = VecDeque::with_capacity(5);
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if last.len() == 5 {
            last.pop_front();
        }
        last.push_back(line);
    }
    Vec::from(last).join("; ")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// The log is the trainer's to fill: only its end is read, and a link is not followed.
    #[tokio::test]
    async fn the_last_words_are_read_from_the_end_of_the_log() {
        let dir = tempfile::tempdir().expect("dir");
        let log = dir.path().join("trainer.log");
        let mut file = File::create(&log).expect("create");
        file.set_len(1 << 36).expect("a hole");
        file.seek(SeekFrom::End(0)).expect("seek");
        file.write_all(b"\none\n\ntwo\n").expect("write");
        let words = tail(log.clone()).await;
        assert!(words.ends_with("one; two"), "{words}");
        assert!(words.len() <= 64 * 1024);
        let link = dir.path().join("link.log");
        std::os::unix::fs::symlink(&log, &link).expect("link");
        assert_eq!(tail(link).await, "it said nothing");
    }
}
