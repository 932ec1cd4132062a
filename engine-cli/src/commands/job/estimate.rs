//! `cyxwiz job estimate`.

use std::path::Path;

use cyxwiz_domain::{Address, Amount};
use serde_json::json;

use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::{input::Input, offer::estimate_of, proof::Evidence},
    printer::{Printer, facts},
    settings::Settings,
};

/// Checks the job file at `file` with its data, says what the job is and what its proof will show, for which it needs
/// nobody, and asks for the price, for which it needs a wallet and a coordinator.
///
/// # Errors
/// A bad job file or dataset, a wallet that cannot be read, no node that fits.
pub async fn run(settings: Settings, printer: Printer, file: &Path) -> Result<()> {
    let input = Input::read(file)?;
    let evidence = Evidence::of(&input.spec);
    if let Some(evidence) = &evidence {
        evidence.warn(printer);
    }
    let (rows, parameters) = (input.rows, input.spec.parameter_count());
    printer.part(|| {
        let mut known = vec![
            ["rows".to_owned(), rows.to_string()],
            ["parameters".to_owned(), parameters.to_string()],
        ];
        known.extend(evidence.iter().flat_map(Evidence::rows));
        known.extend(evidence.iter().map(Evidence::added));
        format!("{}\n", facts(["job", &input.spec.job.name], &known))
    });
    let engine = Engine::open(settings, printer)?;
    let answer = engine
        .coordinator
        .estimate(input.canonical, input.rows)
        .await?;
    let estimate = estimate_of(&answer)?;
    let node = Address::from_slice(&answer.node).map_err(|error| Error::Protocol {
        who: "the coordinator",
        problem: error.to_string(),
    })?;
    let lines: Vec<_> = estimate
        .lines
        .iter()
        .map(|line| json!({ "label": line.label, "value": line.value }))
        .collect();
    let value = json!({
        "name": input.spec.job.name,
        "amount": estimate.amount,
        "estimated_seconds": estimate.estimated_seconds,
        "timeout_seconds": estimate.timeout_seconds,
        "node": node,
        "rows": rows,
        "parameters": parameters,
        "lines": lines,
        "verification": evidence,
    });
    printer.result(&value, || {
        let mut asked: Vec<_> = estimate
            .lines
            .iter()
            .map(|line| [line.label.clone(), line.value.clone()])
            .collect();
        let (training, deadline) = (estimate.estimated_seconds, estimate.timeout_seconds);
        asked.extend([
            ["training".to_owned(), format!("about {training} s")],
            [
                "deadline".to_owned(),
                format!("{deadline} s after the assignment"),
            ],
            ["node now".to_owned(), node.to_string()],
        ]);
        let price = format!("{} CYXWIZ", Amount(estimate.amount));
        facts(["price", &price], &asked)
    });
    Ok(())
}
