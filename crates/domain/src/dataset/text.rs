//! UTF-8 text as samples for a model of the next byte.

use std::io::Read;

use super::{
    room::Room,
    table::{DatasetError, Rules, Table},
};
use crate::spec::{DatasetSpec, Format};

/// Samples of `sample_len` bytes each, in order and without overlap, labelled with the byte after;
/// bytes that fill no sample are left out.
pub(super) fn read(
    reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
    room: Room<'_>,
) -> Result<Table, DatasetError> {
    let bytes = room.whole(reader)?;
    room.check_features(bytes.len() as u64)?;
    if let Err(error) = std::str::from_utf8(&bytes) {
        return Err(DatasetError::Format {
            format: Format::Text.name(),
            problem: format!("byte {} is not UTF-8", error.valid_up_to()),
        });
    }
    let length = usize::try_from(spec.sample_len())
        .unwrap_or(usize::MAX)
        .max(1);
    let mut features = Vec::with_capacity(bytes.len());
    let mut labels = Vec::with_capacity(bytes.len() / length);
    for (start, label) in bytes.iter().enumerate().skip(length).step_by(length) {
        features.extend(bytes[start - length..start].iter().map(|&b| f32::from(b)));
        labels.push(f32::from(*label));
    }
    Table::of_arrays(features, labels, spec, rules)
}
