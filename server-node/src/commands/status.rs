//! `status` and `preflight`: what the chain and the machine say.

use std::io::{Write as _, stdout};

use anyhow::Result;
use cyxwiz_chain::{Chain, NodeAccount, ReputationAccount};
use serde_json::{Value, json};

use crate::{
    config::Settings,
    identity::Identity,
    steps::{preflight, registered::RegisterError},
};

pub(super) async fn status(settings: &Settings, as_json: bool) -> Result<()> {
    let identity = Identity::load(settings)?;
    let chain = Chain::new(&settings.rpc_url);
    let owner = identity.address();
    let node = chain
        .node(owner)
        .await?
        .ok_or(RegisterError::NotRegistered)?;
    let reputation = chain.reputation(owner).await?;
    let document = document(&node, reputation.as_ref());
    print(&document, as_json)
}

pub(super) async fn preflight(settings: &Settings, as_json: bool) -> Result<()> {
    let chain = Chain::new(&settings.rpc_url);
    let findings = preflight::check(settings, &chain).await?;
    drop(preflight::listen(settings).await?);
    print(&serde_json::to_value(&findings)?, as_json)
}

fn document(node: &NodeAccount, reputation: Option<&ReputationAccount>) -> Value {
    json!({
        "owner": node.owner,
        "account": node.address,
        "endpoint": node.endpoint,
        "tls_fingerprint": node.tls_fingerprint,
        "next_tls_fingerprint": node.next_tls_fingerprint.map(|(next, _)| next),
        "rotates_at": node.next_tls_fingerprint.map(|(_, at)| at),
        "region": node.region,
        "device": node.gpu_model,
        "vram_mib": node.vram_mib,
        "ram_mib": node.ram_mib,
        "rate": f64::from(node.rate_milli) / 1000.0,
        "stake": node.stake,
        "free_stake": node.free_stake(),
        "locked": node.locked,
        "unstaking": node.unstake_amount,
        "reward_accrued": node.reward_accrued,
        "active_jobs": node.active_jobs,
        "locked_until": node.locked_until,
        "suspended_until": node.suspended_until,
        "banned": node.banned,
        "reputation": reputation.map(|r| json!({
            "score": r.score,
            "tier": r.tier,
            "jobs_completed": r.jobs_completed,
        })),
    })
}

/// One JSON object, or one line a field.
fn print(document: &Value, as_json: bool) -> Result<()> {
    let mut out = stdout().lock();
    match document {
        Value::Object(fields) if !as_json => {
            for (name, value) in fields {
                match value {
                    Value::String(text) => writeln!(out, "{name:22} {text}")?,
                    other => writeln!(out, "{name:22} {other}")?,
                }
            }
        }
        _ => writeln!(out, "{document}")?,
    }
    Ok(())
}
