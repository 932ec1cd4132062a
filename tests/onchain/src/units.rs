//! Compute units per instruction, and the committed file that keeps them from growing unseen.

use std::{collections::BTreeMap, path::PathBuf};

/// "program.instruction" -> the most units it took.
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
