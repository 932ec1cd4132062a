//! How often nodes were found up.

use std::time::Duration;

use cyxwiz_chain::instructions::reputation::Uptime;
use cyxwiz_domain::Address;
use sqlx::PgPool;

use super::address;
use crate::error::Error;

/// What is known of a node whose report is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The node.
    pub owner: Address,
    /// Whether a transaction with its counts may be under way.
    pub sent: bool,
    /// The chain's last report that is not in the counts any more, Unix seconds of its clock.
    pub reported_at: i64,
}

/// Counts one sample for every node that was seen within a day. Replicas count once between them: nodes that
/// were looked at less than `every` ago are passed over, as are those with as many samples as a report takes.
/// Reports are due at multiples of `period`, so that nodes share them.
///
/// # Errors
/// [`Error::Database`].
pub async fn sample(
    pool: &PgPool,
    stale_after: Duration,
    every: Duration,
    period: Duration,
) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO uptime (owner, up, total, due_at)
         SELECT owner,
             CASE WHEN stream IS NOT NULL AND last_seen > now() - make_interval(secs => $1)
                  THEN 1 ELSE 0 END,
             1, to_timestamp((floor(extract(epoch FROM now())::float8 / $3::float8) + 1) * $3::float8)
         FROM nodes WHERE NOT banned AND last_seen > now() - interval '1 day'
         ON CONFLICT (owner) DO UPDATE SET
             up = uptime.up + EXCLUDED.up, total = uptime.total + 1, sampled_at = now()
         WHERE uptime.total < 120 AND uptime.sampled_at <= now() - make_interval(secs => $2)",
        stale_after.as_secs_f64(),
        every.as_secs_f64(),
        period.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Up to `limit` nodes that the chain is to be told of. Nobody else gets them within `lease`.
///
/// # Errors
/// [`Error::Database`].
pub async fn take_due(pool: &PgPool, limit: usize, lease: Duration) -> Result<Vec<Due>, Error> {
    let rows = sqlx::query!(
        r#"UPDATE uptime SET due_at = now() + make_interval(secs => $2)
         WHERE owner IN (SELECT owner FROM uptime WHERE due_at <= now() AND total > 0
                         ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
         RETURNING owner, sent_total > 0 AS "sent!", reported_at"#,
        i64::try_from(limit).unwrap_or(i64::MAX),
        lease.as_secs_f64(),
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Due {
                owner: address(&row.owner)?,
                sent: row.sent,
                reported_at: row.reported_at,
            })
        })
        .collect()
}

/// Takes what was sent out of a node's counts: the chain has it, since `reported_at`. The next report is due
/// with the next period.
///
/// # Errors
/// [`Error::Database`].
pub async fn reported(
    pool: &PgPool,
    owner: Address,
    reported_at: i64,
    period: Duration,
) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE uptime SET up = up - sent_up, total = total - sent_total,
             sent_up = 0, sent_total = 0, reported_at = $2,
             due_at = to_timestamp((floor(extract(epoch FROM now())::float8 / $3::float8) + 1) * $3::float8)
         WHERE owner = $1",
        owner.0.as_slice(),
        reported_at,
        period.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Notes that the counts of these nodes are about to be sent, and says what they are.
///
/// # Errors
/// [`Error::Database`].
pub async fn about_to_send(pool: &PgPool, owners: &[Address]) -> Result<Vec<Uptime>, Error> {
    let owners: Vec<Vec<u8>> = owners.iter().map(|owner| owner.0.to_vec()).collect();
    let rows = sqlx::query!(
        "UPDATE uptime SET sent_up = up, sent_total = total WHERE owner = ANY($1)
         RETURNING owner, up, total",
        &owners,
    )
    .fetch_all(pool)
    .await?;
    let count = |count: i16| {
        u8::try_from(count).map_err(|_| Error::Corrupt(format!("{count} uptime samples")))
    };
    rows.into_iter()
        .map(|row| {
            Ok(Uptime {
                owner: address(&row.owner)?,
                up: count(row.up)?,
                total: count(row.total)?,
            })
        })
        .collect()
}
