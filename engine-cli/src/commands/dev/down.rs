//! `cyxwiz dev down`.

use std::path::PathBuf;

use serde_json::json;

use super::layout;
use crate::{dev::Stack, error::Result, printer::Printer, settings::Settings};

/// Stops the stack; with `wipe` removes all that it wrote.
///
/// # Errors
/// [`crate::error::Error::File`].
pub async fn run(
    settings: &Settings,
    printer: Printer,
    dir: Option<PathBuf>,
    wipe: bool,
) -> Result<()> {
    let layout = layout(settings, dir.as_ref())?;
    let mut stopped = 0;
    if layout.root().exists() {
        let mut stack = Stack::open(layout.clone(), printer)?;
        stopped = stack.down().await?;
        if wipe {
            stack.wipe()?;
        }
    }
    let value = json!({ "dir": layout.root(), "stopped": stopped, "wiped": wipe });
    printer.result(&value, || match stopped {
        0 => "nothing was running".to_owned(),
        count => format!("stopped {count} processes"),
    });
    Ok(())
}
