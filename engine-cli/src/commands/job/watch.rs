//! `cyxwiz job watch`.

use std::path::PathBuf;

use cyxwiz_domain::JobId;

use super::run::finish;
use crate::{
    engine::Engine,
    error::Result,
    flow::{JobRun, RunOptions},
};

/// Goes on with a job of this machine to its payment.
///
/// # Errors
/// [`crate::error::Error::UnknownJob`] for a job that was not begun here; what stopped it.
pub async fn run(engine: &Engine, job: JobId, output: Option<PathBuf>) -> Result<()> {
    let options = RunOptions {
        max_price: None,
        output,
    };
    let mut run = JobRun::resume(engine, job, options)?;
    let report = finish(engine, &mut run).await?;
    engine.printer.result(&report, || report.text());
    Ok(())
}
