//! Fixtures for tests and development scripts. Only ever a dev-dependency.

mod postgres;

pub use postgres::{PrivatePostgres, postgres_program};
