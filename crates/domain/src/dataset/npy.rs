//! NumPy's array file, and its archive of several.

use std::io::{Cursor, Read};

use npyz::{DType, NpyFile, Order, TypeChar};
use zip::{ZipArchive, result::ZipError};

use super::{
    csv::Columns,
    room::Room,
    table::{DatasetError, Rules, Table},
};
use crate::spec::{DatasetSpec, Format};

/// Largest header of an array, as in NumPy.
const MAX_HEADER: usize = 10_000;
/// Most brackets in it: an array of numbers has two pairs, and its reader follows each into the next.
const MAX_BRACKETS: usize = 16;
/// First bytes of an array.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Bytes of an archive's end without its comment, and of what precedes the end of a large one.
const END: usize = 22;
const LARGE_END: usize = 20;

/// One array `[rows, columns]`, of which `spec` names the label's and the features' columns.
pub(super) fn read(
    reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
    room: Room<'_>,
) -> Result<Table, DatasetError> {
    let refuse = |problem| invalid(Format::Npy, problem);
    let array = open(reader).map_err(refuse)?;
    let shape = array.shape().to_vec();
    let [rows, count] = shape[..] else {
        let problem = format!("it has the shape {shape:?} instead of [rows, columns]");
        return Err(refuse(problem));
    };
    room.check(rows, size(&array))?;
    let values = values(array).map_err(refuse)?;
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let columns = Columns::find(spec, None, count)?;
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let mut features = Vec::with_capacity(values.len());
    let mut labels = Vec::with_capacity(rows.min(values.len()));
    for row in values.chunks_exact(count.max(1)) {
        features.extend(columns.features.iter().map(|&column| row[column]));
        labels.push(row[columns.label]);
    }
    Table::of_arrays(features, labels, spec, rules)
}

/// The arrays `features` and `labels` of an archive.
pub(super) fn read_archive(
    reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
    room: Room<'_>,
) -> Result<Table, DatasetError> {
    let refuse = |problem| invalid(Format::Npz, problem);
    // A zip's table of contents is its end.
    let bytes = room.whole(reader)?;
    if room.is_bounded() && is_large(&bytes) {
        let problem = "its table of contents is that of an archive beyond 4 GiB".to_owned();
        return Err(refuse(problem));
    }
    let archive = ZipArchive::new(Cursor::new(bytes));
    let mut archive = archive.map_err(|error| refuse(error.to_string()))?;
    let mut member = |name: &str, check: &dyn Fn(u64) -> Result<(), DatasetError>| {
        let refuse = |problem| refuse(format!("array `{name}`: {problem}"));
        let file = archive.by_name(&format!("{name}.npy"));
        let file = file.map_err(|error| match error {
            ZipError::FileNotFound => invalid(Format::Npz, format!("it has no array `{name}`")),
            other => refuse(other.to_string()),
        })?;
        let array = open(file).map_err(refuse)?;
        check(size(&array))?;
        values(array).map_err(refuse)
    };
    let features = member("features", &|count| room.check_features(count))?;
    let labels = member("labels", &|count| room.check(count, count))?;
    Table::of_arrays(features, labels, spec, rules)
}

/// Whether an archive's table of contents has a number of members that takes more than 16 bits: room for
/// all of them is made before the first is found.
fn is_large(archive: &[u8]) -> bool {
    let ends = archive.len().checked_sub(END);
    let from = ends.map_or(0, |last| last.saturating_sub(usize::from(u16::MAX)));
    let mut places = (from..=ends.unwrap_or(0)).rev();
    let end = places.find_map(|at| archive.get(at..)?.strip_prefix(b"PK\x05\x06"));
    let Some(&[low, high]) = end.and_then(|end| end.get(END - 6..END - 4)) else {
        return false;
    };
    let comment = usize::from(u16::from_le_bytes([low, high]));
    let locator = archive.len().checked_sub(comment + END + LARGE_END);
    locator.is_some_and(|at| archive[at..].starts_with(b"PK\x06\x07"))
}

/// An array with its header read.
fn open(mut reader: impl Read) -> Result<NpyFile<impl Read>, String> {
    let mut take = |header: &mut Vec<u8>, count: usize| {
        let start = header.len();
        header.resize(start + count, 0);
        let read = reader.read_exact(&mut header[start..]);
        read.map_err(|error| format!("cannot read its header: {error}"))
    };
    let mut header = Vec::new();
    take(&mut header, MAGIC.len() + 2)?;
    if !header.starts_with(MAGIC) {
        return Err("it does not begin with a NumPy header".to_owned());
    }
    // Of 16 bits in the first version, of 32 in the later ones.
    let mut length = [0; 4];
    let width = if header[MAGIC.len()] == 1 { 2 } else { 4 };
    take(&mut header, width)?;
    length[..width].copy_from_slice(&header[MAGIC.len() + 2..]);
    let length = u32::from_le_bytes(length) as usize;
    if length > MAX_HEADER {
        return Err(format!("its header claims {length} bytes"));
    }
    take(&mut header, length)?;
    let brackets = header.iter().filter(|byte| b"([{".contains(byte));
    if brackets.count() > MAX_BRACKETS {
        return Err("its header is not that of an array of numbers".to_owned());
    }
    let array = NpyFile::new(Cursor::new(header).chain(reader));
    let array = array.map_err(|error| error.to_string())?;
    if array.order() == Order::Fortran && array.shape().len() > 1 {
        return Err("its numbers are in Fortran order: save np.ascontiguousarray(...)".to_owned());
    }
    Ok(array)
}

/// How many numbers an array claims to have.
fn size(array: &NpyFile<impl Read>) -> u64 {
    let dimensions = array.shape().iter();
    dimensions.fold(1, |size, &dimension| size.saturating_mul(dimension))
}

/// An array's numbers, last dimension fastest.
fn values(file: NpyFile<impl Read>) -> Result<Vec<f32>, String> {
    let (count, shape) = (size(&file), file.shape().to_vec());
    let dtype = file.dtype();
    let DType::Plain(kind) = &dtype else {
        return Err(unreadable(&dtype));
    };
    let values = match (kind.type_char(), kind.size_field()) {
        (TypeChar::Float, 4) => numbers(file, |v: f32| v),
        (TypeChar::Float, 8) => numbers(file, |v: f64| v as f32),
        (TypeChar::Bool, 1) => numbers(file, |v: bool| f32::from(u8::from(v))),
        (TypeChar::Uint, 1) => numbers(file, |v: u8| f32::from(v)),
        (TypeChar::Uint, 2) => numbers(file, |v: u16| f32::from(v)),
        (TypeChar::Uint, 4) => numbers(file, |v: u32| v as f32),
        (TypeChar::Int, 1) => numbers(file, |v: i8| f32::from(v)),
        (TypeChar::Int, 2) => numbers(file, |v: i16| f32::from(v)),
        (TypeChar::Int, 4) => numbers(file, |v: i32| v as f32),
        (TypeChar::Int, 8) => numbers(file, |v: i64| v as f32),
        _ => return Err(unreadable(&dtype)),
    }?;
    match values.len() as u64 == count {
        true => Ok(values),
        false => Err(format!(
            "{} numbers do not fill its shape {shape:?}",
            values.len()
        )),
    }
}

fn numbers<T: npyz::Deserialize>(
    file: NpyFile<impl Read>,
    convert: impl Fn(T) -> f32,
) -> Result<Vec<f32>, String> {
    let values = file.data::<T>().map_err(|error| error.to_string())?;
    values
        .map(|value| value.map(&convert).map_err(|error| error.to_string()))
        .collect()
}

fn unreadable(dtype: &DType) -> String {
    format!(
        "its type is {}; floats of 4 and 8 bytes, integers and booleans can be read",
        dtype.descr()
    )
}

fn invalid(format: Format, problem: String) -> DatasetError {
    DatasetError::Format {
        format: format.name(),
        problem,
    }
}
