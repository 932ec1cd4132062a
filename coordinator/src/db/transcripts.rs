//! What is known of the transcripts of jobs with a proof: our nonces, the heads that nodes stream, and the
//! accounts on the chain.

use std::time::Duration;

use cyxwiz_chain::TranscriptStage;
use cyxwiz_domain::{Address, Digest, JobId};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{address, digest, small, unsigned};
use crate::{error::Error, nonce::Nonce};

/// The stages, by their names here, in the order in which a transcript may pass them.
const STAGES: [(TranscriptStage, &str); 6] = [
    (TranscriptStage::Opened, "opened"),
    (TranscriptStage::Committed, "committed"),
    (TranscriptStage::Revealed, "revealed"),
    (TranscriptStage::Verified, "verified"),
    (TranscriptStage::FullAudit, "full_audit"),
    (TranscriptStage::Refuted, "refuted"),
];
/// The stage of an account that is gone.
const CLOSED: &str = "closed";

/// Keeps the nonce of a new job with a proof.
///
/// # Errors
/// [`Error::Database`].
pub async fn create(connection: &mut PgConnection, id: JobId, nonce: &Nonce) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO transcripts (job_id, coordinator_nonce) VALUES ($1, $2)",
        id.0,
        nonce.bytes().as_slice(),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Our nonce for a job's challenge; `None` for a job without a proof.
///
/// # Errors
/// [`Error::Database`].
pub async fn nonce(executor: impl PgExecutor<'_>, id: JobId) -> Result<Option<Nonce>, Error> {
    let bytes = sqlx::query_scalar!(
        "SELECT coordinator_nonce FROM transcripts WHERE job_id = $1",
        id.0
    )
    .fetch_optional(executor)
    .await?;
    bytes
        .map(|bytes| Ok(Nonce::from_bytes(digest(&bytes)?.0)))
        .transpose()
}

/// Keeps the heads of the epochs from `from` on (from 1); how many are held now, without a gap. Where the ones
/// before `from` are missing, nothing is kept: the answer says where to begin.
///
/// # Errors
/// [`Error::HeadChanged`] where another head is held for an epoch, and then none is kept; [`Error::Argument`]
/// for epochs that the job does not have, and for any head of a job without a proof.
pub async fn hold_heads(
    pool: &PgPool,
    id: JobId,
    from: u32,
    heads: &[Digest],
) -> Result<u32, Error> {
    let mut transaction = pool.begin().await?;
    // Holds off the job's other reports.
    let required = sqlx::query_scalar!(
        "SELECT required_epochs FROM transcripts JOIN jobs ON jobs.id = job_id
         WHERE job_id = $1 FOR UPDATE OF transcripts",
        id.0
    )
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(required) = required else {
        return match heads {
            [] => Ok(0),
            _ => Err(refused("must be empty: the job has no proof".to_owned())),
        };
    };
    let held = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM transcript_heads WHERE job_id = $1"#,
        id.0
    )
    .fetch_one(&mut *transaction)
    .await?;
    let held = small(held)?;
    if heads.is_empty() || from > held.saturating_add(1) {
        return Ok(held);
    }
    let last = u32::try_from(heads.len()).map_or(u32::MAX, |count| from.saturating_add(count) - 1);
    if from == 0 || i64::from(last) > required {
        return Err(refused(format!("must be of epochs from 1 to {required}")));
    }
    let epochs: Vec<i32> = (from..=last).map_while(|e| i32::try_from(e).ok()).collect();
    let known = sqlx::query!(
        "SELECT epoch, head FROM transcript_heads WHERE job_id = $1 AND epoch = ANY($2)",
        id.0,
        &epochs,
    )
    .fetch_all(&mut *transaction)
    .await?;
    for row in known {
        let epoch = small(row.epoch.into())?;
        if heads[(epoch - from) as usize] != digest(&row.head)? {
            return Err(Error::HeadChanged { job: id, epoch });
        }
    }
    let heads: Vec<Vec<u8>> = heads.iter().map(|head| head.0.to_vec()).collect();
    sqlx::query!(
        "INSERT INTO transcript_heads (job_id, epoch, head)
         SELECT $1, epoch, head FROM unnest($2::int[], $3::bytea[]) AS given (epoch, head)
         ON CONFLICT DO NOTHING",
        id.0,
        &epochs,
        &heads,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(held.max(last))
}

fn refused(problem: String) -> Error {
    Error::Argument {
        field: "heads",
        problem,
    }
}

/// The heads held, from the first epoch on.
///
/// # Errors
/// [`Error::Database`].
pub async fn heads(pool: &PgPool, id: JobId) -> Result<Vec<Digest>, Error> {
    let rows = sqlx::query_scalar!(
        "SELECT head FROM transcript_heads WHERE job_id = $1 ORDER BY epoch",
        id.0
    )
    .fetch_all(pool)
    .await?;
    rows.iter().map(|head| digest(head)).collect()
}

/// A transcript that may still change, or has to be closed.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The job.
    pub id: JobId,
    /// Its escrow.
    pub escrow: Address,
    /// Epochs that a commitment needs.
    pub required_epochs: u32,
    /// Our nonce.
    pub nonce: Nonce,
    /// When the escrow was created that the transcript was opened for, once it was seen.
    pub escrow_created_at: Option<i64>,
    /// Whether the heads were compared with the committed root.
    pub compared: bool,
    /// Whether the chain has assigned the job, and no more.
    pub running: bool,
    /// Whether the job is settled.
    pub settled: bool,
    /// Whether it has been for as long as the parties get to close the transcript themselves.
    pub due: bool,
}

/// Transcripts of jobs that a node has or had, until they are closed. The parties get `grace` to do that.
///
/// # Errors
/// [`Error::Database`].
pub async fn watched(pool: &PgPool, grace: Duration) -> Result<Vec<Watched>, Error> {
    sqlx::query!(
        "UPDATE transcripts SET settled_at = now() FROM jobs
         WHERE jobs.id = job_id AND settled_at IS NULL AND stage IS DISTINCT FROM 'closed'
           AND jobs.escrow_state IS NOT NULL AND jobs.state IN
             ('paid', 'cancelled', 'refunded', 'failed', 'timed_out', 'resolved')",
    )
    .execute(pool)
    .await?;
    let rows = sqlx::query!(
        r#"SELECT job_id, escrow, required_epochs, coordinator_nonce, escrow_created_at,
             heads_agree IS NOT NULL AS "compared!",
             jobs.state IN ('assigned', 'training') AS "running!",
             settled_at IS NOT NULL AS "settled!",
             coalesce(settled_at <= now() - make_interval(secs => $1), false) AS "due!"
           FROM transcripts JOIN jobs ON jobs.id = job_id
           WHERE stage IS DISTINCT FROM 'closed' AND (settled_at IS NOT NULL OR jobs.state IN
             ('assigned', 'training', 'submitted', 'cancelling', 'disputed'))"#,
        grace.as_secs_f64(),
    )
    .fetch_all(pool)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Watched {
                id: JobId(row.job_id),
                escrow: address(&row.escrow)?,
                required_epochs: small(row.required_epochs)?,
                nonce: Nonce::from_bytes(digest(&row.coordinator_nonce)?.0),
                escrow_created_at: row.escrow_created_at,
                compared: row.compared,
                running: row.running,
                settled: row.settled,
                due: row.due,
            })
        })
        .collect()
}

/// Takes over where a transcript stands, unless that or something later is known; whether it did. `warning` is
/// what the user has to know about it, empty for nothing.
///
/// # Errors
/// [`Error::Database`].
pub async fn mirror(
    pool: &PgPool,
    id: JobId,
    stage: TranscriptStage,
    escrow_created_at: i64,
    warning: &str,
) -> Result<bool, Error> {
    let place = STAGES.iter().position(|(known, _)| *known == stage);
    let place = place.unwrap_or_default();
    let later: Vec<String> = STAGES[place..]
        .iter()
        .map(|(_, name)| (*name).to_owned())
        .chain([CLOSED.to_owned()])
        .collect();
    let mut transaction = pool.begin().await?;
    let changed = sqlx::query!(
        "UPDATE transcripts SET stage = $2, escrow_created_at = coalesce(escrow_created_at, $3)
         WHERE job_id = $1 AND (stage IS NULL OR stage <> ALL($4))",
        id.0,
        STAGES[place].1,
        escrow_created_at,
        &later,
    )
    .execute(&mut *transaction)
    .await?;
    let changed = changed.rows_affected() == 1;
    if changed && !warning.is_empty() {
        warn(&mut transaction, id, warning).await?;
    }
    transaction.commit().await?;
    Ok(changed)
}

/// The transcript is gone, or nobody's business any more.
///
/// # Errors
/// [`Error::Database`].
pub async fn closed(executor: impl PgExecutor<'_>, id: JobId) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE transcripts SET stage = 'closed' WHERE job_id = $1",
        id.0
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes whether the root that the node has committed to is the one over its heads. If not, the user is told.
///
/// # Errors
/// [`Error::Database`].
pub async fn compared(pool: &PgPool, id: JobId, agree: bool) -> Result<(), Error> {
    let mut transaction = pool.begin().await?;
    let noted = sqlx::query!(
        "UPDATE transcripts SET heads_agree = $2 WHERE job_id = $1 AND heads_agree IS NULL",
        id.0,
        agree,
    )
    .execute(&mut *transaction)
    .await?;
    if !agree && noted.rows_affected() == 1 {
        let warning = "the node has committed to another transcript than it had shown while it trained: do not accept the result, dispute it";
        warn(&mut transaction, id, warning).await?;
    }
    Ok(transaction.commit().await?)
}

async fn warn(connection: &mut PgConnection, id: JobId, warning: &str) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE jobs SET warning = concat_ws('; ', nullif(warning, ''), $2::text) WHERE id = $1",
        id.0,
        warning,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Transcripts of jobs that a node has or had, by the name of their stage, for metrics: all stages.
///
/// # Errors
/// [`Error::Database`].
pub async fn count_by_stage(pool: &PgPool) -> Result<Vec<(&'static str, u64)>, Error> {
    let rows = sqlx::query!(
        r#"SELECT stage AS "stage!", count(*) AS "count!" FROM transcripts
           WHERE stage IS NOT NULL GROUP BY stage"#
    )
    .fetch_all(pool)
    .await?;
    let names = STAGES.iter().map(|(_, name)| *name).chain([CLOSED]);
    names
        .map(|name| {
            let row = rows.iter().find(|row| row.stage == name);
            Ok((name, unsigned(row.map_or(0, |row| row.count))?))
        })
        .collect()
}
