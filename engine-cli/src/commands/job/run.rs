//! `cyxwiz job run`.

use std::path::Path;

use cyxwiz_domain::JobId;

use crate::{
    commands::interruptible,
    engine::Engine,
    error::{Error, Result},
    flow::{
        Goal, JobRun, RunOptions,
        input::Input,
        journal::{self, unfinished},
        report::Report,
    },
};

/// Runs the job at `file` to its payment and prints the report.
///
/// # Errors
/// What stopped it; the same command goes on from there.
pub async fn run(engine: &Engine, file: &Path, new: bool, options: RunOptions) -> Result<()> {
    let report = execute(engine, file, new, options).await?;
    engine.printer.result(&report, || report.text());
    Ok(())
}

/// As [`run`], and gives the report back.
///
/// # Errors
/// As [`run`].
pub async fn execute(
    engine: &Engine,
    file: &Path,
    new: bool,
    options: RunOptions,
) -> Result<Report> {
    let mut run = begin_or_resume(engine, file, new, options)?;
    finish(engine, &mut run).await
}

/// Drives `run` to its payment; Ctrl-C leaves the job going.
///
/// # Errors
/// As [`run`].
pub async fn finish(engine: &Engine, run: &mut JobRun<'_>) -> Result<Report> {
    let job = run.job_id();
    let driven = interruptible(run.drive(Goal::Paid), || interrupted(engine, job)).await;
    if let Err(error) = &driven
        && error.is_transient()
        && run.is_funded()
    {
        let printer = engine.printer;
        printer.note(format_args!(
            "job {job} is not lost: `cyxwiz job watch {job}` goes on with it"
        ));
    }
    driven?.ok_or(Error::UnknownJob(job))
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
            JobRun::resume(engine, job, options)
        }
        _ => {
            let run = JobRun::begin(engine, &input, options)?;
            let (job, name) = (run.job_id(), &input.spec.job.name);
            engine
                .printer
                .note(format_args!("job {job}: {name}, {} rows", input.rows));
            Ok(run)
        }
    }
}

fn interrupted(engine: &Engine, job: JobId) -> String {
    let funded = journal::read(&engine.settings.data_dir, job)
        .is_ok_and(|journal| journal.create_escrow.is_some());
    if funded {
        format!(
            "interrupted; job {job} goes on until its node has run ahead of your receipts. Come back with \
             `cyxwiz job watch {job}`, or stop it with `cyxwiz job cancel {job}`"
        )
    } else {
        format!("interrupted; nothing was paid for job {job}. The same command goes on with it")
    }
}
