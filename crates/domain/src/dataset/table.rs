//! Rows in memory, read from the bytes of a dataset file.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::{csv, idx, npy, room::Room, safetensors, text};
use crate::spec::{DatasetSpec, Format, JobSpec, Layer};

/// Features and labels, ready for training.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Row after row, each of `sample_len` numbers, already divided by the scale.
    pub features: Vec<f32>,
    /// One per row: a class number, or the value to predict.
    pub labels: Vec<f32>,
    /// Numbers in one row.
    pub sample_len: usize,
}

/// Why a dataset is refused.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The bytes could not be read or unpacked.
    #[error("cannot read the dataset: {0}")]
    Read(#[from] io::Error),
    /// One value is not what it should be.
    #[error("line {line}, column {column}{}: {problem}", name.as_ref().map(|n| format!(" ('{n}')")).unwrap_or_default())]
    Value {
        /// Line in the file, from 1.
        line: u64,
        /// Column in the line, from 1.
        column: usize,
        /// Name of the column, where the file has a header.
        name: Option<String>,
        /// Like "'abc' is not a number".
        problem: String,
    },
    /// A line has too few or too many columns, or is not CSV.
    #[error("line {line}: {problem}")]
    Line {
        /// Line in the file, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// A column of the spec that the file does not have.
    #[error("there is no column {wanted}; {available}")]
    NoColumn {
        /// As the spec has it.
        wanted: String,
        /// What there is.
        available: String,
    },
    /// Rows and model do not fit.
    #[error("each row has {actual} features, but `dataset.shape` {shape:?} holds {expected}")]
    SampleLength {
        /// Features of a row.
        actual: usize,
        /// Numbers of the shape.
        expected: usize,
        /// As the spec has it.
        shape: Vec<u32>,
    },
    /// Too few rows to train on.
    #[error("the dataset has {0} rows; at least 2 are needed")]
    TooFewRows(usize),
    /// More rows than the circuit of the job's proof has room for.
    #[error(
        "{rows} rows to train on, but the job's circuit has room for {most}, and no more were read; use fewer rows, or name a larger `verification.circuit`"
    )]
    TooManyRows {
        /// Rows to train on, the held-out ones not counted, as far as they were read.
        rows: u64,
        /// Room of the circuit.
        most: u64,
    },
    /// More than is read of a dataset that is trained on in integers.
    #[error(
        "more than {most} numbers, held-out rows and unused columns among them, which is all that is read to train in integers; use fewer rows, or hold fewer out with `dataset.split`"
    )]
    TooLarge {
        /// Numbers that are read.
        most: u64,
    },
    /// The file is not of the format, or holds what it may not.
    #[error("not a usable {format} file: {problem}")]
    Format {
        /// The format that the spec names.
        format: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// What a value must be to be accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// Labels are class numbers below this.
    pub classes: Option<u32>,
    /// Features are token numbers below this.
    pub vocab: Option<u32>,
    /// Features are divided by this.
    pub scale: f64,
    /// Features must then be -1 to 1: training in integers reads them in units of 1/128.
    pub unit: bool,
}

impl Rules {
    pub(super) fn feature(&self, value: f32) -> Result<f32, String> {
        if let Some(vocab) = self.vocab
            && !is_index(value, vocab)
        {
            return Err(format!("{value} is not a token number below {vocab}"));
        }
        let scaled = f64::from(value) / self.scale;
        if self.unit && scaled.abs() > 1.0 {
            return Err(format!(
                "{value} divided by `dataset.scale` is {scaled}, and int_sgd takes -1 to 1; choose a larger scale"
            ));
        }
        Ok(scaled as f32)
    }

    pub(super) fn label(&self, value: f32) -> Result<f32, String> {
        match self.classes {
            Some(classes) if !is_index(value, classes) => Err(format!(
                "{value} is not a class of the model, which has 0 to {}",
                classes - 1
            )),
            _ => Ok(value),
        }
    }
}

fn is_index(value: f32, below: u32) -> bool {
    value >= 0.0 && value.fract() == 0.0 && f64::from(value) < f64::from(below)
}

impl Table {
    /// Reads and checks a dataset as `spec` describes it: every value a finite
    /// number, every label one the model can predict, every row of the shape. Of one
    /// that is trained on in integers no more is read, and nothing unpacked, than a
    /// job can use.
    ///
    /// # Errors
    /// [`DatasetError`], for CSV with line and column.
    pub fn read(reader: impl Read, spec: &JobSpec) -> Result<Self, DatasetError> {
        let room = Room::of(spec);
        let rules = Rules {
            classes: spec.classes(),
            vocab: match spec.model.layers.first() {
                Some(&Layer::Embedding { vocab, .. }) => Some(vocab),
                _ => None,
            },
            scale: spec.dataset.scale,
            unit: spec.integer_training().is_some(),
        };
        let data = &spec.dataset;
        let table = match data.format {
            Format::Csv => csv::read(reader, data, rules, room)?,
            Format::CsvGz => csv::read(MultiGzDecoder::new(reader), data, rules, room)?,
            Format::Npy => npy::read(reader, data, rules, room)?,
            Format::Npz => npy::read_archive(reader, data, rules, room)?,
            Format::Idx => idx::read(reader, data, rules, room)?,
            Format::IdxGz => idx::read(MultiGzDecoder::new(reader), data, rules, room)?,
            Format::Safetensors => safetensors::read(reader, data, rules, room)?,
            Format::Text => text::read(reader, data, rules, room)?,
        };
        if table.rows() < 2 {
            return Err(DatasetError::TooFewRows(table.rows()));
        }
        Ok(table)
    }

    /// Checks arrays of a binary format: `features` `[rows, sample_len]` flat, `labels` `[rows]`.
    pub(super) fn of_arrays(
        features: Vec<f32>,
        labels: Vec<f32>,
        spec: &DatasetSpec,
        rules: Rules,
    ) -> Result<Self, DatasetError> {
        let expected = usize::try_from(spec.sample_len()).unwrap_or(usize::MAX);
        if Some(features.len()) != labels.len().checked_mul(expected) {
            return Err(DatasetError::SampleLength {
                actual: features.len() / labels.len().max(1),
                expected,
                shape: spec.shape.clone(),
            });
        }
        let format = spec.format.name();
        Ok(Self {
            features: checked(format, "features", features, |v| rules.feature(v))?,
            labels: checked(format, "labels", labels, |v| rules.label(v))?,
            sample_len: expected,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }
}

fn checked(
    format: &'static str,
    name: &str,
    values: Vec<f32>,
    check: impl Fn(f32) -> Result<f32, String>,
) -> Result<Vec<f32>, DatasetError> {
    let one = |(index, value): (usize, f32)| {
        let checked = match value.is_finite() {
            true => check(value),
            false => Err("it is not finite".to_owned()),
        };
        checked.map_err(|problem| DatasetError::Format {
            format,
            problem: format!("`{name}`, number {index}: {problem}"),
        })
    };
    values.into_iter().enumerate().map(one).collect()
}
