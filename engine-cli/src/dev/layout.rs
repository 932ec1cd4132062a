//! Where a stack keeps what.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use super::chain;
use crate::error::{Error, Result};

/// The paths of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The stack in `dir`, which need not exist.
    ///
    /// # Errors
    /// [`Error::File`] if the working directory is gone.
    pub fn new(dir: &Path) -> Result<Self> {
        let root = std::path::absolute(dir).map_err(Error::file("directory", dir))?;
        Ok(Self { root })
    }

    /// Makes the directories that are missing.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn create(&self) -> Result<()> {
        use std::os::unix::fs::DirBuilderExt as _;
        // Passable, so that the database's own user reaches its part; the rest is closed.
        let dirs = [
            (self.root.clone(), 0o711),
            (self.logs(), 0o700),
            (self.run(), 0o700),
            (self.wallets(), 0o700),
        ];
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent).map_err(Error::file("directory", parent))?;
        }
        for (dir, mode) in dirs {
            match fs::DirBuilder::new().mode(mode).create(&dir) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(Error::file("directory", dir)(error)),
            }
        }
        Ok(())
    }

    /// Removes what a stack writes and nothing else; the directory too once it is empty.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn remove(&self) -> Result<()> {
        let dirs = [
            "logs",
            "run",
            "wallets",
            "chain",
            "nodes",
            "keys",
            "user",
            "postgres",
            "postgres.new",
        ];
        let files = [
            "stack.json",
            "config.toml",
            "env",
            "postgres.password",
            "lock",
        ];
        let gone = |path: &Path, removed: io::Result<()>| match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::file("remove", path)(error))
            }
            _ => Ok(()),
        };
        for path in dirs.map(|name| self.root.join(name)) {
            gone(&path, fs::remove_dir_all(&path))?;
        }
        for path in files.map(|name| self.root.join(name)) {
            gone(&path, fs::remove_file(&path))?;
        }
        // Someone else's files may be there as well.
        let _ = fs::remove_dir(&self.root);
        Ok(())
    }

    /// The directory itself, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// One log file per process.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Port files.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Key pair files.
    pub fn wallets(&self) -> PathBuf {
        self.root.join("wallets")
    }

    /// The wallet called `name`.
    pub fn wallet(&self, name: &str) -> PathBuf {
        self.wallets().join(format!("{name}.json"))
    }

    /// The log of the process called `name`.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// The port file of the process called `name`.
    pub fn port_file(&self, name: &str) -> PathBuf {
        self.run().join(format!("{name}.json"))
    }

    /// What runs.
    pub fn state_file(&self) -> PathBuf {
        self.root.join("stack.json")
    }

    /// Settings of the command line while the stack runs.
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The same for shells.
    pub fn env_file(&self) -> PathBuf {
        self.root.join("env")
    }

    /// Jobs of the stack's user.
    pub fn user_data(&self) -> PathBuf {
        self.root.join("user")
    }

    /// Proving keys, which the nodes share: tens of megabytes, made in seconds.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// Data of node `number`.
    pub fn node_data(&self, number: u32) -> PathBuf {
        self.root.join("nodes").join(number.to_string())
    }
}

/// Where the binaries and programs of the stack are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    bin: PathBuf,
    programs: PathBuf,
}

impl Binaries {
    /// Beside this executable, and in `target/deploy`, unless said otherwise.
    ///
    /// # Errors
    /// [`Error::Usage`] names what is missing and how it is made.
    pub fn find(bin: Option<&Path>, programs: Option<&Path>) -> Result<Self> {
        let own = env::current_exe().map_err(Error::file("executable", "/proc/self/exe"))?;
        let beside = own.parent().unwrap_or(Path::new("."));
        let candidates = [beside.join("../deploy"), PathBuf::from("target/deploy")];
        let programs = programs.map(Path::to_owned).or_else(|| {
            let there = |dir: &&PathBuf| dir.join("job_escrow.so").is_file();
            candidates.iter().find(there).cloned()
        });
        let found = Self {
            bin: std::path::absolute(bin.unwrap_or(beside))
                .map_err(Error::file("directory", beside))?,
            programs: programs.unwrap_or_else(|| "target/deploy".into()),
        };
        for name in [
            "cyxwiz-localnet",
            "cyxwiz-coordinator",
            "cyxwiz-node",
            "cyxwiz-trainer",
        ] {
            if !found.binary(name).is_file() {
                return Err(Error::Usage(format!(
                    "{} is missing: build it with `cargo build --workspace --bins`, or name its directory with --bin-dir",
                    found.binary(name).display()
                )));
            }
        }
        for (_, name) in chain::images() {
            if !found.programs.join(format!("{name}.so")).is_file() {
                return Err(Error::Usage(format!(
                    "{name}.so is not in {}: build it with scripts/build-programs, or name its directory with --programs",
                    found.programs.display()
                )));
            }
        }
        Ok(found)
    }

    /// A binary.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// The image of an on-chain program.
    ///
    /// # Errors
    /// [`Error::File`] if it has gone meanwhile.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let path = self.programs.join(format!("{name}.so"));
        fs::canonicalize(&path).map_err(Error::file("program", path))
    }
}
