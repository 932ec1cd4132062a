//! Announces a node.

use cyxwiz_domain::{Address, Digest};
use cyxwiz_proto::node::v1::{RegisterRequest, RegisterResponse};

use crate::{
    app::App,
    db::{
        self,
        nodes::{Announcement, Free},
    },
    error::Error,
};

/// Longest version that is kept.
const MAX_VERSION: usize = 64;
/// Circuits and runtime classes that a node may announce: many more than there are of either.
const MAX_IDS: usize = 256;

pub async fn register(
    app: &App,
    owner: Address,
    request: RegisterRequest,
) -> Result<RegisterResponse, Error> {
    if request.version.len() > MAX_VERSION {
        return Err(Error::Argument {
            field: "version",
            problem: format!("must have at most {MAX_VERSION} bytes"),
        });
    }
    let circuits = ids("circuits", &request.circuits)?;
    let runtime_classes = ids("runtime_classes", &request.runtime_classes)?;
    // Read before the accounts: they are at least as new as this slot.
    let slot = app.chain.slot().await?;
    let account = app
        .chain
        .node(owner)
        .await?
        .ok_or(Error::NodeUnregistered)?;
    let reputation = app
        .chain
        .reputation(owner)
        .await?
        .map_or(0, |record| record.score);
    let announcement = Announcement {
        free: Free {
            vram_mib: request.free_vram_mib,
            ram_mib: request.free_ram_mib,
        },
        version: request.version,
        circuits,
        runtime_classes,
    };
    db::nodes::announce(&app.pool, &account, reputation, slot, &announcement).await?;
    tracing::info!(node = %owner, endpoint = %account.endpoint, stake = %account.stake, circuits = announcement.circuits.len(), runtime_classes = announcement.runtime_classes.len(), "a node announced itself");
    let interval = app.settings.nodes.heartbeat.as_secs().max(1);
    Ok(RegisterResponse {
        heartbeat_seconds: u32::try_from(interval).unwrap_or(u32::MAX),
    })
}

fn ids(field: &'static str, announced: &[Vec<u8>]) -> Result<Vec<Digest>, Error> {
    if announced.len() > MAX_IDS {
        return Err(Error::Argument {
            field,
            problem: format!("must be at most {MAX_IDS}"),
        });
    }
    let ids = announced.iter().map(|id| Digest::from_slice(id));
    Ok(ids.collect::<Result<_, _>>()?)
}
