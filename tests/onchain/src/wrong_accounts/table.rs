//! The committed table of one instruction: what it says, and how it is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::outcome::{ACCEPTED, PANICS};

/// Stands in a table where somebody has yet to judge.
pub(super) const NO_REASON: &str = "NO REASON GIVEN";

/// Why something may be: (place, what was put there) -> reason.
pub(super) type Reasons = BTreeMap<(String, String), String>;

/// How what is tried relates to what belongs there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Another account of the same type.
    SameType,
    /// An account of another type.
    OtherType,
    /// The right account, changed, or none.
    Change,
}

/// What is tried in one place, by what becomes of it.
#[derive(Default)]
pub(super) struct Rows(BTreeMap<String, BTreeMap<Class, BTreeSet<String>>>);

impl Rows {
    pub(super) fn add(&mut self, outcome: String, class: Class, label: String) {
        let row = self.0.entry(outcome).or_default();
        row.entry(class).or_default().insert(label);
    }

    /// A line per outcome. Of other types, and of other accounts of the same type, those with the most
    /// common outcome stand as "every other …": what is not named in another line of the place.
    pub(super) fn print(mut self, slot: &str, reasons: &Reasons) -> String {
        for (class, summary) in [
            (Class::OtherType, "every other type"),
            (Class::SameType, "every other one of its type"),
        ] {
            let largest = self
                .0
                .values_mut()
                .filter_map(|row| row.get_mut(&class))
                .max_by_key(|labels| labels.len());
            if let Some(labels) = largest.filter(|labels| labels.len() > 2) {
                *labels = BTreeSet::from([summary.to_owned()]);
            }
        }
        let mut text = String::new();
        for outcome in [ACCEPTED, PANICS] {
            let row = self.0.remove(outcome).unwrap_or_default();
            for label in row.into_values().flatten() {
                let reason = reasons.get(&(slot.to_owned(), label.clone()));
                let reason = reason.map_or(NO_REASON, String::as_str);
                text += &format!("    {outcome}: {label}: {reason}\n");
            }
        }
        for (outcome, row) in self.0 {
            let labels: Vec<String> = row.into_values().flatten().collect();
            text += &format!("    {outcome}: {}\n", labels.join(", "));
        }
        text
    }
}

/// The reasons in a table.
pub(super) fn reasons(table: &str) -> Reasons {
    let mut reasons = BTreeMap::new();
    let mut slot = "";
    for line in table.lines() {
        let Some(rest) = line.strip_prefix("    ") else {
            slot = line;
            continue;
        };
        let mut parts = rest.splitn(3, ": ");
        if let (Some(ACCEPTED | PANICS), Some(label), Some(reason)) =
            (parts.next(), parts.next(), parts.next())
        {
            let place = (slot.to_owned(), label.to_owned());
            reasons.insert(place, reason.to_owned());
        }
    }
    reasons
}

/// The lines that only one of two tables has, each below its place.
pub(super) fn difference(old: &str, new: &str) -> Vec<String> {
    let lines = |table: &str| -> BTreeSet<(String, String)> {
        let mut slot = String::new();
        let mut lines = BTreeSet::new();
        for line in table.lines() {
            if line.starts_with("    ") {
                lines.insert((slot.clone(), line.trim().to_owned()));
            } else {
                slot = line.to_owned();
            }
        }
        lines
    };
    let (old, new) = (lines(old), lines(new));
    let gone = old
        .difference(&new)
        .map(|(slot, line)| format!("- {slot}: {line}"));
    let come = new
        .difference(&old)
        .map(|(slot, line)| format!("+ {slot}: {line}"));
    gone.chain(come).collect()
}
