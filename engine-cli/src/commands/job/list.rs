//! `cyxwiz job list`.

use super::view::JobView;
use crate::{engine::Engine, error::Result, printer::table};

/// Lists the user's newest jobs.
///
/// # Errors
/// A coordinator that does not answer.
pub async fn run(engine: &Engine, limit: u32) -> Result<()> {
    let jobs = engine.coordinator.jobs(limit).await?;
    let mut jobs: Vec<JobView> = jobs.iter().map(JobView::try_from).collect::<Result<_>>()?;
    read_stages(engine, &mut jobs).await;
    engine.printer.result(&jobs, || {
        let header = [
            "job", "name", "state", "epochs", "proof", "price", "created",
        ];
        let mut rows = table(&header);
        for job in &jobs {
            rows.add_row([
                job.job_id.to_string(),
                job.name.clone(),
                job.standing().to_owned(),
                job.progress(),
                job.stage().to_owned(),
                job.price(),
                job.created(),
            ]);
        }
        rows.trim_fmt()
    });
    Ok(())
}

/// Reads from the chain where the proofs stand; without it the list is as good otherwise.
async fn read_stages(engine: &Engine, jobs: &mut [JobView]) {
    let escrows: Vec<_> = jobs
        .iter()
        .map(|job| engine.escrow_address(job.job_id))
        .collect();
    match engine.chain.transcripts(&escrows).await {
        Ok(found) => {
            for (job, transcript) in jobs.iter_mut().zip(found) {
                job.proof = transcript.map(|transcript| transcript.stage);
            }
        }
        Err(error) => engine
            .printer
            .warn(format_args!("{error}; where the proofs stand is not shown")),
    }
}
