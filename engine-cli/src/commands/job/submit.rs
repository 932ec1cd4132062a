//! `cyxwiz job submit`.

use std::path::Path;

use serde_json::json;

use super::run::begin_or_resume;
use crate::{
    commands::interruptible,
    engine::Engine,
    error::Result,
    flow::{Goal, RunOptions},
};

/// Escrows the job at `file` and returns once the coordinator has checked the escrow.
///
/// # Errors
/// What stopped it; the same command goes on from there.
pub async fn run(engine: &Engine, file: &Path, new: bool, options: RunOptions) -> Result<()> {
    let mut run = begin_or_resume(engine, file, new, options)?;
    let job = run.job_id();
    let hint = || format!("interrupted; the same command goes on with job {job}");
    interruptible(run.drive(Goal::Funded), hint).await?;
    drop(run);
    let escrow = engine.funded_escrow(job).await?;
    let value = json!({
        "job_id": job, "escrow": escrow.address, "amount": escrow.amount.0, "state": escrow.state,
    });
    engine.printer.result(&value, || job.to_string());
    engine.printer.note(format_args!(
        "`cyxwiz job watch {job}` sends the data and brings the weights"
    ));
    Ok(())
}
