//! `cyxwiz dev up`.

use serde_json::json;

use super::{layout, options};
use crate::{
    cli::StackArgs,
    commands::interruptible,
    dev::{Stack, postgres, process::Running},
    error::Result,
    printer::Printer,
    settings::Settings,
};

/// Starts what is missing of the stack.
///
/// # Errors
/// What does not start, with the end of its log.
pub async fn run(settings: &Settings, printer: Printer, args: &StackArgs) -> Result<()> {
    let options = options(args)?;
    let mut stack = Stack::open(layout(settings, args.dir.as_ref())?, printer)?;
    let hint = || "interrupted; `cyxwiz dev down` stops what was started".to_owned();
    let upped = interruptible(stack.up(&options), hint).await?;
    let (state, layout) = (stack.state(), stack.layout());
    // An earlier private one may lie there still while DATABASE_URL names another.
    let is_private = state.process(postgres::NAME).is_some_and(Running::is_alive);
    let database = state.postgres_data.as_ref().filter(|_| is_private);
    let value = json!({
        "dir": layout.root(), "started": upped.started, "rpc_url": state.rpc_url, "ws_url": state.ws_url,
        "coordinator": state.coordinator, "coordinator_http": state.coordinator_http,
        "mint": state.mint, "database": database, "seconds": upped.seconds,
    });
    printer.result(&value, || {
        let shown = |value: &Option<String>| value.clone().unwrap_or_default();
        let headline = if upped.started.is_empty() {
            "already running".to_owned()
        } else {
            format!("started {}", upped.started.join(", "))
        };
        let database = database.map_or_else(
            || "that of DATABASE_URL".to_owned(),
            |data| data.display().to_string(),
        );
        format!(
            "{headline}\nchain        {}\ncoordinator  {}\ndatabase     {database}\nsettings     {} (found by itself from this directory; \
             elsewhere: --dev-dir {})",
            shown(&state.rpc_url),
            shown(&state.coordinator),
            layout.config_file().display(),
            layout.root().display(),
        )
    });
    Ok(())
}
