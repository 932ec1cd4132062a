//! What the chain says of this node: registered, described, staked, and able to
//! be paid.

use cyxwiz_chain::{Chain, ChainError, NodeAccount, instructions, instructions::registry::Profile};
use cyxwiz_domain::{Amount, Digest};

use super::preflight::Benchmark;
use crate::{config::Settings, identity::Identity, machine};

/// Why the node is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The chain refuses or does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Nothing was registered.
    #[error("this wallet has no node on the chain; run `cyxwiz-node register`, or add --register")]
    NotRegistered,
    /// Too few tokens.
    #[error("staking {wanted} CYXWIZ needs {missing} more than the wallet's {balance} CYXWIZ")]
    Balance {
        /// To be staked now.
        wanted: Amount,
        /// In the wallet.
        balance: Amount,
        /// The difference.
        missing: Amount,
    },
}

/// Describes this node for the chain.
pub fn profile(
    settings: &Settings,
    endpoint: &str,
    tls_fingerprint: Digest,
    benchmark: &Benchmark,
) -> Profile {
    let memory = settings
        .limits
        .memory_mib
        .unwrap_or_else(machine::total_memory_mib);
    Profile {
        endpoint: endpoint.to_owned(),
        tls_fingerprint,
        region: settings.region.clone(),
        gpu_model: benchmark.device.model.clone(),
        vram_mib: benchmark.device.vram_mib,
        ram_mib: u32::try_from(memory).unwrap_or(u32::MAX),
        rate_milli: benchmark.rate_milli,
    }
}

/// Registers the node if `create`, opens what its jobs need on the chain, and
/// corrects its description; what is right already is left alone.
///
/// # Errors
/// [`RegisterError`].
pub async fn ensure(
    chain: &Chain,
    identity: &Identity,
    profile: &Profile,
    create: bool,
) -> Result<NodeAccount, RegisterError> {
    let owner = identity.address();
    let mint = chain.escrow_config().await?.mint;
    let account = chain.node(owner).await?;
    let mut writes = Vec::new();
    match &account {
        None if !create => return Err(RegisterError::NotRegistered),
        None => {
            writes.push(instructions::registry::register(owner, mint, profile));
            // Jobs are paid here.
            writes.push(instructions::token::create_account(owner, owner, mint));
        }
        Some(account) if differs(account, profile) => {
            writes.push(instructions::registry::update(owner, profile));
        }
        Some(_) => {}
    }
    if chain.reputation(owner).await?.is_none() {
        writes.push(instructions::reputation::open_node(owner, owner));
    }
    if !writes.is_empty() {
        let signature = chain.execute(&writes, &identity.signer, &[]).await?;
        tracing::info!(
            signature,
            endpoint = profile.endpoint,
            "described on the chain"
        );
    }
    let account = chain.node(owner).await?;
    account.ok_or(RegisterError::NotRegistered)
}

/// Stakes what is missing to `wanted`.
///
/// # Errors
/// [`RegisterError::Balance`] before anything is sent, when the wallet has too little.
pub async fn ensure_stake(
    chain: &Chain,
    identity: &Identity,
    account: &NodeAccount,
    wanted: Amount,
) -> Result<(), RegisterError> {
    match wanted.checked_sub(account.stake) {
        None | Some(Amount::ZERO) => Ok(()),
        Some(missing) => stake(chain, identity, missing).await.map(drop),
    }
}

/// Stakes `amount` more; the transaction's signature.
///
/// # Errors
/// As [`ensure_stake`].
pub async fn stake(
    chain: &Chain,
    identity: &Identity,
    amount: Amount,
) -> Result<String, RegisterError> {
    let owner = identity.address();
    let mint = chain.escrow_config().await?.mint;
    let balance = chain.token_balance(owner, mint).await?;
    if balance < amount {
        return Err(RegisterError::Balance {
            wanted: amount,
            balance,
            missing: Amount(amount.0 - balance.0),
        });
    }
    let write = instructions::registry::stake(owner, mint, amount);
    let signature = chain.execute(&[write], &identity.signer, &[]).await?;
    tracing::info!(signature, %amount, "staked");
    Ok(signature)
}

fn differs(account: &NodeAccount, profile: &Profile) -> bool {
    account.endpoint != profile.endpoint
        // what is announced is to be what this node shows
        || account.last_fingerprint() != profile.tls_fingerprint
        || account.region != profile.region
        || account.gpu_model != profile.gpu_model
        || account.vram_mib != profile.vram_mib
        || account.ram_mib != profile.ram_mib
        || account.rate_milli != profile.rate_milli
}
