//! A dataset small enough for the smallest circuit: four clouds in sixteen dimensions.

use std::path::{Path, PathBuf};

/// Rows of the dataset: with a fifth held out, twelve batches of eight.
pub(crate) const ROWS: usize = 120;
const INPUTS: usize = 16;
const CLASSES: usize = 4;

/// Writes the dataset to `dir`: grey levels of 0 to 16, then the class. Each class is bright in its own quarter.
pub(crate) fn write(dir: &Path) -> PathBuf {
    let path = dir.join("blobs.csv");
    std::fs::write(&path, csv()).expect("the test's directory is writable");
    path
}

/// Its bytes.
pub(crate) fn csv() -> String {
    (0..ROWS).map(row).collect()
}

fn row(number: usize) -> String {
    let class = number % CLASSES;
    let level = |input: usize| {
        let quarter = input / (INPUTS / CLASSES);
        let base = if quarter == class { 10 } else { 1 };
        // No two rows alike, and the same at every run.
        base + (number * 7 + input * 13 + number * input) % 6
    };
    let levels: Vec<String> = (0..INPUTS).map(|input| level(input).to_string()).collect();
    format!("{},{class}\n", levels.join(","))
}
