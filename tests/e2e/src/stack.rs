//! A market of its own for each test, made by `cyxwiz dev up`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use cyxwiz_chain::{Chain, Signer};
use cyxwiz_domain::Address;
use cyxwiz_pki::Wallet;
use nix::{sys::signal::Signal, unistd::Pid};
use serde_json::{Value, json};

use crate::{eventually, job_file::repository};

/// A running local stack, stopped and removed when dropped.
pub struct Stack {
    dir: tempfile::TempDir,
}

/// How a command of the engine ended.
#[derive(Debug)]
pub struct Finished {
    /// Exit code.
    pub code: i32,
    /// What it printed for programs.
    pub stdout: String,
    /// What it printed for people.
    pub stderr: String,
}

impl Finished {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The JSON object on the last line.
    ///
    /// # Panics
    /// When the command failed or the last line is no JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "failed:\n{}\n{}", self.stdout, self.stderr);
        self.last_line()
    }

    /// The same of a command that may have failed.
    ///
    /// # Panics
    /// When the last line is no JSON.
    pub fn last_line(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .unwrap_or_else(|error| panic!("{error} in '{last}'\n{}", self.stderr))
    }
}

/// A command of the engine under way.
pub struct Running(Option<Child>);

impl Running {
    /// Waits for its end.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn finish(mut self) -> Finished {
        let child = self.0.take().expect("finished once");
        Finished::new(
            child
                .wait_with_output()
                .expect("the command can be waited for"),
        )
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        if let Some(mut child) = self.0.take() {
            // Fails only when it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Stack {
    /// Starts a market with two nodes.
    pub fn up() -> Self {
        Self::up_with(&[])
    }

    /// Starts a market whose processes see these variables.
    ///
    /// # Panics
    /// When it does not come up; the message has what it printed.
    pub fn up_with(env: &[(&str, &str)]) -> Self {
        // Postgres refuses to run as root; its user must be able to enter.
        let dir = tempfile::Builder::new()
            .prefix("cyxwiz-e2e-")
            .tempdir()
            .expect("a temporary directory");
        let stack = Self { dir };
        stack.bring_up(env);
        stack
    }

    /// Starts again what is not running.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn bring_up(&self, env: &[(&str, &str)]) {
        let output = self
            .command(&["dev", "up", "--start-timeout", "120", "--time-travel"])
            .envs(env.iter().copied())
            .output()
            .expect("the engine runs");
        let finished = Finished::new(output);
        assert_eq!(finished.code, 0, "dev up:\n{}", finished.stderr);
    }

    /// Where everything of the stack lies.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A command of the engine on this stack, with JSON output.
    pub fn cyxwiz(&self, args: &[&str]) -> Finished {
        self.cyxwiz_with(args, &[])
    }

    /// The same with these variables.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn cyxwiz_with(&self, args: &[&str], env: &[(&str, &str)]) -> Finished {
        Finished::new(
            self.command(args)
                .envs(env.iter().copied())
                .arg("--json")
                .output()
                .expect("the engine runs"),
        )
    }

    /// A command as people see it: texts in place of JSON.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn told(&self, args: &[&str]) -> Finished {
        let output = self.command(args).output();
        Finished::new(output.expect("the engine runs"))
    }

    /// One with JSON output in the background.
    pub fn spawn(&self, args: &[&str]) -> Running {
        let child = self
            .command(args)
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the engine runs");
        Running(Some(child))
    }

    /// Starts another server of the workspace, killed when dropped.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn serve(&self, program: &str, args: &[&str], env: &[(&str, &str)]) -> Running {
        let log = self.dir().join("logs").join(format!("extra-{program}.log"));
        let log = std::fs::File::create(log).expect("the logs' directory is writable");
        let child = Command::new(binary(program))
            .args(args)
            .envs(env.iter().copied())
            .current_dir(repository())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the server starts");
        Running(Some(child))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary("cyxwiz"));
        command
            .args(args)
            .current_dir(repository())
            .env("CYXWIZ_DEV_DIR", self.dir())
            .env_remove("DATABASE_URL")
            // Nodes of all tests share their keys: each takes seconds to make.
            .env("CYXWIZ_NODE__PROOF__KEYS", proving_keys())
            // By the wall clock, which cannot be moved.
            .env("CYXWIZ_COORDINATOR__WORKERS__CRANK_GRACE", "2s")
            .stdin(Stdio::null());
        command
    }

    /// What the stack's notes say.
    pub fn notes(&self) -> Value {
        let text = std::fs::read_to_string(self.dir().join("stack.json")).expect("stack.json");
        serde_json::from_str(&text).expect("stack.json is JSON")
    }

    /// Settings that the stack writes for its commands.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let text = std::fs::read_to_string(self.dir().join("env")).expect("the env file");
        text.lines()
            .filter_map(|line| line.trim_start_matches("export ").split_once('='))
            .map(|(name, value)| (name.to_owned(), value.trim_matches(['"', '\'']).to_owned()))
            .collect()
    }

    /// The stack's chain.
    pub fn chain(&self) -> Chain {
        Chain::new(&self.settings()["CYXWIZ_RPC_URL"])
    }

    /// The coordinator's address.
    pub fn coordinator_url(&self) -> String {
        self.settings()["CYXWIZ_COORDINATOR"].clone()
    }

    /// A wallet of the stack: `user`, `coordinator`, `admin`, `node-1`, `node-2`.
    pub fn wallet(&self, name: &str) -> Wallet {
        let path = self.dir().join("wallets").join(format!("{name}.json"));
        Wallet::read(&path).expect("the stack has this wallet")
    }

    /// Its signer.
    pub fn signer(&self, name: &str) -> Signer {
        Signer::from_keypair_bytes(&self.wallet(name).to_keypair_bytes()).expect("a key pair")
    }

    /// Name of the process (`node-1`, …) whose wallet is `owner`.
    pub fn node_called(&self, owner: Address) -> String {
        let mut names = ["node-1", "node-2"].into_iter();
        let name = names.find(|name| self.wallet(name).address() == owner);
        name.expect("one of the stack's nodes").to_owned()
    }

    /// Process id of `localnet`, `postgres`, `coordinator`, `node-1`, …
    pub fn pid(&self, process: &str) -> i32 {
        let notes = self.notes();
        let pid = notes["processes"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|noted| noted["name"] == process)
            .and_then(|noted| noted["pid"].as_i64())
            .unwrap_or_else(|| panic!("no process '{process}' in {notes}"));
        i32::try_from(pid).expect("a process id")
    }

    /// Kills a process as a power cut would, with everything it started, and
    /// waits until it is gone.
    pub fn kill(&self, process: &str) {
        let pid = Pid::from_raw(self.pid(process));
        // Its process group: a node's trainer is in its own, and dies with its parent.
        let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
        self.await_end(process);
    }

    /// Waits until a process has ended by itself.
    pub fn await_end(&self, process: &str) {
        let pid = self.pid(process);
        eventually(&format!("the end of {process}"), || {
            (!is_alive(pid)).then_some(())
        });
    }

    /// Moves the chain's clock forward.
    ///
    /// # Panics
    /// When the chain refuses.
    pub fn advance_time(&self, seconds: i64) {
        self.travel("cyxwiz_advanceTime", seconds);
    }

    /// Begins so many slots at once.
    ///
    /// # Panics
    /// When the chain refuses.
    pub fn advance_slots(&self, slots: u64) {
        let slots = i64::try_from(slots).expect("not that many");
        self.travel("cyxwiz_advanceSlots", slots);
    }

    fn travel(&self, method: &str, by: i64) {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": [by] });
        let answer = http_post(&self.settings()["CYXWIZ_RPC_URL"], &request.to_string());
        assert!(answer.contains("unixTimestamp"), "{method}: {answer}");
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.print_logs();
        }
        let down = self.command(&["dev", "down", "--wipe"]).output();
        if let Ok(output) = down
            && !output.status.success()
            && !std::thread::panicking()
        {
            panic!("dev down: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

impl Stack {
    fn print_logs(&self) {
        let logs = std::fs::read_dir(self.dir().join("logs"))
            .into_iter()
            .flatten();
        for log in logs.flatten() {
            let text = std::fs::read_to_string(log.path()).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let tail = &lines[lines.len().saturating_sub(30)..];
            eprintln!("--- {}\n{}", log.path().display(), tail.join("\n"));
        }
    }
}

/// Where the tests of this build keep proving keys.
fn proving_keys() -> PathBuf {
    let own = std::env::current_exe().expect("the test has a path");
    let target = own
        .ancestors()
        .nth(3)
        .expect("target/<profile>/deps/<test>");
    target.join("proving-keys")
}

/// One of the workspace's binaries: beside the test's own executable's folder.
fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the test has a path");
    let dir = own
        .ancestors()
        .nth(2)
        .expect("target/<profile>/deps/<test>");
    let path = dir.join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo build --workspace --bins`, or scripts/test",
        path.display()
    );
    path
}

/// Neither ended nor a zombie.
fn is_alive(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}

/// One request, by hand: the clock's method is no standard one, so no client has it.
fn http_post(url: &str, body: &str) -> String {
    use std::io::{Read as _, Write as _};
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = std::net::TcpStream::connect(address).expect("the chain answers");
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("the request is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}
