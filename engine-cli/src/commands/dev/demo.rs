//! `cyxwiz dev demo`: the whole market, once.

use std::{path::Path, time::Instant};

use super::{layout, options};
use crate::{
    cli::StackArgs,
    commands::{interruptible, job::run::begin_or_resume},
    dev::{Stack, StackOptions},
    engine::Engine,
    error::{Error, Result},
    flow::{Goal, RunOptions, report::Report},
    printer::Printer,
    settings::Settings,
};

/// Brings a stack up, runs the job at `job` on it, prints the report, and brings
/// the stack down, whatever happened, unless `keep` or it ran before. Once the job is
/// done, nothing stays outside of the stack's directory then.
///
/// # Errors
/// What did not work.
pub async fn run(
    settings: &Settings,
    printer: Printer,
    args: &StackArgs,
    job: &Path,
    keep: bool,
) -> Result<()> {
    let started = Instant::now();
    let options = options(args)?;
    let mut stack = Stack::open(layout(settings, args.dir.as_ref())?, printer)?;
    let ran_before = stack.is_running();
    let hint = || "interrupted".to_owned();
    let ran = interruptible(on_stack(&mut stack, &options, printer, job), hint).await;

    let clock = Instant::now();
    if keep || ran_before {
        let dir = stack.layout().root().display();
        printer.note(format_args!(
            "the stack still runs; `cyxwiz dev down --dir {dir}` stops it"
        ));
    } else {
        printer.note("stopping the stack");
        stack.down().await?;
        clear(&mut stack, printer, ran.is_ok())?;
    }
    let mut report = ran?;
    let seconds = &mut report.seconds;
    // The job's own phases stay; these are around them.
    if let Some(job) = seconds.remove("total") {
        seconds.insert("job".into(), job);
    }
    let millis = |since: Instant| (since.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
    seconds.insert("down".into(), millis(clock));
    seconds.insert("total".into(), millis(started));
    printer.result(&report, || report.text());
    if !report.balances.conserved {
        return Err(Error::Protocol {
            who: "the chain",
            problem: "the balances do not add up".into(),
        });
    }
    Ok(())
}

/// Leaves nothing outside of the stack's directory, except what a job that was
/// broken off needs to be gone on with.
fn clear(stack: &mut Stack, printer: Printer, finished: bool) -> Result<()> {
    if finished {
        stack.remove_outlying()?;
    } else if let Some(home) = stack.outlying() {
        let (home, dir) = (home.display(), stack.layout().root().display());
        printer.note(format_args!(
            "the database stays in {home} for the next attempt; `cyxwiz dev down --wipe --dir {dir}` removes all"
        ));
    }
    Ok(())
}

async fn on_stack(
    stack: &mut Stack,
    options: &StackOptions,
    printer: Printer,
    job: &Path,
) -> Result<Report> {
    let clock = Instant::now();
    printer.note(format_args!(
        "starting a chain, a database, a coordinator and {} nodes in {}",
        options.nodes,
        stack.layout().root().display()
    ));
    let upped = stack.up(options).await?;
    let up = clock.elapsed().as_secs_f64();
    let parts: Vec<String> = upped
        .seconds
        .iter()
        .map(|(part, seconds)| format!("{part} {seconds:.1}"))
        .collect();
    printer.note(format_args!(
        "stack: up after {up:.1} s ({})",
        parts.join(", ")
    ));

    let (state, layout) = (stack.state(), stack.layout());
    let settings = Settings {
        rpc_url: state.rpc_url.clone().unwrap_or_default(),
        coordinator: state.coordinator.clone().unwrap_or_default(),
        wallet: layout.wallet("user"),
        data_dir: layout.user_data(),
        dev_dir: layout.root().to_owned(),
    };
    let engine = Engine::open(settings, printer)?;
    // What an interrupted demo began may belong to a coordinator of another address.
    let mut run = begin_or_resume(&engine, job, false, RunOptions::default())?;
    let id = run.job_id();
    let mut report = run.drive(Goal::Paid).await?.ok_or(Error::UnknownJob(id))?;
    report
        .seconds
        .insert("up".into(), (up * 1000.0).round() / 1000.0);
    Ok(report)
}
