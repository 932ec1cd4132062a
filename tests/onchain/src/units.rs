//! Compute units per instruction, and the committed file that keeps them from growing unseen.

use std::{collections::BTreeMap, path::PathBuf};

/// "program.instruction" -> the most units it took, what it calls included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Units(pub BTreeMap<String, u64>);

impl Units {
    /// Keeps the higher of the known and the new number.
    pub fn record(&mut self, name: &str, units: u64) {
        let known = self.0.entry(name.to_owned()).or_default();
        *known = units.max(*known);
    }

    /// Takes over another world's numbers.
    pub fn merge(&mut self, other: &Self) {
        for (name, units) in &other.0 {
            self.record(name, *units);
        }
    }

    /// Reads the numbers of our programs, called directly or by each other, out of a transaction's
    /// logs.
    pub fn record_logs(&mut self, logs: &[String]) {
        let mut calls: Vec<Option<&str>> = Vec::new();
        for line in logs {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["Program", _, "invoke", _] => calls.push(None),
                ["Program", "log:", "Instruction:", name] => {
                    if let Some(call) = calls.last_mut() {
                        *call = Some(name);
                    }
                }
                [
                    "Program",
                    id,
                    "consumed",
                    units,
                    "of",
                    _,
                    "compute",
                    "units",
                ] => {
                    let call = calls.last().copied().flatten();
                    if let (Some(program), Some(name)) = (program_name(id), call) {
                        let units = units.parse().expect("the runtime prints a number");
                        self.record(&format!("{program}.{}", snake_case(name)), units);
                    }
                }
                ["Program", _, "success"] => drop(calls.pop()),
                _ => {}
            }
        }
    }
}

fn program_name(id: &str) -> Option<&'static str> {
    [
        (job_escrow::ID, "job_escrow"),
        (node_registry::ID, "node_registry"),
        (reputation::ID, "reputation"),
        (training_proof::ID, "training_proof"),
        (vesting::ID, "vesting"),
    ]
    .into_iter()
    .find_map(|(known, name)| (known.to_string() == id).then_some(name))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../programs/cu.json")
}

/// What `programs/cu.json` says; empty where it is missing.
pub fn committed_units() -> Units {
    let text = std::fs::read_to_string(file()).unwrap_or_else(|_| "{}".to_owned());
    Units(serde_json::from_str(&text).expect("programs/cu.json maps names to units"))
}

/// Rewrites `programs/cu.json`.
pub fn write_units(units: &Units) {
    let mut text = serde_json::to_string_pretty(&units.0).expect("a map of numbers is JSON");
    text.push('\n');
    std::fs::write(file(), text).expect("programs/ is writable");
}
