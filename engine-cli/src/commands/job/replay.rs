//! `cyxwiz job replay`.

use cyxwiz_chain::{EscrowState, TranscriptAccount};
use cyxwiz_domain::{JobId, spec::JobSpec};

use crate::{
    commands::interruptible,
    engine::Engine,
    error::{Error, Result},
    flow::{
        journal::{self, Journal, job_dir, read_spec},
        progress::Progress,
        proof::{Committed, Replay, check_received, check_weights, replay},
    },
};

/// Repeats the training of `job` from its data on this machine, and compares every step, or where the transcript of
/// the work is not here the end, with what the node has committed to, and that with the weights where they are here.
///
/// # Errors
/// [`Error::Dishonest`] if they differ; [`Error::Usage`] for a job that cannot be repeated, or not yet.
pub async fn run(engine: &Engine, job: JobId) -> Result<()> {
    let journal = journal::read(&engine.settings.data_dir, job)?;
    let spec = read_spec(&job_dir(&engine.settings.data_dir, job), journal.spec_hash)?;
    let at = engine.escrow_address(job);
    let transcript = engine.chain.transcript(at).await?;
    let committed = committed(&journal, transcript.as_ref()).ok_or_else(|| {
        Error::Usage(format!(
            "the node has not committed to any weights of job {job} yet; `cyxwiz job status {job}` shows where it stands"
        ))
    })?;
    let mut progress = Progress::new(engine.printer);
    progress.wait("repeating the training");
    let work = replay(&journal, &spec, at, committed.trained, |share| {
        progress.share("", share);
    });
    let replay = interruptible(work, || "interrupted; nothing was changed".to_owned()).await?;
    progress.clear();
    if let Err(error) = compare(&journal, &spec, &committed, &replay) {
        let escrow = engine.escrow(job).await?;
        return Err(match escrow.is_some_and(|e| e.state == EscrowState::Paid) {
            true => error.after_payment(job),
            false => error,
        });
    }
    engine.printer.result(&replay, || replay.text());
    Ok(())
}

/// The node's commitment with the run repeated, and with what lies here of its own.
fn compare(
    journal: &Journal,
    spec: &JobSpec,
    committed: &Committed,
    replay: &Replay,
) -> Result<()> {
    if !replay.honest {
        return Err(replay.clone().into());
    }
    if let Some(kept) = &journal.transcript {
        check_received(committed, &kept.commits_to)
            .map_err(|problem| Error::dishonest(journal.job_id, &problem))?;
    }
    match &journal.weights {
        Some(weights) => check_weights(journal.job_id, spec, committed.trained, weights),
        None => Ok(()),
    }
}

/// What the node is bound to: on the chain, or as it stood there before the account was closed.
fn committed(journal: &Journal, transcript: Option<&TranscriptAccount>) -> Option<Committed> {
    let here = journal.proof.as_ref().and_then(|plan| plan.committed);
    transcript.and_then(Committed::of).or(here)
}
