//! What a trainer cannot do.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Output, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::stand::until;

const NODE: &str = env!("CARGO_BIN_EXE_cyxwiz-node");
const LIMITS: &str = "--memory-mib 64 --cpu-seconds 5 --file-mib 1 --open-files 64";

/// Runs a shell script as a trainer would be run.
fn confined(script: &str, hide: Option<&Path>) -> Output {
    let mut command = Command::new(NODE);
    command.arg("confine").args(LIMITS.split(' '));
    command.arg("--parent").arg(std::process::id().to_string());
    if let Some(file) = hide {
        command.arg("--hide").arg(file);
    }
    command.args(["--", "/bin/sh", "-c", script]);
    command.output().expect("run")
}

/// Whether this kernel gives namespaces to ordinary users.
fn has_namespaces() -> bool {
    let mut unshare = Command::new("unshare");
    let status = unshare.args(["-U", "-n", "-m", "true"]).status();
    status.is_ok_and(|status| status.success())
}

#[test]
fn it_has_no_network_and_does_not_see_the_keys() {
    if !has_namespaces() {
        return;
    }
    let dir = tempfile::tempdir().expect("dir");
    let (wallet, other) = (dir.path().join("wallet.json"), dir.path().join("data"));
    fs::write(&wallet, "secret").expect("write");
    fs::write(&other, "open").expect("write");
    let script = format!(
        "cat {} {}; tail -n +3 /proc/net/dev | grep -vc ' lo:'; grep CapEff /proc/self/status",
        wallet.display(),
        other.display()
    );
    let output = confined(&script, Some(&wallet));
    let out = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].starts_with("open"), "{out}");
    assert!(!out.contains("secret"), "{out}");
    assert!(out.contains("CapEff:\t0000000000000000"), "{out}");
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(fs::read_to_string(&wallet).expect("outside"), "secret");
}

#[test]
fn its_memory_files_and_core_are_limited() {
    let output = confined(
        "ulimit -c; ulimit -d; ulimit -n; ulimit -t; ulimit -f",
        None,
    );
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        ["0", "65536", "64", "5", "2048"]
    );
    let output = confined("head -c 2000000 /dev/zero > \"$(mktemp)\"", None);
    assert!(!output.status.success(), "a file above the limit");
}

#[tokio::test]
async fn it_dies_with_the_process_that_started_it() {
    let script = format!("{NODE} confine {LIMITS} --parent $$ -- sleep 300 & echo $!; wait");
    let mut parent = Command::new("/bin/sh")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .expect("spawn");
    let mut line = String::new();
    let stdout = parent.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("a pid");
    let trainer = Pid::from_raw(line.trim().parse().expect("a number"));
    let name = format!("/proc/{trainer}/comm");
    until("the trainer runs", || {
        fs::read_to_string(&name).is_ok_and(|name| name.trim() == "sleep")
    })
    .await;
    parent.kill().expect("kill -9");
    parent.wait().expect("reap");
    until("the trainer is gone", || {
        let state = fs::read_to_string(format!("/proc/{trainer}/status"));
        kill(trainer, None::<Signal>).is_err() || state.is_ok_and(|s| s.contains("State:\tZ"))
    })
    .await;
}
