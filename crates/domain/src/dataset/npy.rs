//! NumPy's array file, and its archive of several.

use std::io::{Cursor, Read};

use npyz::{DType, NpyFile, Order, TypeChar};
use zip::{ZipArchive, result::ZipError};

use super::{
    csv::Columns,
    table::{DatasetError, Rules, Table},
};
use crate::spec::{DatasetSpec, Format};

/// One array `[rows, columns]`, of which `spec` names the label's and the features' columns.
pub(super) fn read(
    reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
) -> Result<Table, DatasetError> {
    let (values, shape) = array(reader).map_err(|problem| invalid(Format::Npy, problem))?;
    let [rows, count] = shape[..] else {
        let problem = format!("it has the shape {shape:?} instead of [rows, columns]");
        return Err(invalid(Format::Npy, problem));
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let columns = Columns::find(spec, None, count)?;
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let mut features = Vec::with_capacity(values.len());
    let mut labels = Vec::with_capacity(rows);
    for row in values.chunks_exact(count.max(1)) {
        features.extend(columns.features.iter().map(|&column| row[column]));
        labels.push(row[columns.label]);
    }
    Table::of_arrays(features, labels, spec, rules)
}

/// The arrays `features` and `labels` of an archive.
pub(super) fn read_archive(
    mut reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
) -> Result<Table, DatasetError> {
    // A zip's table of contents is its end.
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| invalid(Format::Npz, error.to_string()))?;
    let mut member = |name: &str| {
        let file = archive
            .by_name(&format!("{name}.npy"))
            .map_err(|error| match error {
                ZipError::FileNotFound => format!("it has no array `{name}`"),
                other => other.to_string(),
            })?;
        let (values, _) = array(file).map_err(|problem| format!("array `{name}`: {problem}"))?;
        Ok(values)
    };
    let named = |problem| invalid(Format::Npz, problem);
    let features = member("features").map_err(named)?;
    let labels = member("labels").map_err(named)?;
    Table::of_arrays(features, labels, spec, rules)
}

/// An array's numbers, last dimension fastest, and its shape.
fn array(reader: impl Read) -> Result<(Vec<f32>, Vec<u64>), String> {
    let file = NpyFile::new(reader).map_err(|error| error.to_string())?;
    let shape = file.shape().to_vec();
    if file.order() == Order::Fortran && shape.len() > 1 {
        return Err("its numbers are in Fortran order: save np.ascontiguousarray(...)".to_owned());
    }
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
    let count = shape.iter().fold(1u64, |a, &b| a.saturating_mul(b));
    if values.len() as u64 != count {
        return Err(format!(
            "{} numbers do not fill its shape {shape:?}",
            values.len()
        ));
    }
    Ok((values, shape))
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
