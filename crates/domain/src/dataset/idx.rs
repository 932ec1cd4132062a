//! The IDX container of the MNIST family: two zero bytes, a type, the number of dimensions, each
//! dimension as big-endian u32, then the numbers, big-endian, last dimension fastest.

use std::io::Read;

use super::{
    room::Room,
    table::{DatasetError, Rules, Table},
};
use crate::spec::DatasetSpec;

/// Most dimensions accepted.
const MAX_DIMENSIONS: u8 = 8;

/// An array of features and, right after it, one of labels.
pub(super) fn read(
    mut reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
    room: Room<'_>,
) -> Result<Table, DatasetError> {
    let named = |name| {
        move |problem| DatasetError::Format {
            format: spec.format.name(),
            problem: format!("array of {name}: {problem}"),
        }
    };
    let (kind, count) = header(&mut reader).map_err(named("features"))?;
    room.check_features(count)?;
    let features = array(&mut reader, kind, count).map_err(named("features"))?;
    let (kind, count) = header(&mut reader).map_err(named("labels"))?;
    room.check(count, count)?;
    let labels = array(&mut reader, kind, count).map_err(named("labels"))?;
    Table::of_arrays(features, labels, spec, rules)
}

/// Type and number of an array's numbers.
fn header(reader: &mut impl Read) -> Result<(u8, u64), String> {
    let [zero, zero2, kind, dimensions] = word(reader, "the header")?;
    if [zero, zero2] != [0, 0] || !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Err("it does not begin with an IDX header".to_owned());
    }
    let mut count = 1u64;
    for _ in 0..dimensions {
        let dimension = u32::from_be_bytes(word(reader, "the dimensions")?);
        count = count.saturating_mul(dimension.into());
    }
    Ok((kind, count))
}

fn array(reader: &mut impl Read, kind: u8, count: u64) -> Result<Vec<f32>, String> {
    match kind {
        0x08 => numbers(reader, count, |[v]: [u8; 1]| f32::from(v)),
        0x09 => numbers(reader, count, |v: [u8; 1]| f32::from(i8::from_be_bytes(v))),
        0x0B => numbers(reader, count, |v| f32::from(i16::from_be_bytes(v))),
        0x0C => numbers(reader, count, |v| i32::from_be_bytes(v) as f32),
        0x0D => numbers(reader, count, f32::from_be_bytes),
        0x0E => numbers(reader, count, |v| f64::from_be_bytes(v) as f32),
        other => Err(format!("{other:#04x} is no type of IDX numbers")),
    }
}

fn numbers<const N: usize>(
    reader: &mut impl Read,
    count: u64,
    convert: impl Fn([u8; N]) -> f32,
) -> Result<Vec<f32>, String> {
    // `take`, not a buffer of the claimed size: a header may claim anything.
    let length = count.saturating_mul(N as u64);
    let mut bytes = Vec::new();
    let read = reader.take(length).read_to_end(&mut bytes);
    let read = read.map_err(|error| error.to_string())?;
    if read as u64 != length {
        return Err(format!("it ends after {read} of {length} bytes"));
    }
    let words = bytes.chunks_exact(N);
    Ok(words
        .map(|word| convert(word.try_into().expect("exact chunks")))
        .collect())
}

fn word(reader: &mut impl Read, what: &str) -> Result<[u8; 4], String> {
    let mut word = [0; 4];
    reader
        .read_exact(&mut word)
        .map_err(|error| format!("cannot read {what}: {error}"))?;
    Ok(word)
}
