//! `cyxwiz-node`: stakes, serves training jobs and gets paid.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use cyxwiz_node::{
    cli::{Cli, Command},
    commands, confine,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Confine(args) = &cli.command {
        // Before any thread exists: namespaces are a matter of the whole process.
        return fail(&confine::confine(args).into(), 1);
    }
    let result = cyxwiz_telemetry::init_logs(cli.settings.log_format.into(), "info")
        .and_then(|()| Ok(tokio::runtime::Runtime::new()?))
        .and_then(|runtime| runtime.block_on(commands::dispatch(cli)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, commands::exit_code(&error)),
    }
}

fn fail(error: &anyhow::Error, code: u8) -> ExitCode {
    // Some messages already say their cause.
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !told.contains(&cause) {
            let colon = if told.is_empty() { "" } else { ": " };
            told = format!("{told}{colon}{cause}");
        }
    }
    let _ = writeln!(io::stderr(), "cyxwiz-node: {told}");
    ExitCode::from(code)
}
