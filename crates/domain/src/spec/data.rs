//! The dataset section: how the bytes become rows.

use serde::{Deserialize, Serialize};

/// How a dataset file becomes features, labels and a held-out part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatasetSpec {
    /// Where the file lies on the user's machine, relative to the spec. Not part
    /// of the hash and absent in what is sent.
    #[serde(default)]
    pub path: String,
    /// File format.
    pub format: Format,
    /// CSV: whether the first line names the columns.
    #[serde(default)]
    pub header: bool,
    /// CSV and NPY: the label's column; absent for the last one.
    #[serde(default)]
    pub label: Option<ColumnRef>,
    /// CSV and NPY: the feature columns in order; absent for all but the label.
    #[serde(default)]
    pub features: Option<Vec<ColumnRef>>,
    /// Shape of one sample, like `[1, 8, 8]` (channels, height, width).
    pub shape: Vec<u32>,
    /// Features are divided by this.
    #[serde(default = "unit")]
    pub scale: f64,
    /// The held-out part.
    #[serde(default)]
    pub split: SplitSpec,
}

/// File formats that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Comma-separated numbers, one row a line.
    #[serde(rename = "csv")]
    Csv,
    /// The same, compressed with gzip.
    #[serde(rename = "csv.gz")]
    CsvGz,
    /// One NumPy array `[rows, columns]`; label and features are columns, as in CSV.
    #[serde(rename = "npy")]
    Npy,
    /// A NumPy archive with the arrays `features` `[rows, ...]` and `labels` `[rows]`, as `np.savez`
    /// and `np.savez_compressed` write it.
    #[serde(rename = "npz")]
    Npz,
    /// Two IDX arrays one after the other, `features` `[rows, ...]` and `labels` `[rows]`: what
    /// `cat images-idx3-ubyte labels-idx1-ubyte` makes.
    #[serde(rename = "idx")]
    Idx,
    /// The same of two files compressed with gzip.
    #[serde(rename = "idx.gz")]
    IdxGz,
    /// A safetensors file with the tensors `features` `[rows, ...]` and
    /// `labels` `[rows]`, each F32, U8, I32 or I64.
    #[serde(rename = "safetensors")]
    Safetensors,
    /// UTF-8 text for a model of the next byte: a sample is as many bytes as the shape holds, its label
    /// the byte after; samples do not overlap.
    #[serde(rename = "text")]
    Text,
}

impl Format {
    /// As specs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::CsvGz => "csv.gz",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Idx => "idx",
            Self::IdxGz => "idx.gz",
            Self::Safetensors => "safetensors",
            Self::Text => "text",
        }
    }
}

/// A column, by its place (from 0) or by its name in the header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a column's number (from 0) or name")]
pub enum ColumnRef {
    /// Place, from 0.
    Index(u32),
    /// Name in the header.
    Name(String),
}

/// The held-out part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitSpec {
    /// Fraction of the rows kept from training, 0 to 0.9.
    pub test: f64,
    /// Seed of the shuffle that chooses them.
    pub seed: u32,
}

impl Default for SplitSpec {
    fn default() -> Self {
        Self { test: 0.2, seed: 0 }
    }
}

fn unit() -> f64 {
    1.0
}

impl DatasetSpec {
    /// Numbers in one sample.
    pub fn sample_len(&self) -> u64 {
        let dims = self.shape.iter().map(|&d| u64::from(d));
        dims.fold(1, u64::saturating_mul)
    }
}
