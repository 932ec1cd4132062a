//! Flags, environment and files become plain settings.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    cli::Global,
    error::{Error, Result},
};

/// Where a local stack lies when nothing else is said.
pub const DEFAULT_DEV_DIR: &str = ".cyxwiz/dev";

/// What a configuration file may say; all of it is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Solana JSON-RPC address.
    pub rpc_url: Option<String>,
    /// gRPC address of the coordinator.
    pub coordinator: Option<String>,
    /// Key pair file; relative to the configuration file.
    pub wallet: Option<PathBuf>,
    /// Directory for jobs; relative to the configuration file.
    pub data_dir: Option<PathBuf>,
}

/// What commands work with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Solana JSON-RPC address.
    pub rpc_url: String,
    /// gRPC address of the coordinator.
    pub coordinator: String,
    /// Key pair file.
    pub wallet: PathBuf,
    /// Directory for jobs.
    pub data_dir: PathBuf,
    /// Directory of the local stack.
    pub dev_dir: PathBuf,
}

impl Settings {
    /// Resolves flags (with their environment), the stack's file and the user's file.
    ///
    /// # Errors
    /// A configuration file that cannot be read.
    pub fn resolve(global: &Global) -> Result<Self> {
        let home = env::var_os("HOME").map(PathBuf::from);
        let under_home = |path: &str| home.clone().unwrap_or_else(|| ".".into()).join(path);
        let dev_dir = global
            .dev_dir
            .clone()
            .unwrap_or_else(|| DEFAULT_DEV_DIR.into());
        let config_home = env::var_os("XDG_CONFIG_HOME")
            .map_or_else(|| under_home(".config"), PathBuf::from)
            .join("cyxwiz");
        let data_home = env::var_os("XDG_DATA_HOME")
            .map_or_else(|| under_home(".local/share"), PathBuf::from)
            .join("cyxwiz");
        let files = [
            ConfigFile::read(&dev_dir.join("config.toml"))?,
            ConfigFile::read(&config_home.join("config.toml"))?,
        ];
        let defaults = Self {
            rpc_url: "http://127.0.0.1:8899".into(),
            coordinator: "http://127.0.0.1:50051".into(),
            wallet: config_home.join("wallet.json"),
            data_dir: data_home,
            dev_dir,
        };
        Ok(Self::merge(global, files, defaults))
    }

    /// The first that says something wins: flags, then `files` in order, then `defaults`.
    fn merge(global: &Global, files: impl IntoIterator<Item = ConfigFile>, defaults: Self) -> Self {
        let mut found = ConfigFile {
            rpc_url: global.rpc_url.clone(),
            coordinator: global.coordinator.clone(),
            wallet: global.wallet.clone(),
            data_dir: global.data_dir.clone(),
        };
        for file in files {
            found.rpc_url = found.rpc_url.or(file.rpc_url);
            found.coordinator = found.coordinator.or(file.coordinator);
            found.wallet = found.wallet.or(file.wallet);
            found.data_dir = found.data_dir.or(file.data_dir);
        }
        Self {
            rpc_url: found.rpc_url.unwrap_or(defaults.rpc_url),
            coordinator: found.coordinator.unwrap_or(defaults.coordinator),
            wallet: found.wallet.unwrap_or(defaults.wallet),
            data_dir: found.data_dir.unwrap_or(defaults.data_dir),
            dev_dir: defaults.dev_dir,
        }
    }
}

impl ConfigFile {
    /// Reads `path`; a file that is not there says nothing.
    fn read(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Error::file("configuration", path)(error)),
        };
        let mut file: Self = toml::from_str(&text)
            .map_err(|error| Error::Usage(format!("configuration {}: {error}", path.display())))?;
        let base = path.parent().unwrap_or(Path::new("."));
        for relative in [&mut file.wallet, &mut file.data_dir].into_iter().flatten() {
            *relative = base.join(&*relative);
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Settings {
        Settings {
            rpc_url: "default".into(),
            coordinator: "default".into(),
            wallet: "default".into(),
            data_dir: "default".into(),
            dev_dir: "dev".into(),
        }
    }

    #[test]
    fn flags_come_before_files_and_files_before_defaults() {
        let global = Global {
            rpc_url: Some("flag".into()),
            ..Global::default()
        };
        let stack = ConfigFile {
            rpc_url: Some("stack".into()),
            coordinator: Some("stack".into()),
            ..ConfigFile::default()
        };
        let user = ConfigFile {
            coordinator: Some("user".into()),
            wallet: Some("user".into()),
            ..ConfigFile::default()
        };
        let settings = Settings::merge(&global, [stack, user], defaults());
        assert_eq!(settings.rpc_url, "flag");
        assert_eq!(settings.coordinator, "stack");
        assert_eq!(settings.wallet, Path::new("user"));
        assert_eq!(settings.data_dir, Path::new("default"));
    }

    #[test]
    fn paths_in_a_file_are_relative_to_it_and_unknown_keys_are_refused() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("config.toml");
        assert_eq!(
            ConfigFile::read(&path).expect("absent"),
            ConfigFile::default()
        );
        fs::write(&path, "wallet = 'wallets/user.json'").expect("write");
        let file = ConfigFile::read(&path).expect("read");
        assert_eq!(file.wallet, Some(dir.path().join("wallets/user.json")));
        fs::write(&path, "walet = 'x'").expect("write");
        assert!(matches!(ConfigFile::read(&path), Err(Error::Usage(_))));
    }
}
