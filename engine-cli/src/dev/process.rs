//! Processes that outlive the command that starts them: known by process id and
//! start time, so that no stranger with a reused id is ever touched.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cyxwiz_domain::Digest;
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::{Instant, sleep};

use super::{layout::Layout, leftovers::MARK};
use crate::error::{Error, Result};

const POLL: Duration = Duration::from_millis(20);
/// Lines of a log that an error shows.
const TAIL_LINES: usize = 15;

/// A process that was started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its name in the stack.
    pub name: String,
    /// Process id; also its session and process group.
    pub pid: i32,
    /// Clock ticks from boot to its start.
    pub started: u64,
    /// Of binary, arguments and configuration: another one means a restart.
    pub fingerprint: Digest,
    /// Its output.
    pub log: PathBuf,
    /// What ends it in an orderly way.
    pub stop_signal: StopSignal,
}

/// Signals that ask a process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StopSignal {
    /// SIGTERM.
    Term,
    /// SIGINT: Postgres' fast shutdown.
    Int,
}

/// A process to be started.
#[derive(Debug)]
pub struct Program {
    name: String,
    binary: PathBuf,
    arguments: Vec<std::ffi::OsString>,
    /// Not in the fingerprint: they may differ from start to start.
    passing: Vec<std::ffi::OsString>,
    files: Vec<PathBuf>,
    user: Option<(u32, u32)>,
    stop_signal: StopSignal,
}

impl Program {
    /// `binary`, to be known as `name`.
    pub fn new(name: &str, binary: impl Into<PathBuf>) -> Self {
        let binary = binary.into();
        Self {
            name: name.to_owned(),
            files: vec![binary.clone()],
            binary,
            arguments: Vec::new(),
            passing: Vec::new(),
            user: None,
            stop_signal: StopSignal::Term,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments that may change without need of a restart, like a port of choice.
    pub fn passing_args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        let owned = arguments
            .into_iter()
            .map(|argument| argument.as_ref().to_owned());
        self.passing.extend(owned);
        self
    }

    /// Names a file that the process reads at its start.
    pub fn reads(mut self, file: impl Into<PathBuf>) -> Self {
        self.files.push(file.into());
        self
    }

    /// Runs it as another user and group.
    pub fn user(mut self, user: Option<(u32, u32)>) -> Self {
        self.user = user;
        self
    }

    /// Ends it by another signal than SIGTERM.
    pub fn stop_signal(mut self, signal: StopSignal) -> Self {
        self.stop_signal = signal;
        self
    }

    /// What a running process is compared with.
    pub fn fingerprint(&self) -> Digest {
        let mut text = Vec::new();
        for argument in &self.arguments {
            text.extend_from_slice(argument.as_encoded_bytes());
            text.push(0);
        }
        for file in &self.files {
            let stat = fs::metadata(file).ok().map(|stat| {
                let modified = stat.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                (stat.len(), since.as_nanos())
            });
            text.extend_from_slice(format!("{}{stat:?}", file.display()).as_bytes());
        }
        Digest::of(&text)
    }

    /// Starts it in a session of its own, with its output in a fresh log.
    ///
    /// # Errors
    /// [`Error::Process`].
    pub fn start(&self, layout: &Layout) -> Result<Running> {
        use std::os::unix::process::CommandExt as _;
        let log = layout.log(&self.name);
        let output = File::create(&log).map_err(Error::file("log", &log))?;
        let errors = output.try_clone().map_err(Error::file("log", &log))?;
        // setsid(1) replaces itself by the program, so the id is the program's.
        let mut command = Command::new("setsid");
        command
            .arg(&self.binary)
            .args(&self.arguments)
            .args(&self.passing)
            .env(MARK, layout.root())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        if let Some((user, group)) = self.user {
            // Its own working directory may be closed to that user.
            command.uid(user).gid(group).current_dir("/");
        }
        let failed = |problem: String| self.failed(problem, &log);
        let child = command
            .spawn()
            .map_err(|error| failed(format!("cannot be started: {error}")))?;
        let pid = i32::try_from(child.id()).map_err(|_| failed("has no usable id".into()))?;
        let started = stat(pid)
            .map(|stat| stat.started)
            .ok_or_else(|| failed("ended at once".into()))?;
        Ok(Running {
            name: self.name.clone(),
            pid,
            started,
            fingerprint: self.fingerprint(),
            log,
            stop_signal: self.stop_signal,
        })
    }

    fn failed(&self, problem: String, log: &Path) -> Error {
        Error::Process {
            process: self.name.clone(),
            problem,
            tail: tail(log),
        }
    }
}

impl Running {
    /// Whether this very process still runs.
    pub fn is_alive(&self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.started == self.started && !stat.is_zombie)
    }

    /// Waits until `ready` gives a value.
    ///
    /// # Errors
    /// [`Error::Process`] with the end of its log if it ends before or is too slow.
    pub async fn wait_for<T>(
        &self,
        limit: Duration,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if !self.is_alive() {
                return Err(self.failed("ended before it was ready"));
            }
            if Instant::now() >= deadline {
                let waited = limit.as_secs();
                return Err(self.failed(&format!("was not ready after {waited} s")));
            }
            sleep(POLL).await;
        }
    }

    /// Waits for the port file that the process writes once it is ready.
    ///
    /// # Errors
    /// As [`Running::wait_for`].
    pub async fn port_file<T: DeserializeOwned>(&self, path: &Path, limit: Duration) -> Result<T> {
        self.wait_for(limit, || serde_json::from_slice(&fs::read(path).ok()?).ok())
            .await
    }

    /// Asks it to end, and after `limit` makes it.
    pub async fn stop(&self, limit: Duration) {
        let signal = match self.stop_signal {
            StopSignal::Term => Signal::SIGTERM,
            StopSignal::Int => Signal::SIGINT,
        };
        let pid = Pid::from_raw(self.pid);
        let deadline = Instant::now() + limit;
        if self.is_alive() {
            // It may end in between: then there is nothing to do.
            let _ = kill(pid, signal);
        }
        while self.is_alive() {
            if Instant::now() >= deadline {
                let _ = killpg(pid, Signal::SIGKILL);
            }
            sleep(POLL).await;
        }
    }

    /// An error about this process.
    pub fn failed(&self, problem: &str) -> Error {
        Error::Process {
            process: self.name.clone(),
            problem: problem.to_owned(),
            tail: tail(&self.log),
        }
    }
}

struct Stat {
    started: u64,
    is_zombie: bool,
}

/// What the system says about a process.
fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the fields come after the last one.
    let (_, fields) = text.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let state = fields.next()?;
    // State is field 3, the start time field 22.
    let started = fields.nth(18)?.parse().ok()?;
    Some(Stat {
        started,
        is_zombie: matches!(state, "Z" | "X"),
    })
}

/// The last lines of a file.
pub fn tail(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(dir: &Path) -> Layout {
        let layout = Layout::new(dir).expect("layout");
        layout.create().expect("create");
        layout
    }

    #[tokio::test]
    async fn a_process_is_started_found_and_stopped() {
        let dir = tempfile::tempdir().expect("tempdir");
        let layout = layout(dir.path());
        let program = Program::new("sleeper", "/bin/sleep").arg("600");
        let running = program.start(&layout).expect("start");
        assert!(running.is_alive());
        let stranger = Running {
            started: running.started + 1,
            ..running.clone()
        };
        assert!(
            !stranger.is_alive(),
            "another start time is another process"
        );
        running.stop(Duration::from_secs(10)).await;
        assert!(!running.is_alive());
    }

    #[tokio::test]
    async fn what_ignores_the_request_is_killed() {
        let dir = tempfile::tempdir().expect("tempdir");
        let layout = layout(dir.path());
        let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
        let program = Program::new("stubborn", "/bin/sh").arg("-c").arg(script);
        let running = program.start(&layout).expect("start");
        let log = running.log.clone();
        running
            .wait_for(Duration::from_secs(10), || {
                tail(&log).contains("ready").then_some(())
            })
            .await
            .expect("ready");
        running.stop(Duration::from_millis(100)).await;
        assert!(!running.is_alive());
    }

    #[tokio::test]
    async fn one_that_ends_early_shows_its_log() {
        let dir = tempfile::tempdir().expect("tempdir");
        let layout = layout(dir.path());
        let program = Program::new("brief", "/bin/sh")
            .arg("-c")
            .arg("echo no such port; exit 1");
        let error = match program.start(&layout) {
            Ok(running) => running
                .wait_for(Duration::from_secs(10), || None::<()>)
                .await
                .expect_err("ended"),
            Err(error) => error,
        };
        assert!(error.to_string().contains("no such port"), "{error}");
    }

    #[test]
    fn the_fingerprint_follows_arguments_and_files_but_not_passing_ones() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("config");
        fs::write(&file, "1").expect("write");
        let program = |port: &str, flag: &str| {
            let program = Program::new("p", "/bin/true").arg(flag).reads(&file);
            program.passing_args(["--port", port]).fingerprint()
        };
        let first = program("0", "-a");
        assert_eq!(first, program("7", "-a"));
        assert_ne!(first, program("0", "-b"));
        fs::write(&file, "22").expect("write");
        assert_ne!(first, program("0", "-a"));
    }
}
