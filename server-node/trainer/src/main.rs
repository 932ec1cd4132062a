//! `cyxwiz-trainer`: one training job as a process. Commands come in on standard
//! input and events go out on standard output, one JSON object per line
//! (`cyxwiz_domain::training`).

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    thread,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use cyxwiz_domain::{
    Address, Digest,
    dataset::{Manifest, Table},
    spec::JobSpec,
    training::{Command, Event, FailureKind},
};
use cyxwiz_proof::job::{Opening, opening};
use cyxwiz_trainer::{
    Binding, Commit, Committed, DeviceChoice, Exact, IntSgdTrainer, Job, Outcome, Progress, Store,
    TorchTrainer, TrainError, Trainer, benchmark, run, runtime,
};
use serde::Serialize;

/// Exit code of a run that was stopped and can be resumed.
const STOPPED: u8 = 3;
/// Exit code of a run that left the numbers: the job's own fault, and nobody's lie.
const DIVERGED: u8 = 4;

#[derive(Parser)]
#[command(version, about = "Trains one CyxWiz job")]
struct Cli {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Train a job; events go to standard output, commands are read from standard input.
    /// Exits with 0 when finished, 3 when stopped, 4 when it diverged, 1 when it failed otherwise.
    Run(RunArgs),
    /// Measure this machine: prints one JSON object with its rate (1.0 = the reference machine).
    Benchmark {
        #[command(flatten)]
        machine: Machine,
        /// Seconds to measure for.
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
    /// Name the runtime classes that this machine keeps: prints one JSON array.
    Classes,
}

#[derive(clap::Args)]
struct Machine {
    /// Where to compute.
    #[arg(long, value_enum, default_value_t)]
    device: DeviceChoice,
    /// Threads of one operation [default: what the job can use; resuming: as before; benchmark: the better of one and all].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Option<u32>,
}

#[derive(clap::Args)]
struct RunArgs {
    /// The job spec, `.toml` or JSON.
    #[arg(long)]
    spec: PathBuf,
    /// The dataset file.
    #[arg(long)]
    data: PathBuf,
    /// Directory for states, checkpoints and weights.
    #[arg(long)]
    work: PathBuf,
    /// Go on from the newest state in the directory, if there is one.
    #[arg(long)]
    resume: bool,
    /// Do not read commands. Without this, the end of standard input stops the run:
    /// a trainer must not outlive the node that started it.
    #[arg(long)]
    standalone: bool,
    /// The job's escrow account, base58, for a job with `[verification]`: decides the order of the
    /// batches where it trains in integers.
    #[arg(long, requires = "context")]
    escrow: Option<Address>,
    /// The context word that such a job's commitments are bound to, 32 bytes in hex.
    #[arg(long, requires = "escrow", value_parser = digest)]
    context: Option<Digest>,
    /// What a job that trains in integers is computed with; the bits are the same.
    #[arg(long, value_enum, default_value_t)]
    exact: Exact,
    #[command(flatten)]
    machine: Machine,
}

fn digest(text: &str) -> Result<Digest, String> {
    let mut digest = Digest::default();
    hex::decode_to_slice(text, &mut digest.0).map_err(|error| error.to_string())?;
    Ok(digest)
}

fn main() -> ExitCode {
    let result = match Cli::parse().action {
        Action::Run(args) => train(&args),
        Action::Benchmark { machine, seconds } => measure(&machine, seconds),
        Action::Classes => answer(&runtime::kept_classes()),
    };
    result.unwrap_or_else(|error| {
        // Standard error is for people and logs; the event has told the node.
        let _ = writeln!(io::stderr(), "cyxwiz-trainer: {error:#}");
        ExitCode::FAILURE
    })
}

fn train(args: &RunArgs) -> Result<ExitCode> {
    let result = execute(args);
    if let Err(error) = &result {
        let failed = Event::Failed {
            kind: error.kind(),
            message: error.to_string(),
        };
        // If nobody reads any more there is nobody to tell.
        let _ = emit(failed);
    }
    Ok(match result {
        Ok(Outcome::Finished { .. }) => ExitCode::SUCCESS,
        Ok(Outcome::Stopped) => ExitCode::from(STOPPED),
        Err(error) if error.kind() == FailureKind::Diverged => ExitCode::from(DIVERGED),
        Err(error) => return Err(error.into()),
    })
}

fn execute(args: &RunArgs) -> Result<Outcome, TrainError> {
    let spec = read_spec(&args.spec)?;
    let class = spec.runtime_class();
    let device = match class {
        Some(class) => runtime::class_device(class, args.machine.device, args.machine.threads)?,
        None => args.machine.device.resolve()?,
    };
    match class {
        Some(class) => runtime::restart_with(class.environment())?,
        None if device.is_cuda() && spec.job.deterministic => {
            runtime::restart_with(runtime::FIXED_WORKSPACE)?;
        }
        None => {}
    }
    let dataset_root = Manifest::of(open(&args.data)?)
        .map(|manifest| Digest(manifest.root()))
        .map_err(|error| file_error(&args.data, io::Error::other(error)))?;
    let table = Table::read(open(&args.data)?, &spec)?;
    let store = Store::open(&args.work)?;
    let resume = match args.resume {
        true => store.latest()?,
        false => None,
    };
    let before = resume.as_ref().map(|(progress, _)| progress.threads);
    let threads = class.map(|class| class.threads());
    let threads = threads.or(args.machine.threads).or(before);
    let threads = threads.unwrap_or_else(|| spec.useful_threads(cores()));

    let opening = opening(&spec, Some(&table), dataset_root)?;
    let mut job = Job::new(spec, table.rows(), dataset_root);
    let (sender, commands) = mpsc::channel();
    if !args.standalone {
        thread::spawn(move || read_commands(&sender));
    }
    if opening.is_some() {
        let (Some(escrow), Some(context)) = (args.escrow, args.context) else {
            return Err(TrainError::Unbound);
        };
        job = job.bound(Binding { escrow, context });
    }
    let session = Session {
        job,
        opening,
        store,
        resume,
        commands,
    };
    if let Some(integers) = session.job.spec.integer_training() {
        let plan = session.job.spec.plan()?;
        let trainer = IntSgdTrainer::new(&plan, integers, &table, args.exact, device, threads)?;
        drop(table);
        return session.run(trainer);
    }
    let trainer = TorchTrainer::new(&session.job.spec, &table, device, threads)?;
    drop(table);
    session.run(trainer)
}

/// A run that is ready but for its backend.
struct Session {
    job: Job,
    /// What the job's transcript is opened with, where it has one.
    opening: Option<Opening>,
    store: Store,
    resume: Option<(Progress, Vec<u8>)>,
    commands: mpsc::Receiver<Command>,
}

impl Session {
    fn run(self, mut trainer: impl Commit) -> Result<Outcome, TrainError> {
        match &self.opening {
            Some(opening) => {
                let mut committed = Committed::new(&self.job, trainer, opening)?;
                self.drive(&mut committed)
            }
            None => self.drive(&mut trainer),
        }
    }

    fn drive(self, trainer: &mut impl Trainer) -> Result<Outcome, TrainError> {
        let (store, commands) = (&self.store, &self.commands);
        run(&self.job, trainer, store, self.resume, commands, &mut emit)
    }
}

fn measure(machine: &Machine, seconds: f64) -> Result<ExitCode> {
    let device = machine.device.resolve()?;
    // Where other work shares the cores, one thread may well be the fastest.
    let candidates = match machine.threads {
        Some(threads) => vec![threads],
        None if device.is_cuda() || cores() == 1 => vec![1],
        None => vec![1, cores()],
    };
    let each = seconds / candidates.len() as f64;
    let mut best: Option<benchmark::Report> = None;
    for threads in candidates {
        let report = benchmark::measure(device, threads, each)?;
        if best.as_ref().is_none_or(|best| report.rate > best.rate) {
            best = Some(report);
        }
    }
    answer(&best)
}

/// Prints one line of JSON.
fn answer(report: &impl Serialize) -> Result<ExitCode> {
    let line = serde_json::to_string(report).context("write the report")?;
    writeln!(io::stdout(), "{line}").context("write the report")?;
    Ok(ExitCode::SUCCESS)
}

fn read_spec(path: &Path) -> Result<JobSpec, TrainError> {
    let bytes = std::fs::read(path).map_err(|error| file_error(path, error))?;
    Ok(match path.extension().is_some_and(|e| e == "toml") {
        true => JobSpec::from_toml(&String::from_utf8_lossy(&bytes))?,
        false => JobSpec::from_json(&bytes)?,
    })
}

/// Passes commands on until standard input ends, which is itself a command.
fn read_commands(sender: &mpsc::Sender<Command>) {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(command) if sender.send(command).is_err() => return,
            Ok(_) => {}
            Err(error) => {
                let _ = writeln!(
                    io::stderr(),
                    "cyxwiz-trainer: not a command: {line}: {error}"
                );
            }
        }
    }
    // The run may be over already.
    let _ = sender.send(Command::Stop);
}

fn emit(event: Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(&event)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

fn open(path: &Path) -> Result<BufReader<File>, TrainError> {
    File::open(path)
        .map(BufReader::new)
        .map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, source: io::Error) -> TrainError {
    TrainError::File {
        path: path.to_owned(),
        source,
    }
}

fn cores() -> u32 {
    thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1))
}
