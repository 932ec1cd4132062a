//! A private Postgres from Debian's binaries. It refuses to run as root, so root
//! runs it as the user `postgres`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use cyxwiz_domain::Digest;
use nix::unistd::{Uid, User};

use super::{
    layout::Layout,
    process::{Program, Running, StopSignal},
};
use crate::{
    error::{Error, Result},
    flow::journal::write_durably,
};

/// Its name among the processes.
pub const NAME: &str = "postgres";
const DEBIAN: &str = "/usr/lib/postgresql";

/// A cluster that is there or can be made.
pub struct Cluster {
    bin: PathBuf,
    data: PathBuf,
    user: Option<(u32, u32)>,
    password: String,
}

impl Cluster {
    /// Finds the binaries and makes the cluster unless it is there.
    ///
    /// # Errors
    /// [`Error::Usage`] without binaries, [`Error::Process`] when `initdb` fails.
    pub fn prepare(layout: &Layout) -> Result<Self> {
        let bin = find_binaries()?;
        let user = user()?;
        let home = home(layout, user.is_some());
        let cluster = Self {
            bin,
            user,
            data: home.join("postgres"),
            password: password(&layout.root().join("postgres.password"))?,
        };
        if !cluster.data.join("PG_VERSION").exists() {
            cluster.init(layout, &home)?;
        }
        Ok(cluster)
    }

    /// Where the data lies.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The server on `port`.
    pub fn program(&self, port: u16) -> Program {
        Program::new(NAME, self.bin.join("postgres"))
            .arg("-D")
            .arg(&self.data)
            .arg("-c")
            .arg("listen_addresses=127.0.0.1")
            .arg("-c")
            .arg("unix_socket_directories=")
            .arg("-c")
            .arg("max_connections=60")
            .arg("-c")
            .arg("shared_buffers=32MB")
            .passing_args(["-p".to_owned(), port.to_string()])
            .user(self.user)
            .stop_signal(StopSignal::Int)
    }

    /// Waits until the server takes connections.
    ///
    /// # Errors
    /// [`Error::Process`].
    pub async fn wait(&self, running: &Running, port: u16, limit: Duration) -> Result<()> {
        let ready = || {
            let mut probe = Command::new(self.bin.join("pg_isready"));
            probe.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
            probe
                .status()
                .is_ok_and(|status| status.success())
                .then_some(())
        };
        running.wait_for(limit, ready).await
    }

    /// How clients reach it.
    pub fn url(&self, port: u16) -> String {
        format!(
            "postgres://cyxwiz:{}@127.0.0.1:{port}/postgres",
            self.password
        )
    }

    fn init(&self, layout: &Layout, home: &Path) -> Result<()> {
        fs::create_dir_all(home).map_err(Error::file("directory", home))?;
        let fresh = home.join("postgres.new");
        let password = home.join("initdb.password");
        if fresh.exists() {
            fs::remove_dir_all(&fresh).map_err(Error::file("directory", &fresh))?;
        }
        fs::create_dir(&fresh).map_err(Error::file("directory", &fresh))?;
        write_durably(&password, self.password.as_bytes())?;
        for path in [&fresh, &password] {
            if let Some((user, group)) = self.user {
                chown(path, Some(user), Some(group)).map_err(Error::file("owner of", path))?;
            }
        }
        let done = self.run_initdb(layout, &fresh, &password);
        // Whatever came of it, the password stays in one place only.
        let _ = fs::remove_file(&password);
        done?;
        fs::rename(&fresh, &self.data).map_err(Error::file("directory", &self.data))
    }

    fn run_initdb(&self, layout: &Layout, data: &Path, password: &Path) -> Result<()> {
        use std::os::unix::process::CommandExt as _;
        let log = layout.log("initdb");
        let output = fs::File::create(&log).map_err(Error::file("log", &log))?;
        let errors = output.try_clone().map_err(Error::file("log", &log))?;
        let mut command = Command::new(self.bin.join("initdb"));
        command
            .args([
                "--username=cyxwiz",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
            ])
            .arg("--pwfile")
            .arg(password)
            .arg("-D")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group).current_dir("/");
        }
        let failed = |problem: String| Error::Process {
            process: "initdb".into(),
            problem,
            tail: super::process::tail(&log),
        };
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(failed(format!("failed ({status})"))),
            Err(error) => Err(failed(format!("cannot be started: {error}"))),
        }
    }
}

/// Where the data goes: into the stack's directory, or where its user can reach it.
fn home(layout: &Layout, other_user: bool) -> PathBuf {
    let root = layout.root();
    let passable =
        |dir: &Path| fs::metadata(dir).is_ok_and(|stat| stat.permissions().mode() & 0o001 != 0);
    if !other_user || root.ancestors().all(passable) {
        return root.to_owned();
    }
    let name = Digest::of(root.as_os_str().as_encoded_bytes()).to_string();
    PathBuf::from("/var/tmp").join(format!("cyxwiz-dev-{}", &name[..16]))
}

fn user() -> Result<Option<(u32, u32)>> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    let postgres = User::from_name(NAME).ok().flatten().ok_or_else(|| {
        Error::Usage("Postgres does not run as root and there is no user `postgres`: install Debian's postgresql".into())
    })?;
    Ok(Some((postgres.uid.as_raw(), postgres.gid.as_raw())))
}

fn find_binaries() -> Result<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten();
    let newest = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
            path.join("bin/postgres")
                .is_file()
                .then(|| (version, path.join("bin")))
        })
        .max();
    newest.map(|(_, bin)| bin).ok_or_else(|| {
        Error::Usage(format!(
            "there is no Postgres in {DEBIAN}: install it (`apt-get install postgresql`) or set DATABASE_URL"
        ))
    })
}

fn password(path: &Path) -> Result<String> {
    match fs::read_to_string(path) {
        Ok(password) => Ok(password),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let password = hex::encode(rand::random::<[u8; 16]>());
            write_durably(path, password.as_bytes())?;
            Ok(password)
        }
        Err(error) => Err(Error::file("password", path)(error)),
    }
}
