//! `stake`, `unstake`, `withdraw`, `claim`: the owner's money in the registry.

use std::io::{Write as _, stdout};

use anyhow::Result;
use cyxwiz_chain::{Chain, Instruction, instructions::registry};
use cyxwiz_domain::Amount;

use crate::{config::Settings, identity::Identity, steps::registered};

pub(super) async fn stake(settings: &Settings, amount: Amount) -> Result<()> {
    let identity = Identity::load(settings)?;
    let chain = Chain::new(&settings.rpc_url);
    let signature = registered::stake(&chain, &identity, amount).await?;
    Ok(writeln!(stdout(), "staked {amount} CYXWIZ: {signature}")?)
}

pub(super) async fn unstake(settings: &Settings, amount: Amount) -> Result<()> {
    let identity = Identity::load(settings)?;
    let write = registry::request_unstake(identity.address(), amount);
    let (signature, chain) = execute(settings, &identity, write).await?;
    let due = chain
        .node(identity.address())
        .await?
        .map_or(0, |node| node.unstake_at.max(node.locked_until));
    let due = chrono::DateTime::from_timestamp(due, 0).unwrap_or_default();
    Ok(writeln!(
        stdout(),
        "asked {amount} CYXWIZ back, to be withdrawn from {due}: {signature}"
    )?)
}

pub(super) async fn withdraw(settings: &Settings) -> Result<()> {
    let identity = Identity::load(settings)?;
    let mint = Chain::new(&settings.rpc_url).escrow_config().await?.mint;
    let write = registry::withdraw(identity.address(), mint);
    let (signature, _) = execute(settings, &identity, write).await?;
    Ok(writeln!(stdout(), "withdrawn: {signature}")?)
}

pub(super) async fn claim(settings: &Settings) -> Result<()> {
    let identity = Identity::load(settings)?;
    let mint = Chain::new(&settings.rpc_url).escrow_config().await?.mint;
    let write = registry::claim_reward(identity.address(), mint);
    let (signature, _) = execute(settings, &identity, write).await?;
    Ok(writeln!(stdout(), "claimed: {signature}")?)
}

async fn execute(
    settings: &Settings,
    identity: &Identity,
    write: Instruction,
) -> Result<(String, Chain)> {
    let chain = Chain::new(&settings.rpc_url);
    let signature = chain.execute(&[write], &identity.signer, &[]).await?;
    Ok((signature, chain))
}
