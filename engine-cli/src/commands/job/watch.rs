//! `cyxwiz job watch`.

use std::path::PathBuf;

use cyxwiz_domain::JobId;

use super::run::finish;
use crate::{
    engine::Engine,
    error::Result,
    flow::{JobRun, RunOptions},
};

/// Goes on with a job of this machine to its payment, or with `hold` to the verified weights; with `replay`
/// it repeats the training before it pays.
///
/// # Errors
/// [`crate::error::Error::UnknownJob`] for a job that was not begun here; what stopped it.
pub async fn run(
    engine: &Engine,
    job: JobId,
    output: Option<PathBuf>,
    hold: bool,
    replay: bool,
) -> Result<()> {
    let options = RunOptions {
        max_price: None,
        output,
        replay,
    };
    let mut run = JobRun::resume(engine, job, options)?;
    if let Some(evidence) = run.evidence() {
        evidence.warn(engine.printer);
    }
    finish(engine, &mut run, hold).await
}
