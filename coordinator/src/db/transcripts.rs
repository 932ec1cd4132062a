//! What is known of the transcripts of jobs with a proof: our nonces, the heads that nodes stream, and the
//! accounts on the chain.

use cyxwiz_domain::{Digest, JobId};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{digest, small};
use crate::{error::Error, nonce::Nonce};

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
