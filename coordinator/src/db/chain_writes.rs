//! Chain writes: intents, and what is known of their transactions.

mod names;

use std::time::Duration;

use cyxwiz_chain::SignedTransaction;
use cyxwiz_domain::{Address, JobId};
use sqlx::{PgConnection, PgPool};

use super::{address, signed, small, transcripts, unsigned};
use crate::{error::Error, job::EscrowView};
pub use names::{Kind, State};

/// A chain write that is not done.
#[derive(Debug, Clone)]
pub struct ChainWrite {
    /// Its row.
    pub id: i64,
    /// For which job.
    pub job_id: JobId,
    /// What.
    pub kind: Kind,
    /// Whom to assign.
    pub node: Option<Address>,
    /// Times it was put off.
    pub retries: u32,
    /// The transaction that may be under way.
    pub signed: Option<SignedTransaction>,
}

/// Notes a decision; the transaction it belongs to commits both. False when the
/// same is decided already.
///
/// # Errors
/// [`Error::Database`].
pub async fn intend(
    connection: &mut PgConnection,
    job: JobId,
    kind: Kind,
    node: Option<Address>,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO chain_writes (job_id, kind, node) VALUES ($1, $2::text::chain_write_kind, $3)
         ON CONFLICT (job_id, kind) WHERE state <> 'failed' DO NOTHING",
        job.0,
        kind.as_str(),
        node.map(Address::to_vec),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes up writes that nobody else works on, for as long as `lease`.
///
/// # Errors
/// [`Error::Database`].
pub async fn claim(pool: &PgPool, lease: Duration, limit: u32) -> Result<Vec<ChainWrite>, Error> {
    let rows = sqlx::query!(
        r#"UPDATE chain_writes SET lease_until = now() + make_interval(secs => $1)
           WHERE id IN (
             SELECT id FROM chain_writes
             WHERE state IN ('intended', 'signed') AND lease_until <= now()
             ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)
           RETURNING id, job_id, kind::text AS "kind!", state::text AS "state!", node, retries,
             signature, transaction, last_valid_block_height"#,
        lease.as_secs_f64(),
        i64::from(limit),
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let signed = match State::parse(&row.state)? {
                State::Signed => row
                    .signature
                    .zip(row.transaction)
                    .zip(row.last_valid_block_height),
                _ => None,
            };
            let signed = signed.map(|((signature, bytes), height)| {
                Ok::<_, Error>(SignedTransaction {
                    signature,
                    bytes,
                    last_valid_block_height: unsigned(height)?,
                })
            });
            Ok(ChainWrite {
                id: row.id,
                job_id: JobId(row.job_id),
                kind: Kind::parse(&row.kind)?,
                node: row.node.as_deref().map(address).transpose()?,
                retries: small(row.retries.into())?,
                signed: signed.transpose()?,
            })
        })
        .collect()
}

/// Lets anyone take the write up again after `delay`.
///
/// # Errors
/// [`Error::Database`].
pub async fn release(pool: &PgPool, id: i64, delay: Duration) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE chain_writes SET lease_until = now() + make_interval(secs => $2) WHERE id = $1",
        id,
        delay.as_secs_f64(),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Puts a write off for `delay`. `dead` is the signature of its transaction when
/// the chain has refused that one: it can never land, so another is signed then,
/// and a user who waits for the assignment is told why.
///
/// # Errors
/// [`Error::Database`].
pub async fn put_off(
    pool: &PgPool,
    write: &ChainWrite,
    dead: Option<&str>,
    why: &str,
    delay: Duration,
) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "UPDATE chain_writes SET retries = retries + 1, message = $2, updated_at = now(),
             lease_until = now() + make_interval(secs => $3),
             state = CASE WHEN state = 'signed' AND signature = $4 THEN 'intended' ELSE state END
         WHERE id = $1 AND state IN ('intended', 'signed')",
        write.id,
        why,
        delay.as_secs_f64(),
        dead,
    )
    .execute(&mut *transaction)
    .await?;
    if dead.is_some() && write.kind == Kind::AssignNode {
        sqlx::query!(
            "UPDATE jobs SET message = $2 WHERE id = $1 AND state = 'funded' AND message <> $2",
            write.job_id.0,
            why,
        )
        .execute(&mut *transaction)
        .await?;
    }
    Ok(transaction.commit().await?)
}

/// Writes a signed transaction down, before it is sent. False when another one is
/// written down already: then this one must not be sent.
///
/// # Errors
/// [`Error::Database`].
pub async fn record_signed(
    pool: &PgPool,
    write: &ChainWrite,
    transaction: &SignedTransaction,
) -> Result<bool, Error> {
    let mut database = pool.begin().await?;
    let done = sqlx::query!(
        "UPDATE chain_writes SET state = 'signed', signature = $2, transaction = $3,
             last_valid_block_height = $4, attempts = attempts + 1, updated_at = now()
         WHERE id = $1 AND state = 'intended'",
        write.id,
        transaction.signature,
        transaction.bytes,
        signed(transaction.last_valid_block_height)?,
    )
    .execute(&mut *database)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    if write.kind == Kind::AssignNode {
        // Now, so that whoever sees the assignment on the chain finds its name here.
        sqlx::query!(
            "UPDATE jobs SET assign_signature = $2 WHERE id = $1",
            write.job_id.0,
            transaction.signature
        )
        .execute(&mut *database)
        .await?;
    }
    database.commit().await?;
    Ok(true)
}

/// The transaction with this signature can never land: sign anew.
///
/// # Errors
/// [`Error::Database`].
pub async fn record_expired(pool: &PgPool, id: i64, signature: &str) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE chain_writes SET state = 'intended', lease_until = now(), updated_at = now()
         WHERE id = $1 AND state = 'signed' AND signature = $2",
        id,
        signature,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The goal is reached: the write is done, and the job is what the escrow says.
/// One transaction.
///
/// # Errors
/// [`Error::Database`].
pub async fn record_landed(
    pool: &PgPool,
    write: &ChainWrite,
    view: Option<&EscrowView>,
) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "UPDATE chain_writes SET state = 'landed', updated_at = now() WHERE id = $1",
        write.id
    )
    .execute(&mut *transaction)
    .await?;
    if write.kind == Kind::AssignNode {
        sqlx::query!("UPDATE jobs SET message = '' WHERE id = $1", write.job_id.0)
            .execute(&mut *transaction)
            .await?;
    }
    if let Some(view) = view {
        super::jobs::mirror(&mut transaction, write.job_id, view).await?;
    }
    if write.kind == Kind::CloseTranscript {
        transcripts::closed(&mut *transaction, write.job_id).await?;
    }
    Ok(transaction.commit().await?)
}

/// The goal cannot be reached. A job that was to be assigned waits for another
/// node, or, when it is `hopeless` with any, for its escrow to end. One transaction.
///
/// # Errors
/// [`Error::Database`].
pub async fn record_failed(
    pool: &PgPool,
    write: &ChainWrite,
    why: &str,
    hopeless: bool,
) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query!(
        "UPDATE chain_writes SET state = 'failed', message = $2, hopeless = $3, updated_at = now()
         WHERE id = $1",
        write.id,
        why,
        hopeless,
    )
    .execute(&mut *transaction)
    .await?;
    if write.kind.is_of_transcript() {
        // Nothing that a user could do anything about. A rent that cannot be given back now is left to anyone.
        if write.kind == Kind::CloseTranscript {
            transcripts::closed(&mut *transaction, write.job_id).await?;
        }
        return Ok(transaction.commit().await?);
    }
    sqlx::query!(
        "UPDATE jobs SET message = $2,
             node = CASE WHEN state = 'funded' AND $3 THEN NULL ELSE node END
         WHERE id = $1 AND (state = 'funded' OR NOT $3)",
        write.job_id.0,
        why,
        write.kind == Kind::AssignNode,
    )
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

/// Decides what a job's transcript asks for; whether that is new. One that failed is tried again after a minute.
///
/// # Errors
/// [`Error::Database`].
pub async fn intend_for_transcript(pool: &PgPool, job: JobId, kind: Kind) -> Result<bool, Error> {
    let done = sqlx::query!(
        "INSERT INTO chain_writes (job_id, kind)
         SELECT $1, $2::text::chain_write_kind WHERE NOT EXISTS (
             SELECT 1 FROM chain_writes w
             WHERE w.job_id = $1 AND w.kind = $2::text::chain_write_kind AND w.state = 'failed'
               AND w.updated_at > now() - interval '1 minute')
         ON CONFLICT (job_id, kind) WHERE state <> 'failed' DO NOTHING",
        job.0,
        kind.as_str(),
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Decides to end escrows whose time is over at `now`, Unix seconds of the
/// chain's clock; how many. One that failed is tried again after a minute.
///
/// # Errors
/// [`Error::Database`].
pub async fn intend_due(pool: &PgPool, now: i64) -> Result<u64, Error> {
    let done = sqlx::query!(
        "INSERT INTO chain_writes (job_id, kind)
         SELECT due.id, due.kind FROM (
             SELECT id, (CASE escrow_state
                 WHEN 'open' THEN 'expire_unassigned'
                 WHEN 'assigned' THEN 'timeout_refund'
                 WHEN 'submitted' THEN 'release'
                 WHEN 'cancelling' THEN 'settle_cancel'
                 WHEN 'disputed' THEN 'expire_dispute' END)::chain_write_kind AS kind
             FROM jobs WHERE due_at <= $1) AS due
         WHERE due.kind IS NOT NULL AND NOT EXISTS (
             SELECT 1 FROM chain_writes w
             WHERE w.job_id = due.id AND w.kind = due.kind AND w.state = 'failed'
               AND w.updated_at > now() - interval '1 minute')
         ON CONFLICT (job_id, kind) WHERE state <> 'failed' DO NOTHING",
        now
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Writes by kind and state, for metrics.
///
/// # Errors
/// [`Error::Database`].
pub async fn count(pool: &PgPool) -> Result<Vec<(Kind, State, u64)>, Error> {
    let rows = sqlx::query!(
        r#"SELECT kind::text AS "kind!", state::text AS "state!", count(*) AS "count!"
           FROM chain_writes GROUP BY kind, state"#
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            let (kind, state) = (Kind::parse(&row.kind)?, State::parse(&row.state)?);
            Ok((kind, state, unsigned(row.count)?))
        })
        .collect()
}
