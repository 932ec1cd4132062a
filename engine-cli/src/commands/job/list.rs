//! `cyxwiz job list`.

use cyxwiz_chain::ChainError;

use super::{proven::ProofStanding, view::JobView};
use crate::{engine::Engine, error::Result, flow::journal, printer::table};

/// Lists the user's newest jobs.
///
/// # Errors
/// A coordinator that does not answer.
pub async fn run(engine: &Engine, limit: u32) -> Result<()> {
    let jobs = engine.coordinator.jobs(limit).await?;
    let mut jobs: Vec<JobView> = jobs.iter().map(JobView::try_from).collect::<Result<_>>()?;
    read_proofs(engine, &mut jobs).await;
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
                job.stage(),
                job.price(),
                job.created(),
            ]);
        }
        rows.trim_fmt()
    });
    Ok(())
}

/// Reads where the proofs stand, from the chain and from what this machine remembers; without it the list is as
/// good otherwise.
async fn read_proofs(engine: &Engine, jobs: &mut [JobView]) {
    let addresses: Vec<_> = jobs
        .iter()
        .map(|job| engine.escrow_address(job.job_id))
        .collect();
    let found = async {
        let escrows = engine.chain.escrows(&addresses).await?;
        Ok((escrows, engine.chain.transcripts(&addresses).await?))
    };
    let (escrows, transcripts) = match found.await {
        Ok(found) => found,
        Err::<_, ChainError>(error) => {
            return engine
                .printer
                .warn(format_args!("{error}; where the proofs stand is not shown"));
        }
    };
    for ((job, escrow), transcript) in jobs.iter_mut().zip(escrows).zip(transcripts) {
        let journal = journal::read(&engine.settings.data_dir, job.job_id).ok();
        let plan = journal.and_then(|journal| journal.proof);
        let state = Some(job.state);
        job.proof = ProofStanding::of(transcript.as_ref(), escrow.as_ref(), plan.as_ref(), state);
    }
}
