//! A Postgres of one's own: a private cluster in a temporary directory, or a
//! fresh database in the server that `DATABASE_URL` names.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use nix::unistd::{Uid, User};

/// How long a cluster may take to answer.
const START: Duration = Duration::from_secs(60);
/// The user that Postgres runs as when the caller is root, which it refuses.
const SERVER_USER: &str = "postgres";

/// An empty database that nobody else uses. Gone when dropped, and when this
/// process dies in any other way.
pub struct PrivatePostgres {
    url: String,
    kind: Kind,
}

enum Kind {
    /// The shell that keeps the server, until its standard input closes.
    Cluster {
        keeper: Child,
        _dir: tempfile::TempDir,
    },
    /// A database in somebody's server.
    Database { server_url: String, name: String },
}

impl PrivatePostgres {
    /// Starts an empty database: in the server that `DATABASE_URL` names if it
    /// is set, else in a cluster of its own, without fsync, on a socket that
    /// lies in its directory.
    ///
    /// # Errors
    /// When Postgres is not installed or does not start; the message holds what it said.
    pub fn start() -> anyhow::Result<Self> {
        match std::env::var("DATABASE_URL") {
            Ok(server_url) if !server_url.is_empty() => Self::create_database(server_url),
            _ => Self::start_cluster(),
        }
    }

    /// Address for clients, `postgres://…`.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn start_cluster() -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("cyxwiz-pg-")
            .tempdir()
            .context("make a directory for Postgres")?;
        let data = dir.path().join("data");
        hand_over(dir.path())?;
        let initdb = as_server_user(&postgres_program("initdb")?)?
            .args([
                "--no-sync",
                "--no-locale",
                "--encoding=UTF8",
                "--auth=trust",
            ])
            .args(["--username=postgres", "--pgdata"])
            .arg(&data)
            .output()
            .context("run initdb")?;
        ensure!(
            initdb.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&initdb.stderr)
        );

        // The shell outlives neither us nor its server: our end of the pipe
        // closes however we die, and then it stops the server and tidies up.
        let log = dir.path().join("log");
        let script = r#""$@" >"$LOG" 2>&1 & server=$!
            cat >/dev/null; kill -QUIT $server; wait $server; rm -rf "$DIR""#;
        let keeper = as_server_user(Path::new("/bin/sh"))?
            .args(["-c", script, "sh"])
            .arg(postgres_program("postgres")?)
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(dir.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off"])
            .args(["-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
            .args(["-c", "shared_buffers=16MB", "-c", "max_connections=60"])
            .env("LOG", &log)
            .env("DIR", dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .context("start Postgres")?;
        let socket_dir = dir
            .path()
            .to_str()
            .context("the temporary directory's name")?;
        let url = format!("postgres://postgres@localhost/postgres?host={socket_dir}");
        let postgres = Self {
            url,
            kind: Kind::Cluster { keeper, _dir: dir },
        };
        postgres.wait_until_ready(&log)?;
        Ok(postgres)
    }

    fn wait_until_ready(&self, log: &Path) -> anyhow::Result<()> {
        let deadline = Instant::now() + START;
        while psql(&self.url, "SELECT 1").is_err() {
            if Instant::now() > deadline {
                let log = fs::read_to_string(log).unwrap_or_default();
                bail!("Postgres did not start within {START:?}: {log}");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn create_database(server_url: String) -> anyhow::Result<Self> {
        let name = format!("cyxwiz_test_{}", uuid::Uuid::new_v4().simple());
        psql(&server_url, &format!("CREATE DATABASE {name}"))?;
        let url = with_database(&server_url, &name)
            .with_context(|| format!("DATABASE_URL '{server_url}' names no database"))?;
        let kind = Kind::Database { server_url, name };
        Ok(Self { url, kind })
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        match &mut self.kind {
            Kind::Cluster { keeper, .. } => {
                drop(keeper.stdin.take());
                let _ = keeper.wait();
            }
            Kind::Database { server_url, name } => {
                // A drop cannot fail; a database left over harms nobody.
                let _ = psql(server_url, &format!("DROP DATABASE {name} WITH (FORCE)"));
            }
        }
    }
}

/// Where a program of Postgres is: beside the newest server that Debian
/// installed, else on the path.
///
/// # Errors
/// When it is not installed, with the command that installs it.
pub fn postgres_program(name: &str) -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut installed: Vec<(u32, PathBuf)> = versions
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin").join(name)))
        })
        .filter(|(_, program)| program.exists())
        .collect();
    installed.sort();
    if let Some((_, program)) = installed.pop() {
        return Ok(program);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|program| program.exists())
        .with_context(|| format!("{name} is not installed; try: apt-get install postgresql"))
}

/// Runs one statement.
fn psql(url: &str, sql: &str) -> anyhow::Result<()> {
    let output = Command::new(postgres_program("psql")?)
        .args([url, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .stdin(Stdio::null())
        .output()
        .context("run psql")?;
    ensure!(
        output.status.success(),
        "psql: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}

/// `url` with its database replaced.
fn with_database(url: &str, name: &str) -> Option<String> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let authority = base.find("://")? + 3;
    let path = base[authority..].find('/').map(|at| authority + at);
    let base = path.map_or(base, |at| &base[..at]);
    let separator = if query.is_empty() { "" } else { "?" };
    Some(format!("{base}/{name}{separator}{query}"))
}

/// A command that Postgres accepts to be run by.
fn as_server_user(program: &Path) -> anyhow::Result<Command> {
    if !Uid::effective().is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            SERVER_USER,
            "--regid",
            SERVER_USER,
            "--init-groups",
        ])
        .arg(program)
        .current_dir("/");
    Ok(command)
}

/// Gives `dir` to the user the server runs as.
fn hand_over(dir: &Path) -> anyhow::Result<()> {
    if !Uid::effective().is_root() {
        return Ok(());
    }
    let user = User::from_name(SERVER_USER)?
        .with_context(|| format!("no user '{SERVER_USER}'; try: apt-get install postgresql"))?;
    std::os::unix::fs::chown(dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())).context("chown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_database_answers_and_leaves_nothing() {
        let postgres = PrivatePostgres::start().expect("start");
        psql(postgres.url(), "CREATE TABLE t (i int)").expect("create a table");
        assert!(psql(postgres.url(), "SELECT nonsense").is_err());
        let dir = match &postgres.kind {
            Kind::Cluster { _dir, .. } => Some(_dir.path().to_owned()),
            Kind::Database { .. } => None,
        };
        let url = postgres.url().to_owned();
        drop(postgres);
        assert!(psql(&url, "SELECT 1").is_err());
        assert!(dir.is_none_or(|dir| !dir.exists()));
    }

    #[test]
    fn the_database_of_a_url_is_replaced() {
        let cases = [
            ("postgres://u:p@h:5/db", "postgres://u:p@h:5/new"),
            ("postgres://h", "postgres://h/new"),
            (
                "postgres://h/db?host=/tmp/x",
                "postgres://h/new?host=/tmp/x",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "new").as_deref(), Some(expected));
        }
        assert_eq!(with_database("nothing", "new"), None);
    }
}
