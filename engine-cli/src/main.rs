//! `cyxwiz`: parses the command line, runs it, says how it went.

use std::process::ExitCode;

use clap::Parser as _;
use cyxwiz::{cli::Cli, commands, error::ExitStatus, printer::Printer};
use cyxwiz_telemetry::{LogFormat, init_logs};

fn main() -> ExitCode {
    // Wrong arguments end here, with code 2.
    let cli = Cli::parse();
    let printer = Printer::new(cli.global.json, cli.global.quiet);
    if let Err(error) = init_logs(LogFormat::Text, "warn") {
        printer.warn(error);
    }
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.warn(format_args!("cannot start: {error}"));
            return ExitCode::from(ExitStatus::Failure as u8);
        }
    };
    let done = runtime.block_on(commands::run(cli, printer));
    // What still computes for a command that was interrupted computes for nobody.
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::from(ExitStatus::Success as u8),
        Err(error) => {
            printer.error(&error);
            ExitCode::from(error.exit_status() as u8)
        }
    }
}
