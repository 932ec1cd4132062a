//! Fixtures for tests and development scripts. Only ever a dev-dependency.

mod accounts;
mod postgres;

pub use accounts::{escrow_account, transcript_account};
pub use postgres::{PrivatePostgres, postgres_program};
