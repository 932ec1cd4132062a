//! Sign-ins under way.

use cyxwiz_domain::Address;
use cyxwiz_pki::challenge::Challenge;
use sqlx::PgPool;
use uuid::Uuid;

use super::address;
use crate::error::Error;

/// Keeps a challenge until it is answered.
///
/// # Errors
/// [`Error::Database`].
pub async fn insert(pool: &PgPool, id: Uuid, challenge: &Challenge) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO challenges (id, wallet, nonce, expires_at) VALUES ($1, $2, $3, $4)",
        id,
        challenge.wallet.0.as_slice(),
        challenge.nonce.as_slice(),
        challenge.expires_at,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes a challenge out, so that no second answer to it counts. `now` in Unix seconds.
///
/// # Errors
/// [`Error::ChallengeUnknown`] when it is used, expired, another wallet's or never was.
pub async fn take(
    pool: &PgPool,
    id: Uuid,
    wallet: Address,
    audience: &str,
    now: i64,
) -> Result<Challenge, Error> {
    let row = sqlx::query!(
        "DELETE FROM challenges WHERE id = $1 AND wallet = $2 RETURNING wallet, nonce, expires_at",
        id,
        wallet.0.as_slice(),
    )
    .fetch_optional(pool)
    .await?
    .filter(|row| now < row.expires_at)
    .ok_or(Error::ChallengeUnknown)?;
    Ok(Challenge {
        audience: audience.to_owned(),
        wallet: address(&row.wallet)?,
        nonce: row
            .nonce
            .try_into()
            .map_err(|_| Error::Corrupt("a nonce".into()))?,
        expires_at: row.expires_at,
    })
}

/// Forgets challenges that nobody answered; how many. `now` in Unix seconds.
///
/// # Errors
/// [`Error::Database`].
pub async fn forget_expired(pool: &PgPool, now: i64) -> Result<u64, Error> {
    let done = sqlx::query!("DELETE FROM challenges WHERE expires_at <= $1", now)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}
