//! `cyxwiz job run`.

use std::path::Path;

use cyxwiz_domain::JobId;
use serde_json::json;

use crate::{
    commands::{interruptible, job::next::next},
    engine::Engine,
    error::{Error, Result},
    flow::{
        Goal, JobRun, RunOptions,
        input::Input,
        journal::{self, unfinished},
        proof::Evidence,
    },
};

/// Runs the job at `file` to its payment and prints the report; with `hold`, to what the payment is for.
///
/// # Errors
/// What stopped it; the same command goes on from there.
pub async fn run(
    engine: &Engine,
    file: &Path,
    new: bool,
    hold: bool,
    options: RunOptions,
) -> Result<()> {
    let mut run = begin_or_resume(engine, file, new, options)?;
    finish(engine, &mut run, hold).await
}

/// Drives `run` to its payment, or with `hold` to the verified weights, and prints what came of it;
/// Ctrl-C leaves the job going.
///
/// # Errors
/// As [`run`].
pub async fn finish(engine: &Engine, run: &mut JobRun<'_>, hold: bool) -> Result<()> {
    let job = run.job_id();
    let goal = if hold { Goal::Delivered } else { Goal::Paid };
    let driven = interruptible(run.drive(goal), || interrupted(engine, job)).await;
    if let Err(error) = &driven
        && error.is_transient()
        && run.is_funded()
    {
        let printer = engine.printer;
        printer.note(format_args!(
            "job {job} is not lost: `cyxwiz job watch {job}` goes on with it"
        ));
    }
    match driven? {
        Some(report) => {
            engine.printer.result(&report, || report.text());
            Ok(())
        }
        None => held(engine, run).await,
    }
}

/// Prints what lies here unpaid.
async fn held(engine: &Engine, run: &JobRun<'_>) -> Result<()> {
    let job = run.job_id();
    let weights = run.weights().ok_or(Error::UnknownJob(job))?;
    let escrow = engine.funded_escrow(job).await?;
    let file = weights.path.display().to_string();
    let value = json!({
        "job_id": job, "escrow": escrow.address, "state": escrow.state, "amount": escrow.amount.0,
        "weights_file": file, "weights_sha256": weights.sha256, "accuracy": run.accuracy(),
        "release_at": escrow.release_at,
    });
    engine.printer.result(&value, || file.clone());
    let authority = engine.chain.escrow_config().await?.dispute_authority;
    if let Some(next) = next(&escrow, authority, engine.chain.unix_time().await?) {
        engine
            .printer
            .note(format_args!("job {job} is not paid: {next}"));
    }
    Ok(())
}

/// A run of the job at `file`: the unfinished one, unless `new`, else a new one.
///
/// # Errors
/// A bad job file or dataset.
pub fn begin_or_resume<'a>(
    engine: &'a Engine,
    file: &Path,
    new: bool,
    options: RunOptions,
) -> Result<JobRun<'a>> {
    let input = Input::read(file)?;
    let evidence = Evidence::of(&input.spec);
    let settings = &engine.settings;
    let begun = unfinished(
        &settings.data_dir,
        engine.user(),
        &settings.coordinator,
        input.spec_hash,
        input.dataset_root,
    )?;
    match begun {
        Some(job) if !new => {
            engine.printer.note(format_args!(
                "going on with job {job} (--new begins another)"
            ));
            if let Some(evidence) = evidence {
                evidence.warn(engine.printer);
            }
            JobRun::resume(engine, job, options)
        }
        _ => {
            let run = JobRun::begin(engine, &input, options)?;
            let (job, name) = (run.job_id(), &input.spec.job.name);
            engine
                .printer
                .note(format_args!("job {job}: {name}, {} rows", input.rows));
            if let Some(evidence) = evidence {
                evidence.announce(engine.printer);
            }
            Ok(run)
        }
    }
}

fn interrupted(engine: &Engine, job: JobId) -> String {
    let journal = journal::read(&engine.settings.data_dir, job).ok();
    let funded = journal.filter(|journal| journal.create_escrow.is_some());
    if let Some(journal) = funded {
        let secret = match journal.proof {
            Some(_) => ", soon, so that your secret has its part in the challenge of the proof",
            None => "",
        };
        format!(
            "interrupted; job {job} goes on until its node has run ahead of your receipts. Come back with \
             `cyxwiz job watch {job}`{secret}, or stop it with `cyxwiz job cancel {job}`"
        )
    } else {
        format!("interrupted; nothing was paid for job {job}. The same command goes on with it")
    }
}
