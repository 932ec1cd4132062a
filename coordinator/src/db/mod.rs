//! Postgres: the only place with queries. Functions speak domain types; a row
//! that does not make sense is [`Error::Corrupt`].

pub mod chain_writes;
pub mod challenges;
pub mod jobs;
pub mod nodes;
pub mod placement;
pub mod transcripts;
pub mod uptime;

use cyxwiz_domain::{Address, Digest};
use sqlx::{
    PgPool,
    migrate::{MigrateError, Migrator},
    postgres::PgPoolOptions,
};

use crate::{error::Error, settings::DatabaseSettings};

/// All migrations, compiled in.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// Opens a pool; a first connection proves that the server is there.
///
/// # Errors
/// What the server, or its absence, says.
pub async fn connect(settings: &DatabaseSettings) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(std::time::Duration::from_secs(10))
        .connect(&settings.url)
        .await
}

/// Brings the schema up to date. Replicas that start at once wait for each other.
///
/// # Errors
/// [`MigrateError`], for example when the database is newer than this program.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    MIGRATOR.run(pool).await
}

/// Whether the database answers.
///
/// # Errors
/// [`Error::Database`].
pub async fn ping(pool: &PgPool) -> Result<(), Error> {
    sqlx::query!("SELECT 1 AS one").fetch_one(pool).await?;
    Ok(())
}

fn address(bytes: &[u8]) -> Result<Address, Error> {
    Address::from_slice(bytes).map_err(|error| Error::Corrupt(error.to_string()))
}

fn digest(bytes: &[u8]) -> Result<Digest, Error> {
    Digest::from_slice(bytes).map_err(|error| Error::Corrupt(error.to_string()))
}

/// Postgres has no unsigned numbers: ours are kept in the next larger signed
/// type, or refused when they do not fit.
fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::Argument {
        field: "number",
        problem: format!("{number} is beyond what can be stored"),
    })
}

fn unsigned(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| Error::Corrupt(format!("{number} is below zero")))
}

fn small(number: i64) -> Result<u32, Error> {
    u32::try_from(number).map_err(|_| Error::Corrupt(format!("{number} is not a 32-bit number")))
}
