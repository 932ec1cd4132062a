//! The verbs of the command line.

mod run;
mod stake;
mod status;

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use anyhow::{Context as _, Result, bail};
use cyxwiz_chain::Chain;

use crate::{
    cli::{Cli, Command},
    config::Settings,
    identity::Identity,
    steps::{preflight, registered},
};

/// Does what the command line says.
///
/// # Errors
/// Anything that went wrong; [`exit_code`] classifies it.
pub async fn dispatch(cli: Cli) -> Result<()> {
    let settings = cli.settings.load()?;
    match cli.command {
        Command::Run(args) => run::run(settings, args).await,
        Command::Register { stake } => register(&settings, stake).await,
        Command::Stake { amount } => stake::stake(&settings, amount).await,
        Command::Unstake { amount } => stake::unstake(&settings, amount).await,
        Command::Withdraw => stake::withdraw(&settings).await,
        Command::Claim => stake::claim(&settings).await,
        Command::Status { json } => status::status(&settings, json).await,
        Command::Preflight { json } => status::preflight(&settings, json).await,
        Command::Confine(_) => bail!("confine runs without a runtime"),
    }
}

/// 3 for a refusal by the chain, 4 for silence, 2 for configuration, else 1.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    use cyxwiz_chain::ChainError;
    for cause in error.chain() {
        if let Some(error) = cause.downcast_ref::<ChainError>() {
            return match error {
                ChainError::Refused { .. } => 3,
                error if error.is_transient() => 4,
                _ => 1,
            };
        }
        if cause.is::<crate::config::ConfigError>() {
            return 2;
        }
    }
    1
}

/// `register`: describes the node with the endpoint that `run` will serve.
async fn register(settings: &Settings, stake: Option<cyxwiz_domain::Amount>) -> Result<()> {
    let _lock = lock(&settings.data_dir)?;
    let identity = Identity::load(settings)?;
    let chain = Chain::new(&settings.rpc_url);
    let findings = preflight::check(settings, &chain).await?;
    // Binding proves the port free and, for port 0, chooses the one `run` will take.
    let listener = preflight::listen(settings).await?;
    let endpoint = settings.endpoint(preflight::remember_port(settings, &listener)?);
    let fingerprint = identity.fingerprint();
    let profile = registered::profile(settings, &endpoint, fingerprint, &findings.benchmark);
    let account = registered::ensure(&chain, &identity, &profile, true).await?;
    if let Some(stake) = stake {
        registered::ensure_stake(&chain, &identity, &account, stake).await?;
    }
    status::status(settings, false).await
}

/// Keeps a second process away from the same data directory.
fn lock(data_dir: &Path) -> Result<File> {
    fs::create_dir_all(data_dir).with_context(|| format!("make {}", data_dir.display()))?;
    let path = data_dir.join("lock");
    let file = File::create(&path).with_context(|| format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "another node uses {}; give this one a --data-dir of its own",
            data_dir.display()
        ),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("lock {}", path.display()))
        }
    }
}
