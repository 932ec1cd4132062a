//! How a job gets its node and loses it. A node has one job at a time: whoever
//! gives it one holds the node's row while looking and deciding.

use std::time::Duration;

use cyxwiz_domain::{Address, JobId, JobState};
use sqlx::{PgConnection, PgPool};

use super::{
    chain_writes::{self, Kind},
    jobs::{self, select_jobs},
    signed, transcripts,
};
use crate::{
    error::Error,
    job::{Job, Submission, Terms, tier_name},
    nonce::Nonce,
};

/// What became of a reservation.
#[derive(Debug)]
pub enum Reservation {
    /// The job exists now, and holds the node.
    Made(Box<Job>),
    /// Another job was faster; try another node.
    NodeTaken,
}

/// Creates a job that holds `node` for `held_for`. A job with a proof has a `nonce`.
///
/// # Errors
/// [`Error::DailyLimit`], and [`Error::JobConflict`] when the id exists.
pub async fn reserve(
    pool: &PgPool,
    submission: &Submission,
    terms: &Terms,
    node: Address,
    nonce: Option<&Nonce>,
    held_for: Duration,
    per_day: u32,
) -> Result<Reservation, Error> {
    let mut transaction = pool.begin().await?;
    check_daily_limit(&mut transaction, submission.user, per_day).await?;
    if !take_node(&mut transaction, node).await? {
        return Ok(Reservation::NodeTaken);
    }
    let verification = &submission.verification;
    let tier = tier_name(verification.tier);
    let inserted = sqlx::query!(
        "INSERT INTO jobs (id, user_wallet, escrow, name, spec, spec_hash, row_count, dataset_root,
             dataset_bytes, required_epochs, amount, estimated_seconds, timeout_seconds, state, node,
             reserved_until, tier, samples, circuit, runtime_class)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'reserved', $14,
             now() + make_interval(secs => $15), $16, $17, $18, $19)
         ON CONFLICT (id) DO NOTHING",
        submission.id.0,
        submission.user.0.as_slice(),
        submission.escrow.0.as_slice(),
        submission.name,
        submission.spec,
        submission.spec_hash.0.as_slice(),
        signed(submission.rows)?,
        submission.dataset_root.0.as_slice(),
        signed(submission.dataset_bytes)?,
        i64::from(submission.required_epochs),
        signed(terms.amount.0)?,
        i64::from(terms.estimated_seconds),
        i64::from(terms.timeout_seconds),
        node.0.as_slice(),
        held_for.as_secs_f64(),
        tier,
        tier.map(|_| i16::from(verification.samples)),
        tier.map(|_| verification.circuit.0.to_vec()),
        tier.map(|_| verification.runtime_class.0.to_vec()),
    )
    .execute(&mut *transaction)
    .await?;
    if inserted.rows_affected() == 0 {
        return Err(Error::JobConflict(submission.id));
    }
    if let Some(nonce) = nonce {
        transcripts::create(&mut transaction, submission.id, nonce).await?;
    }
    let job = jobs::get(&mut *transaction, submission.id).await?;
    transaction.commit().await?;
    Ok(Reservation::Made(Box::new(job)))
}

/// Refuses a wallet that has had its day's jobs. Holds off the wallet's other
/// submissions until the transaction ends, so that they are counted one by one.
async fn check_daily_limit(
    connection: &mut PgConnection,
    user: Address,
    per_day: u32,
) -> Result<(), Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended('jobs of ' || encode($1, 'hex'), 0))",
        user.0.as_slice()
    )
    .fetch_one(&mut *connection)
    .await?;
    let submitted = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM jobs
           WHERE user_wallet = $1 AND created_at > now() - interval '1 day'"#,
        user.0.as_slice()
    )
    .fetch_one(connection)
    .await?;
    if submitted >= i64::from(per_day) {
        return Err(Error::DailyLimit(per_day));
    }
    Ok(())
}

/// Takes hold of a node's row until the transaction ends; whether it has no job.
async fn take_node(connection: &mut PgConnection, node: Address) -> Result<bool, Error> {
    // Heartbeats wait for it and rows that refer to it don't; deadlocks cannot
    // come of it, because a transaction takes one node only.
    let known = sqlx::query!(
        "SELECT owner FROM nodes WHERE owner = $1 FOR NO KEY UPDATE",
        node.0.as_slice()
    )
    .fetch_optional(&mut *connection)
    .await?;
    if known.is_none() {
        return Ok(false);
    }
    // A statement of its own: it sees what the row's last holder has committed.
    let busy = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM jobs
             WHERE node = $1 AND state IN ('reserved', 'funded', 'assigned', 'training')
           ) AS "busy!""#,
        node.0.as_slice()
    )
    .fetch_one(connection)
    .await?;
    Ok(!busy)
}

/// The escrow is funded and checked. While the reservation lasts, this decides
/// the assignment: both are one transaction. Afterwards the job is funded without
/// a node. Repeating it changes nothing.
///
/// # Errors
/// [`Error::JobUnknown`].
pub async fn confirm(pool: &PgPool, id: JobId, escrow_signature: &str) -> Result<Job, Error> {
    let mut transaction = pool.begin().await?;
    let job = select_jobs!("WHERE id = $1 FOR UPDATE", id.0)
        .fetch_optional(&mut *transaction)
        .await?
        .ok_or(Error::JobUnknown(id))?;
    let job = Job::try_from(job)?;
    let node = match job.state {
        JobState::Reserved => job.node,
        JobState::Expired => None,
        // Somebody else has confirmed it, or the chain is further.
        _ => return Ok(job),
    };
    sqlx::query!(
        "UPDATE jobs SET state = 'funded', node = $2, escrow_signature = $3, message = ''
         WHERE id = $1",
        id.0,
        node.map(Address::to_vec),
        escrow_signature,
    )
    .execute(&mut *transaction)
    .await?;
    if let Some(node) = node {
        chain_writes::intend(&mut transaction, id, Kind::AssignNode, Some(node)).await?;
    }
    let job = jobs::get(&mut *transaction, id).await?;
    transaction.commit().await?;
    Ok(job)
}

/// Gives a funded job without a node this one, and decides the assignment. `None`
/// when the node is taken, or the job does not wait any more.
///
/// # Errors
/// [`Error::Database`].
pub async fn place(pool: &PgPool, id: JobId, node: Address) -> Result<Option<Job>, Error> {
    let mut transaction = pool.begin().await?;
    if !take_node(&mut transaction, node).await? {
        return Ok(None);
    }
    let placed = sqlx::query!(
        "UPDATE jobs SET node = $2, message = '' WHERE id = $1 AND state = 'funded' AND node IS NULL",
        id.0,
        node.0.as_slice(),
    )
    .execute(&mut *transaction)
    .await?;
    if placed.rows_affected() == 0 {
        return Ok(None);
    }
    chain_writes::intend(&mut transaction, id, Kind::AssignNode, Some(node)).await?;
    let job = jobs::get(&mut *transaction, id).await?;
    transaction.commit().await?;
    Ok(Some(job))
}

/// Funded jobs that wait for a node and whose assignment window is open at `now`,
/// Unix seconds of the chain's clock; oldest first. Hopeless ones wait for nothing.
///
/// # Errors
/// [`Error::Database`].
pub async fn waiting(pool: &PgPool, now: i64) -> Result<Vec<Job>, Error> {
    let rows = select_jobs!(
        "WHERE state = 'funded' AND node IS NULL AND (due_at IS NULL OR due_at > $1)
           AND NOT EXISTS (SELECT 1 FROM chain_writes w WHERE w.job_id = jobs.id
             AND w.kind = 'assign_node' AND w.state = 'failed' AND w.hopeless)
         ORDER BY created_at LIMIT 100",
        now
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Whether an assignment of the job failed for a reason that is no node's.
///
/// # Errors
/// [`Error::Database`].
pub async fn is_hopeless(pool: &PgPool, id: JobId) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM chain_writes
             WHERE job_id = $1 AND kind = 'assign_node' AND state = 'failed' AND hopeless
           ) AS "hopeless!""#,
        id.0
    )
    .fetch_one(pool)
    .await?)
}

/// Nodes that a job could not be assigned to: the chain refused them.
///
/// # Errors
/// [`Error::Database`].
pub async fn refused_nodes(pool: &PgPool, id: JobId) -> Result<Vec<Address>, Error> {
    let rows = sqlx::query_scalar!(
        r#"SELECT node AS "node!" FROM chain_writes
           WHERE job_id = $1 AND kind = 'assign_node' AND state = 'failed' AND NOT hopeless"#,
        id.0
    )
    .fetch_all(pool)
    .await?;
    rows.iter().map(|node| super::address(node)).collect()
}

/// Nodes that gave jobs of `user` back, no longer ago than `within`.
///
/// # Errors
/// [`Error::Database`].
pub async fn handed_back_to(
    pool: &PgPool,
    user: Option<Address>,
    within: Duration,
) -> Result<Vec<Address>, Error> {
    let Some(user) = user else {
        return Ok(Vec::new());
    };
    let rows = sqlx::query_scalar!(
        r#"SELECT DISTINCT node AS "node!" FROM jobs
           WHERE user_wallet = $1 AND node IS NOT NULL
             AND handed_back_at > now() - make_interval(secs => $2)"#,
        user.0.as_slice(),
        within.as_secs_f64(),
    )
    .fetch_all(pool)
    .await?;
    rows.iter().map(|node| super::address(node)).collect()
}

/// Tells the user why a funded job still waits.
///
/// # Errors
/// [`Error::Database`].
pub async fn explain_waiting(pool: &PgPool, id: JobId, message: &str) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE jobs SET message = $2
         WHERE id = $1 AND state = 'funded' AND node IS NULL AND message <> $2",
        id.0,
        message,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives up a reservation; the node is free at once.
///
/// # Errors
/// [`Error::JobState`] once the escrow is confirmed.
pub async fn give_up(pool: &PgPool, id: JobId, user: Address) -> Result<Job, Error> {
    jobs::get_of(pool, id, user).await?;
    sqlx::query!(
        "UPDATE jobs SET state = 'expired', message = 'given up by the user'
         WHERE id = $1 AND state = 'reserved'",
        id.0
    )
    .execute(pool)
    .await?;
    let job = jobs::get(pool, id).await?;
    match job.state {
        JobState::Expired => Ok(job),
        state => Err(Error::JobState {
            state,
            needed: "only a reservation can be given up here; cancel the escrow on the chain",
        }),
    }
}

/// Ends reservations that have run out; how many.
///
/// # Errors
/// [`Error::Database`].
pub async fn expire_reservations(pool: &PgPool) -> Result<u64, Error> {
    let done = sqlx::query!(
        "UPDATE jobs SET state = 'expired', message = 'no escrow arrived while the node was held'
         WHERE state = 'reserved' AND reserved_until < now()",
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
