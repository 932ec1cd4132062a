//! Finds processes of a stack by the mark in their environment, whoever started them.

use std::{fs, os::unix::ffi::OsStrExt as _, path::Path, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::time::{Instant, sleep};

/// Environment variable of every process of a stack; its value is the directory.
pub const MARK: &str = "CYXWIZ_DEV_STACK";

/// The trainer runs with an empty environment; its arguments name the directory.
const TRAINER: &str = "cyxwiz-trainer";

/// Process ids of the stack in `root` that still run.
pub fn find(root: &Path) -> Vec<i32> {
    let own = i32::try_from(std::process::id()).unwrap_or_default();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| *pid != own && belongs(*pid, root))
        .collect()
}

/// Waits until none is left; after `limit` they are killed. Returns how many were.
pub async fn clear(root: &Path, limit: Duration) -> usize {
    let deadline = Instant::now() + limit;
    let mut killed = 0;
    loop {
        let left = find(root);
        if left.is_empty() {
            return killed;
        }
        if Instant::now() >= deadline {
            killed = killed.max(left.len());
            for pid in left {
                // Gone already is as good.
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
}

fn belongs(pid: i32, root: &Path) -> bool {
    let read = |name: &str| fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let mark = [MARK.as_bytes(), b"=", root.as_os_str().as_bytes()].concat();
    if read("environ")
        .split(|b| *b == 0)
        .any(|variable| variable == mark)
    {
        return true;
    }
    let is_trainer = fs::read_link(format!("/proc/{pid}/exe"))
        .is_ok_and(|exe| exe.file_name().is_some_and(|name| name == TRAINER));
    is_trainer
        && read("cmdline")
            .split(|b| *b == 0)
            .any(|argument| Path::new(std::ffi::OsStr::from_bytes(argument)).starts_with(root))
}
