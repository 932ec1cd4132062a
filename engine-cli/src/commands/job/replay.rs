//! `cyxwiz job replay`.

use cyxwiz_chain::{TranscriptAccount, TranscriptStage};
use cyxwiz_domain::{Digest, JobId};

use crate::{
    commands::interruptible,
    engine::Engine,
    error::{Error, Result},
    flow::{
        journal::{self, Journal, job_dir, read_spec},
        progress::Progress,
        proof::{check_weights, replay},
    },
};

/// Repeats the training of `job` from its data on this machine, and compares the end with what the node has
/// committed to, and with the weights where they are here.
///
/// # Errors
/// [`Error::Dishonest`] if they differ; [`Error::Usage`] for a job that cannot be repeated, or not yet.
pub async fn run(engine: &Engine, job: JobId) -> Result<()> {
    let journal = journal::read(&engine.settings.data_dir, job)?;
    let spec = read_spec(&job_dir(&engine.settings.data_dir, job), journal.spec_hash)?;
    let escrow = engine.escrow_address(job);
    let transcript = engine.chain.transcript(escrow).await?;
    let committed = committed(&journal, transcript.as_ref()).ok_or_else(|| {
        Error::Usage(format!(
            "the node has not committed to any weights of job {job} yet; `cyxwiz job status {job}` shows where it stands"
        ))
    })?;
    let mut progress = Progress::new(engine.printer);
    progress.wait("repeating the training");
    let work = replay(&journal, &spec, escrow, committed, |share| {
        progress.share("", share);
    });
    let replay = interruptible(work, || "interrupted; nothing was changed".to_owned()).await?;
    progress.clear();
    let dishonest = |problem: String| Error::Dishonest { job, problem };
    if !replay.honest {
        return Err(dishonest(replay.problem()));
    }
    if let Some(weights) = &journal.weights {
        check_weights(&spec, committed, &weights.path).map_err(dishonest)?;
    }
    engine.printer.result(&replay, || replay.text());
    Ok(())
}

/// What the node is bound to: on the chain, or as it stood there before the account was closed.
fn committed(journal: &Journal, transcript: Option<&TranscriptAccount>) -> Option<Digest> {
    let here = journal.proof.as_ref().and_then(|plan| plan.committed);
    match transcript {
        Some(transcript) if transcript.stage != TranscriptStage::Opened => Some(transcript.trained),
        _ => here.map(|committed| committed.trained),
    }
}
