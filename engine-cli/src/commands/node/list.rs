//! `cyxwiz node list`.

use cyxwiz_domain::{Address, Amount, Digest, spec::RuntimeClass};
use cyxwiz_statement::{REGISTRY, Registered};
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
    /// Names of the circuits that it makes proofs with.
    circuits: Vec<String>,
    /// Names of the runtime classes that it keeps.
    runtime_classes: Vec<String>,
}

impl Node {
    /// The circuits in a few words.
    fn proves(&self) -> String {
        match self.circuits.len() {
            0 => "nothing".to_owned(),
            all if all == REGISTRY.len() => "every circuit".to_owned(),
            _ => self.circuits.join(" "),
        }
    }
}

/// What this release calls a circuit; the id in hexadecimal where it knows none.
fn circuit_name(id: &[u8]) -> Result<String> {
    let id = digest(id)?;
    let known = Registered::by_id(&id.0).map(|circuit| circuit.name.to_owned());
    Ok(known.unwrap_or_else(|| id.to_string()))
}

/// What this release calls a runtime class; the hash in hexadecimal where it knows none.
fn class_name(hash: &[u8]) -> Result<String> {
    let hash = digest(hash)?;
    let known = RuntimeClass::all().find(|class| class.hash() == hash);
    Ok(known.map_or_else(|| hash.to_string(), |class| class.name().to_owned()))
}

fn names(ids: &[Vec<u8>], name: fn(&[u8]) -> Result<String>) -> Result<Vec<String>> {
    ids.iter().map(|id| name(id)).collect()
}

fn digest(bytes: &[u8]) -> Result<Digest> {
    Digest::from_slice(bytes).map_err(|error| Error::Protocol {
        who: "the coordinator",
        problem: error.to_string(),
    })
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
                circuits: names(&node.circuits, circuit_name)?,
                runtime_classes: names(&node.runtime_classes, class_name)?,
            })
        })
        .collect::<Result<_>>()?;
    engine.printer.result(&nodes, || {
        let header = [
            "node", "status", "tier", "device", "VRAM MiB", "RAM MiB", "rate", "stake", "region",
            "endpoint", "proves",
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
                node.proves(),
            ]);
        }
        rows.trim_fmt()
    });
    Ok(())
}
