//! Jobs: reading them, and what the chain and the nodes say about them. How they
//! get their node is in [`super::placement`].

use chrono::{DateTime, Utc};
use cyxwiz_chain::Verification;
use cyxwiz_domain::{Address, Amount, JobId, JobState};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use super::{address, digest, signed, small, unsigned};
use crate::{
    error::Error,
    job::{EscrowView, Job, Submission, Terms, next_state, state_of_closed, tier_of},
};

/// Selects whole jobs: the query's end and its arguments are the caller's.
macro_rules! select_jobs {
    ($end:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::db::jobs::JobRow,
            r#"SELECT id, user_wallet, escrow, name, spec, spec_hash, row_count, dataset_root,
                 dataset_bytes, required_epochs, amount, estimated_seconds, timeout_seconds,
                 state::text AS "state!", node, epochs_done, assign_signature, message,
                 created_at, reserved_until, tier, samples, circuit, runtime_class, warning
             FROM jobs "# + $end
            $(, $argument)*
        )
    };
}
pub(super) use select_jobs;

/// A row as Postgres has it.
pub(super) struct JobRow {
    pub(super) id: Uuid,
    pub(super) user_wallet: Vec<u8>,
    pub(super) escrow: Vec<u8>,
    pub(super) name: String,
    pub(super) spec: Vec<u8>,
    pub(super) spec_hash: Vec<u8>,
    pub(super) row_count: i64,
    pub(super) dataset_root: Vec<u8>,
    pub(super) dataset_bytes: i64,
    pub(super) required_epochs: i64,
    pub(super) amount: i64,
    pub(super) estimated_seconds: i64,
    pub(super) timeout_seconds: i64,
    pub(super) state: String,
    pub(super) node: Option<Vec<u8>>,
    pub(super) epochs_done: i64,
    pub(super) assign_signature: String,
    pub(super) message: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) reserved_until: DateTime<Utc>,
    pub(super) tier: Option<String>,
    pub(super) samples: Option<i16>,
    pub(super) circuit: Option<Vec<u8>>,
    pub(super) runtime_class: Option<Vec<u8>>,
    pub(super) warning: String,
}

impl JobRow {
    fn verification(&self) -> Result<Verification, Error> {
        let (Some(tier), Some(samples), Some(circuit), Some(runtime_class)) =
            (&self.tier, self.samples, &self.circuit, &self.runtime_class)
        else {
            return Ok(Verification::default());
        };
        let corrupt = |what: &str| Error::Corrupt(format!("a job with {what}"));
        Ok(Verification {
            tier: tier_of(tier).ok_or_else(|| corrupt(&format!("the tier '{tier}'")))?,
            samples: u8::try_from(samples).map_err(|_| corrupt(&format!("{samples} samples")))?,
            circuit: digest(circuit)?,
            runtime_class: digest(runtime_class)?,
        })
    }
}

impl TryFrom<JobRow> for Job {
    type Error = Error;

    fn try_from(row: JobRow) -> Result<Self, Error> {
        let verification = row.verification()?;
        Ok(Self {
            submission: Submission {
                id: JobId(row.id),
                user: address(&row.user_wallet)?,
                escrow: address(&row.escrow)?,
                name: row.name,
                spec: row.spec,
                spec_hash: digest(&row.spec_hash)?,
                rows: unsigned(row.row_count)?,
                dataset_root: digest(&row.dataset_root)?,
                dataset_bytes: unsigned(row.dataset_bytes)?,
                required_epochs: small(row.required_epochs)?,
                verification,
            },
            terms: Terms {
                amount: Amount(unsigned(row.amount)?),
                estimated_seconds: small(row.estimated_seconds)?,
                timeout_seconds: small(row.timeout_seconds)?,
            },
            state: parse_state(&row.state)?,
            node: row.node.as_deref().map(address).transpose()?,
            epochs_done: small(row.epochs_done)?,
            assign_signature: row.assign_signature,
            message: row.message,
            warning: row.warning,
            created_at: row.created_at,
            reserved_until: row.reserved_until,
        })
    }
}

fn parse_state(name: &str) -> Result<JobState, Error> {
    name.parse()
        .map_err(|error| Error::Corrupt(format!("{error}")))
}

/// Any job.
///
/// # Errors
/// [`Error::JobUnknown`].
pub async fn get(executor: impl PgExecutor<'_>, id: JobId) -> Result<Job, Error> {
    let row = select_jobs!("WHERE id = $1", id.0)
        .fetch_optional(executor)
        .await?;
    row.ok_or(Error::JobUnknown(id))?.try_into()
}

/// A job of `user`.
///
/// # Errors
/// [`Error::JobUnknown`], for jobs of others too: they are nobody's business.
pub async fn get_of(executor: impl PgExecutor<'_>, id: JobId, user: Address) -> Result<Job, Error> {
    let job = get(executor, id).await?;
    if job.submission.user != user {
        return Err(Error::JobUnknown(id));
    }
    Ok(job)
}

/// A user's jobs, newest first, those older than `before`.
///
/// # Errors
/// [`Error::JobUnknown`] when `before` is not a job of this user.
pub async fn list(
    pool: &PgPool,
    user: Address,
    limit: u32,
    before: Option<JobId>,
) -> Result<Vec<Job>, Error> {
    let before = match before {
        Some(id) => Some((get_of(pool, id, user).await?.created_at, id.0)),
        None => None,
    };
    let (created_at, id) = before.unzip();
    let rows = select_jobs!(
        "WHERE user_wallet = $1 AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
         ORDER BY created_at DESC, id DESC LIMIT $4",
        user.0.as_slice(),
        created_at,
        id,
        i64::from(limit),
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// What an unsettled job's escrow was when last read.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The job.
    pub id: JobId,
    /// Its escrow.
    pub escrow: Address,
    /// Changes of the account already taken over.
    pub seq: Option<u64>,
    /// State of the account then.
    pub escrow_state: Option<String>,
}

/// Jobs whose escrow may still change: all unsettled ones, and expired ones whose
/// user may have paid too late.
///
/// # Errors
/// [`Error::Database`].
pub async fn watched(pool: &PgPool) -> Result<Vec<Watched>, Error> {
    let rows = sqlx::query!(
        "SELECT id, escrow, seq, escrow_state FROM jobs
         WHERE state IN ('reserved', 'funded', 'assigned', 'training', 'submitted', 'cancelling',
                         'disputed')
            OR (state = 'expired'
                AND (escrow_state = 'open' OR created_at > now() - interval '1 day'))",
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Watched {
                id: JobId(row.id),
                escrow: address(&row.escrow)?,
                seq: row.seq.map(unsigned).transpose()?,
                escrow_state: row.escrow_state,
            })
        })
        .collect()
}

/// Takes over what the chain says about a job's escrow, unless the same or
/// something newer is known already; whether it did.
///
/// # Errors
/// [`Error::Database`].
pub async fn mirror(
    connection: &mut PgConnection,
    id: JobId,
    view: &EscrowView,
) -> Result<bool, Error> {
    let row = sqlx::query!(
        r#"SELECT state::text AS "state!", seq FROM jobs WHERE id = $1 FOR UPDATE"#,
        id.0
    )
    .fetch_optional(&mut *connection)
    .await?
    .ok_or(Error::JobUnknown(id))?;
    let seq = signed(view.seq)?;
    if row.seq.is_some_and(|known| known >= seq) {
        return Ok(false);
    }
    let state = next_state(parse_state(&row.state)?, view.job_state);
    let refunded = state == JobState::Refunded;
    let handed_back = refunded && view.node.is_some();
    let late = state == JobState::Expired && view.job_state.is_none();
    let message = match (late, handed_back) {
        (true, _) => Some(
            "the escrow arrived after the reservation had ended: confirm it again, or cancel it",
        ),
        (_, true) => Some("the node handed the job back, and all of the money is the user's again"),
        _ => None,
    };
    sqlx::query!(
        "UPDATE jobs SET state = $2::text::job_state, escrow_state = $3, seq = $4, slot = $5,
             due_at = $6, message = coalesce($7, message),
             epochs_done = greatest(epochs_done, $8),
             node = coalesce((SELECT owner FROM nodes WHERE owner = $9), CASE WHEN NOT $10 THEN node END),
             handed_back_at = CASE WHEN $11 THEN now() END
         WHERE id = $1",
        id.0,
        state.as_str(),
        view.escrow_state,
        seq,
        signed(view.slot)?,
        view.due_at,
        message,
        i64::from(view.epochs_done),
        view.node.map(Address::to_vec),
        // A node that was only held for the job had nothing to do with its end.
        refunded,
        handed_back,
    )
    .execute(connection)
    .await?;
    Ok(true)
}

/// The escrow was there and is gone: it was settled and closed between two looks.
///
/// # Errors
/// [`Error::Database`].
pub async fn mirror_closed(pool: &PgPool, id: JobId, last_seen: &str) -> Result<(), Error> {
    let Some(state) = state_of_closed(last_seen) else {
        return Ok(());
    };
    sqlx::query!(
        "UPDATE jobs SET state = $2::text::job_state, escrow_state = 'closed', due_at = NULL,
             node = CASE WHEN escrow_state <> 'open' THEN node END,
             message = 'the escrow was closed before its outcome was read here; the chain knows it'
         WHERE id = $1 AND escrow_state = $3",
        id.0,
        state.as_str(),
        last_seen,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The node has done this many epochs. Never goes back.
///
/// # Errors
/// [`Error::NotYourJob`].
pub async fn report_progress(
    pool: &PgPool,
    node: Address,
    id: JobId,
    epochs_done: u32,
) -> Result<(), Error> {
    let job = get(pool, id).await.map_err(|error| match error {
        Error::JobUnknown(id) => Error::NotYourJob(id),
        error => error,
    })?;
    // Before the assignment the node is only held, and may yet be another.
    let unassigned = matches!(
        job.state,
        JobState::Reserved | JobState::Funded | JobState::Expired
    );
    if job.node != Some(node) || unassigned {
        return Err(Error::NotYourJob(id));
    }
    sqlx::query!(
        "UPDATE jobs SET state = 'training', epochs_done = least($3, required_epochs)
         WHERE id = $1 AND node = $2 AND epochs_done <= $3
           AND (state = 'assigned' OR state = 'training' AND epochs_done < $3)",
        id.0,
        node.0.as_slice(),
        i64::from(epochs_done),
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Jobs that the chain has assigned to `node` and that still run.
///
/// # Errors
/// [`Error::Database`].
pub async fn running_on(pool: &PgPool, node: Address) -> Result<Vec<Job>, Error> {
    let rows = select_jobs!(
        "WHERE node = $1 AND state IN ('assigned', 'training') ORDER BY created_at",
        node.0.as_slice()
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Those of `ids` that have ended.
///
/// # Errors
/// [`Error::Database`].
pub async fn ended(pool: &PgPool, ids: &[JobId]) -> Result<Vec<Job>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = select_jobs!(
        "WHERE id = ANY($1)
           AND state IN ('paid', 'cancelled', 'refunded', 'failed', 'timed_out', 'expired', 'resolved')",
        &ids
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Jobs that their nodes handed back, for metrics.
///
/// # Errors
/// [`Error::Database`].
pub async fn count_handed_back(pool: &PgPool) -> Result<u64, Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM jobs WHERE handed_back_at IS NOT NULL"#
    )
    .fetch_one(pool)
    .await?;
    unsigned(count)
}

/// Jobs by state, for metrics.
///
/// # Errors
/// [`Error::Database`].
pub async fn count_by_state(pool: &PgPool) -> Result<Vec<(JobState, u64)>, Error> {
    let rows = sqlx::query!(
        r#"SELECT state::text AS "state!", count(*) AS "count!" FROM jobs GROUP BY state"#
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| Ok((parse_state(&row.state)?, unsigned(row.count)?)))
        .collect()
}
