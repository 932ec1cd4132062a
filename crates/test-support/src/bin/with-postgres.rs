//! `with-postgres COMMAND…`: runs a command with `DATABASE_URL` set to an empty
//! private database that is gone afterwards.

use std::process::{Command, ExitCode};

use anyhow::Context as _;
use cyxwiz_test_support::PrivatePostgres;

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let program = arguments.next().context("usage: with-postgres COMMAND…")?;
    let postgres = PrivatePostgres::start()?;
    let status = Command::new(&program)
        .args(arguments)
        .env("DATABASE_URL", postgres.url())
        .status()
        .with_context(|| format!("run {}", program.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
