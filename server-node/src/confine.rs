//! `cyxwiz-node confine`: puts limits on this process and becomes the trainer.
//!
//! A process of its own does this, rather than code between fork and exec, so
//! that it is ordinary safe code: limits, then namespaces, then `exec`.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
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
    isolate(args);
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
fn isolate(args: &ConfineArgs) {
    // Root without capabilities is only the owner of root's files: where the path
    // leads through somebody else's directory, they are still needed.
    let barrier = args.command.iter().find_map(|arg| barrier(Path::new(arg)));
    let namespaces = match &barrier {
        Some(barrier) if geteuid().is_root() => {
            warn(&format!(
                "the trainer keeps root's rights, for {} is closed to others; run the node as a user of its own",
                barrier.display()
            ));
            CloneFlags::CLONE_NEWNET
        }
        _ => CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET,
    };
    let (uid, gid) = (geteuid(), getegid());
    if let Err(error) = unshare(namespaces) {
        warn(&format!(
            "the trainer keeps access to the network, for this kernel allows no user namespaces here ({error}); \
             see sysctl kernel.unprivileged_userns_clone and user.max_user_namespaces"
        ));
        return;
    }
    if namespaces.contains(CloneFlags::CLONE_NEWUSER) {
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
    }
    if let Err(error) = hide_files(&args.hide) {
        warn(&format!("the trainer can read the node's keys: {error}"));
    }
}

/// The first directory on the way to `path` that this user may not pass through
/// without special rights; `None` for what is no absolute path.
fn barrier(path: &Path) -> Option<PathBuf> {
    let closed = |dir: &&Path| {
        let Ok(meta) = fs::metadata(dir) else {
            return false;
        };
        let bit = if meta.uid() == geteuid().as_raw() {
            0o100
        } else if meta.gid() == getegid().as_raw() {
            0o010
        } else {
            0o001
        };
        meta.mode() & bit == 0
    };
    let mut dirs: Vec<&Path> = path.ancestors().skip(1).collect();
    dirs.reverse();
    match path.is_absolute() {
        true => dirs
            .iter()
            .find(|dir| closed(dir))
            .map(|dir| dir.to_path_buf()),
        false => None,
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_closed_directory_on_the_way_is_found() {
        let dir = tempfile::tempdir().expect("dir");
        let inner = dir.path().join("closed/inner");
        fs::create_dir_all(&inner).expect("make");
        let file = inner.join("file");
        assert_eq!(barrier(&file), None);
        assert_eq!(barrier(Path::new("relative/file")), None);
        let closed = dir.path().join("closed");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o600)).expect("close");
        assert_eq!(barrier(&file), Some(closed.clone()));
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("open");
    }
}
