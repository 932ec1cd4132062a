//! `cyxwiz-node confine`: puts limits on this process and becomes the trainer.
//!
//! A process of its own does this, rather than code between fork and exec, so
//! that it is ordinary safe code: limits, then namespaces, then `exec`.

use std::{
    fs, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use nix::{
    errno::Errno,
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    sys::{
        prctl::{set_no_new_privs, set_pdeathsig},
        resource::{Resource, setrlimit},
        signal::Signal,
    },
    unistd::{getegid, geteuid, getppid, setsid},
};

/// Begins a line on standard error that the node shows its operator.
pub const WARNING: &str = "confine: warning: ";

const MIB: u64 = 1024 * 1024;

/// Limits and the command to run under them.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfineArgs {
    /// Process whose death ends this one.
    #[arg(long)]
    pub parent: i32,
    /// Private memory, MiB.
    #[arg(long)]
    pub memory_mib: u64,
    /// Processor time of all threads, seconds.
    #[arg(long)]
    pub cpu_seconds: u64,
    /// Largest file, MiB.
    #[arg(long)]
    pub file_mib: u64,
    /// Open files.
    #[arg(long)]
    pub open_files: u64,
    /// Files that the command must not see.
    #[arg(long)]
    pub hide: Vec<PathBuf>,
    /// What to run.
    #[arg(required = true, last = true)]
    pub command: Vec<String>,
}

/// Never returns but with an error.
pub fn confine(args: &ConfineArgs) -> io::Error {
    match restrict(args) {
        Ok(()) => Command::new(&args.command[0])
            .args(&args.command[1..])
            .exec(),
        Err(error) => error,
    }
}

fn restrict(args: &ConfineArgs) -> io::Result<()> {
    // A session of its own: signals of the operator's terminal do not reach it,
    // and the node can kill all of it at once.
    setsid()?;
    let limits = [
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_DATA, args.memory_mib.saturating_mul(MIB)),
        (Resource::RLIMIT_CPU, args.cpu_seconds),
        (Resource::RLIMIT_FSIZE, args.file_mib.saturating_mul(MIB)),
        (Resource::RLIMIT_NOFILE, args.open_files),
    ];
    for (resource, limit) in limits {
        match setrlimit(resource, limit, limit) {
            // The system allows less than that already.
            Ok(()) | Err(Errno::EPERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    isolate(&args.hide);
    set_no_new_privs()?;
    // After the namespaces, which reset it.
    set_pdeathsig(Signal::SIGKILL)?;
    if getppid().as_raw() != args.parent {
        return Err(io::Error::other("the node has ended"));
    }
    Ok(())
}

/// Takes the network and the secrets away where the kernel allows it to
/// ordinary users; says so where it does not.
fn isolate(hide: &[PathBuf]) {
    let (uid, gid) = (geteuid(), getegid());
    if let Err(error) = unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET) {
        warn(&format!(
            "the trainer keeps access to the network, for this kernel allows no user namespaces here ({error}); \
             see sysctl kernel.unprivileged_userns_clone and user.max_user_namespaces"
        ));
        return;
    }
    // The same user outside, nobody inside: every capability ends with `exec`.
    let maps = [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("65534 {uid} 1")),
        ("/proc/self/gid_map", format!("65534 {gid} 1")),
    ];
    for (path, map) in maps {
        if let Err(error) = fs::write(path, map) {
            warn(&format!("write {path}: {error}"));
        }
    }
    if let Err(error) = hide_files(hide) {
        warn(&format!("the trainer can read the node's keys: {error}"));
    }
}

/// Lays `/dev/null` over the files, in mounts that only this process has.
fn hide_files(files: &[PathBuf]) -> nix::Result<()> {
    const NONE: Option<&str> = None;
    unshare(CloneFlags::CLONE_NEWNS)?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(NONE, "/", NONE, private, NONE)?;
    for file in files.iter().filter(|file| file.exists()) {
        let source = Some(Path::new("/dev/null"));
        mount(source, file, NONE, MsFlags::MS_BIND, NONE)?;
    }
    Ok(())
}

#[allow(clippy::print_stderr, reason = "standard error is this process's log")]
fn warn(message: &str) {
    eprintln!("{WARNING}{message}");
}
