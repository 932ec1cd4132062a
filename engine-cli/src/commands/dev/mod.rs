//! `cyxwiz dev`.

pub mod demo;
pub mod down;
pub mod status;
pub mod up;

use std::{path::PathBuf, time::Duration};

use crate::{
    cli::StackArgs,
    dev::{Layout, StackOptions, layout::Binaries},
    error::Result,
    settings::Settings,
};

fn layout(settings: &Settings, dir: Option<&PathBuf>) -> Result<Layout> {
    Layout::new(dir.unwrap_or(&settings.dev_dir))
}

fn options(args: &StackArgs) -> Result<StackOptions> {
    Ok(StackOptions {
        binaries: Binaries::find(args.bin_dir.as_deref(), args.programs.as_deref())?,
        chain_url: args.chain_url.clone(),
        nodes: args.nodes,
        time_travel: args.time_travel,
        start_timeout: Duration::from_secs(args.start_timeout),
    })
}
