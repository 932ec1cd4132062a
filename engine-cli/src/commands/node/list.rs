//! `cyxwiz node list`.

use cyxwiz_domain::{Address, Amount};
use serde::Serialize;

use crate::{
    engine::Engine,
    error::{Error, Result},
    printer::table,
};

#[derive(Serialize)]
struct Node {
    owner: Address,
    endpoint: String,
    region: String,
    device: String,
    vram_mib: u32,
    ram_mib: u32,
    /// 1.0 is the reference machine.
    rate: f64,
    /// Base units.
    stake: u64,
    reputation: u32,
    tier: String,
    status: String,
}

/// Lists the nodes that the coordinator knows.
///
/// # Errors
/// A coordinator that does not answer.
pub async fn run(engine: &Engine) -> Result<()> {
    let nodes = engine.coordinator.nodes().await?;
    let nodes: Vec<Node> = nodes
        .into_iter()
        .map(|node| {
            let owner = Address::from_slice(&node.owner).map_err(|error| Error::Protocol {
                who: "the coordinator",
                problem: error.to_string(),
            })?;
            Ok(Node {
                owner,
                endpoint: node.endpoint,
                region: node.region,
                device: node.device,
                vram_mib: node.vram_mib,
                ram_mib: node.ram_mib,
                rate: f64::from(node.rate_milli) / 1000.0,
                stake: node.stake,
                reputation: node.reputation,
                tier: node.tier,
                status: node.status,
            })
        })
        .collect::<Result<_>>()?;
    engine.printer.result(&nodes, || {
        let header = [
            "node", "status", "tier", "device", "VRAM MiB", "RAM MiB", "rate", "stake", "region",
            "endpoint",
        ];
        let mut rows = table(&header);
        for node in &nodes {
            rows.add_row([
                node.owner.to_string(),
                node.status.clone(),
                format!("{} ({})", node.tier, node.reputation),
                node.device.clone(),
                node.vram_mib.to_string(),
                node.ram_mib.to_string(),
                format!("{:.2}", node.rate),
                Amount(node.stake).to_string(),
                node.region.clone(),
                node.endpoint.clone(),
            ]);
        }
        rows.trim_fmt()
    });
    Ok(())
}
