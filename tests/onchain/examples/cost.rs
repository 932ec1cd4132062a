//! Prints what a whole job costs on the chain, and what a user and a node pay once before, one JSON object
//! a line.

use std::io::{Write as _, stdout};

use cyxwiz_tests_onchain::cost::{
    JobCost, LAMPORTS_PER_SIGNATURE, PartyCost, registration, whole_jobs,
};
use serde_json::{Value, json};

/// Rent that one token account without anything else holds.
const TOKEN_ACCOUNT: u64 = 2_039_280;

fn main() -> std::io::Result<()> {
    let jobs = [registration()].into_iter().chain(whole_jobs());
    for job in jobs {
        for line in lines(&job) {
            writeln!(stdout(), "{line}")?;
        }
    }
    Ok(())
}

fn lines(job: &JobCost) -> Vec<Value> {
    let all = job.parties.values();
    let transactions: u64 = all.clone().map(|it| it.transactions).sum();
    let parties = all.filter(|it| it.transactions > 0).count();
    let mut lines = vec![line(
        job,
        "transactions",
        "transactions",
        transactions as f64,
        ("one of each party", parties as f64),
    )];
    for (party, cost) in &job.parties {
        let PartyCost {
            transactions,
            fees,
            rent_held,
            rent_lost,
        } = *cost;
        if transactions == 0 && rent_held == 0 {
            continue;
        }
        let one_each = (transactions * LAMPORTS_PER_SIGNATURE) as f64;
        let references = [
            (
                "fees",
                fees as f64,
                ("one signature per transaction", one_each),
            ),
            (
                "rent_held",
                rent_held as f64,
                ("a bare token account", TOKEN_ACCOUNT as f64),
            ),
            (
                "rent_lost",
                rent_lost as f64,
                ("what was held", rent_held as f64),
            ),
        ];
        lines.extend(references.map(|(what, value, reference)| {
            line(
                job,
                &format!("{what}.{party}"),
                "lamports",
                value,
                reference,
            )
        }));
    }
    lines
}

fn line(job: &JobCost, what: &str, unit: &str, value: f64, reference: (&str, f64)) -> Value {
    let (reference, reference_value) = reference;
    let ratio = if reference_value == 0.0 {
        0.0
    } else {
        value / reference_value
    };
    json!({
        "bench": format!("cost.{}.{what}", job.name),
        "value": value, "unit": unit,
        "reference": reference, "reference_value": reference_value, "ratio": ratio,
    })
}
