//! The safetensors container: eight bytes of header length, a JSON header, data.

use std::{collections::BTreeMap, io::Read};

use serde::Deserialize;

use super::{
    room::Room,
    table::{DatasetError, Rules, Table},
};
use crate::spec::{DatasetSpec, Format};

/// Largest header accepted.
const MAX_HEADER: u64 = 1 << 20;

#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

pub(super) fn read(
    mut reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
    room: Room<'_>,
) -> Result<Table, DatasetError> {
    let mut length = [0; 8];
    reader.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER {
        return Err(invalid(format!("its header claims {length} bytes")));
    }
    let mut header = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut header)?;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|e| invalid(format!("bad header: {e}")))?;
    let data = room.whole(reader)?;

    let features = numbers(&header, &data, "features", |count| {
        room.check_features(count)
    })?;
    let labels = numbers(&header, &data, "labels", |count| room.check(count, count))?;
    Table::of_arrays(features, labels, spec, rules)
}

fn numbers(
    header: &BTreeMap<String, serde_json::Value>,
    data: &[u8],
    name: &str,
    check: impl Fn(u64) -> Result<(), DatasetError>,
) -> Result<Vec<f32>, DatasetError> {
    let entry = header
        .get(name)
        .ok_or_else(|| invalid(format!("it has no tensor `{name}`")))?;
    let entry: Entry = serde_json::from_value(entry.clone())
        .map_err(|e| invalid(format!("tensor `{name}`: {e}")))?;
    let count = entry.shape.iter().fold(1u64, |a, &b| a.saturating_mul(b));
    check(count)?;
    let [start, end] = entry
        .data_offsets
        .map(|o| usize::try_from(o).unwrap_or(usize::MAX));
    let bytes = data
        .get(start..end)
        .ok_or_else(|| invalid(format!("tensor `{name}` ends beyond the file")))?;
    let values: Vec<f32> = match entry.dtype.as_str() {
        "F32" => words(bytes).map(f32::from_le_bytes).collect(),
        "U8" => bytes.iter().map(|&b| f32::from(b)).collect(),
        "I32" => words(bytes).map(|w| i32::from_le_bytes(w) as f32).collect(),
        "I64" => words(bytes).map(|w| i64::from_le_bytes(w) as f32).collect(),
        other => {
            return Err(invalid(format!(
                "tensor `{name}` is {other}; F32, U8, I32 and I64 can be read"
            )));
        }
    };
    if values.len() as u64 != count {
        return Err(invalid(format!(
            "tensor `{name}` has other bytes than its shape {:?}",
            entry.shape
        )));
    }
    Ok(values)
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes
        .chunks_exact(N)
        .map(|word| word.try_into().expect("exact chunks"))
}

fn invalid(problem: String) -> DatasetError {
    DatasetError::Format {
        format: Format::Safetensors.name(),
        problem,
    }
}
