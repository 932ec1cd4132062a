//! `cyxwiz job list`.

use super::view::JobView;
use crate::{engine::Engine, error::Result, printer::table};

/// Lists the user's newest jobs.
///
/// # Errors
/// A coordinator that does not answer.
pub async fn run(engine: &Engine, limit: u32) -> Result<()> {
    let jobs = engine.coordinator.jobs(limit).await?;
    let jobs: Vec<JobView> = jobs.iter().map(JobView::try_from).collect::<Result<_>>()?;
    engine.printer.result(&jobs, || {
        let mut rows = table(&["job", "name", "state", "epochs", "price", "created"]);
        for job in &jobs {
            rows.add_row([
                job.job_id.to_string(),
                job.name.clone(),
                job.state.to_string(),
                job.progress(),
                job.price(),
                job.created(),
            ]);
        }
        rows.trim_fmt()
    });
    Ok(())
}
