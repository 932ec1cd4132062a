//! Nodes: what the chain says about them, and their heartbeats.

use std::time::Duration;

use chrono::{DateTime, Utc};
use cyxwiz_chain::NodeAccount;
use cyxwiz_domain::{Address, Amount, Digest, JobState};
use sqlx::PgPool;
use uuid::Uuid;

use super::{address, digest, signed, small, unsigned};
use crate::{error::Error, matching::Candidate};

/// A node with its status, for lists.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What matching sees.
    pub candidate: Candidate,
    /// `host:port`.
    pub endpoint: String,
    /// Total, base units.
    pub stake: Amount,
    /// State of the job that holds it.
    pub holds: Option<JobState>,
    /// Last heartbeat.
    pub last_seen: DateTime<Utc>,
}

/// What a heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// Device memory free for jobs, MiB.
    pub vram_mib: u32,
    /// Main memory free for jobs, MiB.
    pub ram_mib: u32,
}

/// What a node says of itself when it comes online.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its memory.
    pub free: Free,
    /// Version of its software.
    pub version: String,
    /// Ids of the circuits that it makes proofs with.
    pub circuits: Vec<Digest>,
    /// Hashes of the runtime classes that it keeps.
    pub runtime_classes: Vec<Digest>,
}

/// For how long it is held against a node that it handed a job back.
const HANDED_BACK_COUNTS: Duration = Duration::from_secs(86_400);

/// Announces a node, or takes over what the chain says now about a known one.
/// An account older than the one known changes nothing of the mirror.
///
/// # Errors
/// [`Error::Database`].
pub async fn announce(
    pool: &PgPool,
    account: &NodeAccount,
    reputation: u16,
    slot: u64,
    announcement: &Announcement,
) -> Result<(), Error> {
    let Announcement {
        free,
        version,
        circuits,
        runtime_classes,
    } = announcement;
    let (circuits, runtime_classes) = (bytes(circuits), bytes(runtime_classes));
    sqlx::query!(
        "INSERT INTO nodes (owner, endpoint, region, device, vram_mib, ram_mib, rate_milli, stake,
             free_stake, active_jobs, suspended_until, banned, reputation, seq, slot,
             free_vram_mib, free_ram_mib, version, circuits, runtime_classes)
         VALUES ($1, $2, $3, $4, $5, $6, greatest($7::bigint, 1), $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT (owner) DO UPDATE SET
             free_vram_mib = EXCLUDED.free_vram_mib, free_ram_mib = EXCLUDED.free_ram_mib,
             version = EXCLUDED.version, circuits = EXCLUDED.circuits,
             runtime_classes = EXCLUDED.runtime_classes, last_seen = now()",
        account.owner.0.as_slice(),
        account.endpoint,
        account.region,
        account.gpu_model,
        i64::from(account.vram_mib),
        i64::from(account.ram_mib),
        i64::from(account.rate_milli),
        signed(account.stake.0)?,
        signed(account.free_stake().0)?,
        i64::from(account.active_jobs),
        account.suspended_until,
        account.banned,
        score(reputation),
        signed(account.seq)?,
        signed(slot)?,
        i64::from(free.vram_mib),
        i64::from(free.ram_mib),
        version,
        &circuits,
        &runtime_classes,
    )
    .execute(pool)
    .await?;
    mirror(pool, account, reputation, slot).await
}

/// Takes over what the chain said about a known node at `slot`, unless something
/// newer is known. Others are left alone.
///
/// # Errors
/// [`Error::Database`].
pub async fn mirror(
    pool: &PgPool,
    account: &NodeAccount,
    reputation: u16,
    slot: u64,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE nodes SET endpoint = $2, region = $3, device = $4, vram_mib = $5, ram_mib = $6,
             rate_milli = greatest($7::bigint, 1), stake = $8, free_stake = $9, active_jobs = $10,
             suspended_until = $11, banned = $12, reputation = $13, seq = $14, slot = $15
         WHERE owner = $1 AND (seq, slot) <= ($14, $15)",
        account.owner.0.as_slice(),
        account.endpoint,
        account.region,
        account.gpu_model,
        i64::from(account.vram_mib),
        i64::from(account.ram_mib),
        i64::from(account.rate_milli),
        signed(account.stake.0)?,
        signed(account.free_stake().0)?,
        i64::from(account.active_jobs),
        account.suspended_until,
        account.banned,
        score(reputation),
        signed(account.seq)?,
        signed(slot)?,
    )
    .execute(pool)
    .await?;
    Ok(())
}

fn bytes(ids: &[Digest]) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.to_vec()).collect()
}

fn digests(ids: &[Vec<u8>]) -> Result<Vec<Digest>, Error> {
    ids.iter().map(|id| digest(id)).collect()
}

fn score(reputation: u16) -> i16 {
    i16::try_from(reputation.min(1000)).expect("at most 1000")
}

/// A heartbeat of the stream that speaks for the node. The newest stream does:
/// `takes_over` on its first heartbeat. False when another one has taken over.
///
/// # Errors
/// [`Error::NodeUnknown`] before it announced itself.
pub async fn heartbeat(
    pool: &PgPool,
    owner: Address,
    stream: Uuid,
    takes_over: bool,
    free: Free,
) -> Result<bool, Error> {
    let row = sqlx::query!(
        r#"UPDATE nodes SET
             stream = CASE WHEN $3 THEN $2 ELSE stream END,
             free_vram_mib = $4, free_ram_mib = $5, last_seen = now()
         WHERE owner = $1
         RETURNING stream = $2 AS "speaks!""#,
        owner.0.as_slice(),
        stream,
        takes_over,
        i64::from(free.vram_mib),
        i64::from(free.ram_mib),
    )
    .fetch_optional(pool)
    .await?;
    row.map(|row| row.speaks).ok_or(Error::NodeUnknown)
}

/// The stream has ended: the node is offline unless another speaks for it.
///
/// # Errors
/// [`Error::Database`].
pub async fn stream_ended(pool: &PgPool, owner: Address, stream: Uuid) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE nodes SET stream = NULL WHERE owner = $1 AND stream = $2",
        owner.0.as_slice(),
        stream,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Owners of all nodes that ever announced themselves.
///
/// # Errors
/// [`Error::Database`].
pub async fn owners(pool: &PgPool) -> Result<Vec<Address>, Error> {
    let rows = sqlx::query_scalar!("SELECT owner FROM nodes")
        .fetch_all(pool)
        .await?;
    rows.iter().map(|owner| address(owner)).collect()
}

/// All nodes. Online means: a stream speaks for it, and spoke within `stale_after`.
///
/// # Errors
/// [`Error::Database`].
pub async fn all(pool: &PgPool, stale_after: Duration) -> Result<Vec<Listed>, Error> {
    let rows = sqlx::query!(
        r#"SELECT owner, endpoint, region, device, rate_milli, stake, free_stake, active_jobs,
             suspended_until, banned, reputation, last_seen, circuits, runtime_classes,
             least(vram_mib, free_vram_mib) AS "vram_mib!",
             least(ram_mib, free_ram_mib) AS "ram_mib!",
             (stream IS NOT NULL AND last_seen > now() - make_interval(secs => $1)) AS "online!",
             (SELECT j.state::text FROM jobs j
              WHERE j.node = nodes.owner
                AND j.state IN ('reserved', 'funded', 'assigned', 'training') LIMIT 1) AS holds,
             (SELECT count(*) FROM jobs j
              WHERE j.node = nodes.owner
                AND j.handed_back_at > now() - make_interval(secs => $2)) AS "handed_back!"
         FROM nodes ORDER BY owner"#,
        stale_after.as_secs_f64(),
        HANDED_BACK_COUNTS.as_secs_f64(),
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let holds = row.holds.map(|state| state.parse()).transpose();
            let holds: Option<JobState> =
                holds.map_err(|error| Error::Corrupt(format!("{error}")))?;
            Ok(Listed {
                candidate: Candidate {
                    owner: address(&row.owner)?,
                    device: row.device,
                    region: row.region,
                    vram_mib: small(row.vram_mib)?,
                    ram_mib: small(row.ram_mib)?,
                    rate_milli: small(row.rate_milli)?,
                    free_stake: Amount(unsigned(row.free_stake)?),
                    active_jobs: small(row.active_jobs)?,
                    suspended_until: row.suspended_until,
                    banned: row.banned,
                    reputation: u16::try_from(row.reputation).unwrap_or_default(),
                    online: row.online,
                    busy: holds.is_some(),
                    handed_back: small(row.handed_back)?,
                    circuits: digests(&row.circuits)?,
                    runtime_classes: digests(&row.runtime_classes)?,
                },
                endpoint: row.endpoint,
                stake: Amount(unsigned(row.stake)?),
                holds,
                last_seen: row.last_seen,
            })
        })
        .collect()
}
