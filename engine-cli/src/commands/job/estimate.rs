//! `cyxwiz job estimate`.

use std::path::Path;

use cyxwiz_domain::{Address, Amount};
use serde_json::json;

use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::{input::Input, offer::estimate_of, proof::Evidence},
    printer::table,
};

/// Checks the job file at `file` with its data and asks for the price.
///
/// # Errors
/// A bad job file or dataset, no node that fits.
pub async fn run(engine: &Engine, file: &Path) -> Result<()> {
    let input = Input::read(file)?;
    let evidence = Evidence::of(&input.spec);
    if let Some(evidence) = &evidence {
        evidence.warn(engine.printer);
    }
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
        "rows": input.rows,
        "parameters": input.spec.parameter_count(),
        "lines": lines,
        "verification": evidence,
    });
    engine.printer.result(&value, || {
        let mut rows = table(&["price", &format!("{} CYXWIZ", Amount(estimate.amount))]);
        for line in &estimate.lines {
            rows.add_row([&line.label, &line.value]);
        }
        rows.add_row([
            "training",
            &format!("about {} s", estimate.estimated_seconds),
        ]);
        rows.add_row([
            "deadline",
            &format!("{} s after the assignment", estimate.timeout_seconds),
        ]);
        rows.add_row(["node now", &node.to_string()]);
        rows.add_row(["rows", &input.rows.to_string()]);
        rows.add_row(["parameters", &input.spec.parameter_count().to_string()]);
        for row in evidence.iter().flat_map(Evidence::rows) {
            rows.add_row(row);
        }
        rows.trim_fmt()
    });
    Ok(())
}
