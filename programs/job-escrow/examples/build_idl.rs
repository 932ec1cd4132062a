//! Writes a program's IDL: `build_idl PROGRAM_DIRECTORY OUTPUT_FILE`.
//!
//! Anchor's own builder does the work; this stands in for the Anchor CLI, so that nobody needs it.
//! Use it through `scripts/build-idl`.

use std::{error::Error, path::PathBuf};

use anchor_lang::idl::build::IdlBuilder;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, output] = arguments.as_slice() else {
        return Err("usage: build_idl PROGRAM_DIRECTORY OUTPUT_FILE".into());
    };
    let idl = IdlBuilder::new()
        .program_path(program.canonicalize()?)
        .cargo_args(vec!["--lib".to_owned(), "--locked".to_owned()])
        .build()?;
    let mut text = serde_json::to_string_pretty(&idl)?;
    text.push('\n');
    std::fs::write(output, text)?;
    Ok(())
}
