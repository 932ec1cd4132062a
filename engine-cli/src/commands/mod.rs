//! The commands: plain values in, results printed, errors out.

pub mod dev;
pub mod dispute;
pub mod job;
pub mod node;
pub mod wallet;

use std::future::Future;

use crate::{
    cli::{
        Cli, Command, DevCommand, DisputeCommand, JobCommand, NodeCommand, RunArgs, WalletCommand,
    },
    engine::Engine,
    error::{Error, Result},
    flow::RunOptions,
    printer::Printer,
    settings::Settings,
};

/// Runs what the command line asks for.
///
/// # Errors
/// Whatever the command says; `main` prints it and chooses the exit code.
pub async fn run(cli: Cli, printer: Printer) -> Result<()> {
    let settings = Settings::resolve(&cli.global)?;
    match cli.command {
        Command::Wallet(command) => match command {
            WalletCommand::New => wallet::new::run(&settings, printer),
            WalletCommand::Show { address } => wallet::show::run(&settings, printer, address).await,
            WalletCommand::Airdrop { sol } => wallet::airdrop::run(&settings, printer, sol).await,
        },
        Command::Job(command) => run_job(settings, printer, command).await,
        Command::Node(NodeCommand::List) => {
            node::list::run(&Engine::open(settings, printer)?).await
        }
        Command::Dispute(DisputeCommand::List) => dispute::list::run(&settings, printer).await,
        Command::Dispute(DisputeCommand::Settle(args)) => {
            let verdict = args.verdict();
            dispute::settle::run(&Engine::open(settings, printer)?, args.escrow, verdict).await
        }
        Command::Dispute(DisputeCommand::Expire { escrow }) => {
            dispute::expire::run(&Engine::open(settings, printer)?, escrow).await
        }
        Command::Dev(command) => match command {
            DevCommand::Up(stack) => dev::up::run(&settings, printer, &stack).await,
            DevCommand::Down { dir, wipe } => dev::down::run(&settings, printer, dir, wipe).await,
            DevCommand::Status { dir } => dev::status::run(&settings, printer, dir),
            DevCommand::Demo { stack, job, keep } => {
                dev::demo::run(&settings, printer, &stack, &job, keep).await
            }
        },
    }
}

async fn run_job(settings: Settings, printer: Printer, command: JobCommand) -> Result<()> {
    // An estimate tells what a proof is worth to those who have no wallet, too.
    if let JobCommand::Estimate { file } = &command {
        return job::estimate::run(settings, printer, file).await;
    }
    let engine = &Engine::open(settings, printer)?;
    match command {
        JobCommand::Estimate { .. } => unreachable!("answered above"),
        JobCommand::Run(RunArgs {
            submit,
            hold,
            output,
            replay,
        }) => {
            let options = RunOptions {
                max_price: submit.max_price,
                output,
                replay,
            };
            job::run::run(engine, &submit.file, submit.new, hold, options).await
        }
        JobCommand::Submit(args) => {
            let options = RunOptions {
                max_price: args.max_price,
                ..RunOptions::default()
            };
            job::submit::run(engine, &args.file, args.new, options).await
        }
        JobCommand::Watch {
            id,
            output,
            hold,
            replay,
        } => job::watch::run(engine, id, output, hold, replay).await,
        JobCommand::Replay { id } => job::replay::run(engine, id).await,
        JobCommand::Status { id } => job::status::run(engine, id).await,
        JobCommand::List { limit } => job::list::run(engine, limit).await,
        JobCommand::Extend { id, time } => job::extend::run(engine, id, time).await,
        JobCommand::TopUp { id, amount } => job::top_up::run(engine, id, amount).await,
        JobCommand::Dispute { id, evidence } => job::dispute::run(engine, id, evidence).await,
        JobCommand::Cancel { id, yes, wait } => job::cancel::run(engine, id, yes, wait).await,
        JobCommand::Download { id, epoch, output } => {
            job::download::run(engine, id, epoch, output).await
        }
        JobCommand::Rate { id, stars } => job::rate::run(engine, id, stars).await,
    }
}

/// Runs `work` unless Ctrl-C or SIGTERM comes first; `hint` says what it means then.
pub(crate) async fn interruptible<T>(
    work: impl Future<Output = Result<T>>,
    hint: impl FnOnce() -> String,
) -> Result<T> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Error::Usage(format!("signals: {error}")));
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    tokio::select! {
        done = work => done,
        _ = interrupt.recv() => Err(Error::Interrupted(hint())),
        _ = terminate.recv() => Err(Error::Interrupted(hint())),
    }
}
