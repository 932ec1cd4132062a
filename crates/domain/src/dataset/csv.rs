//! CSV to rows. Streams, so that a compressed file is never whole in memory.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

use csv::{ByteRecord, ReaderBuilder};

use super::{
    room::Room,
    table::{DatasetError, Rules, Table},
};
use crate::spec::{ColumnRef, DatasetSpec};

/// Where label and features stand in a line.
pub(super) struct Columns {
    pub(super) count: usize,
    pub(super) label: usize,
    pub(super) features: Vec<usize>,
    names: Option<Vec<String>>,
}

pub(super) fn read(
    reader: impl Read,
    spec: &DatasetSpec,
    rules: Rules,
    room: Room<'_>,
) -> Result<Table, DatasetError> {
    let most = room.line_bytes().unwrap_or(u64::MAX);
    let left = Rc::new(Cell::new(most));
    let metered = Metered {
        inner: reader,
        left: Rc::clone(&left),
    };
    let mut csv = ReaderBuilder::new()
        .has_headers(spec.header)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(metered);
    let names = match spec.header {
        true => Some(
            csv.headers()
                .map_err(|error| convert(error, 1))?
                .iter()
                .map(str::to_owned)
                .collect(),
        ),
        false => None,
    };
    let mut columns: Option<Columns> = None;
    let mut table = Table {
        features: Vec::new(),
        labels: Vec::new(),
        sample_len: 0,
    };
    let mut record = ByteRecord::new();
    while csv
        .read_byte_record(&mut record)
        .map_err(|error| convert(error, csv.position().line()))?
    {
        left.set(most);
        let line = record.position().map_or(0, csv::Position::line);
        let columns = match &mut columns {
            Some(columns) => columns,
            none => none.insert(Columns::find(spec, names.clone(), record.len())?),
        };
        if record.len() != columns.count {
            let (actual, expected) = (record.len(), columns.count);
            let problem = format!("{actual} columns, expected {expected} as in the lines before");
            return Err(DatasetError::Line { line, problem });
        }
        let rows = table.labels.len() as u64 + 1;
        room.check(rows, rows * record.len() as u64)?;
        for &column in &columns.features {
            let value = columns.number(&record, line, column, |v| rules.feature(v))?;
            table.features.push(value);
        }
        let label = columns.number(&record, line, columns.label, |v| rules.label(v))?;
        table.labels.push(label);
        table.sample_len = columns.features.len();
    }
    Ok(table)
}

/// Ends the reading of a line that does not end itself: it is held in memory as a whole.
struct Metered<R> {
    inner: R,
    /// Bytes that may be read before the next line is whole.
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        let left = left.ok_or(io::ErrorKind::FileTooLarge)?;
        self.left.set(left);
        Ok(read)
    }
}

impl Columns {
    pub(super) fn find(
        spec: &DatasetSpec,
        names: Option<Vec<String>>,
        count: usize,
    ) -> Result<Self, DatasetError> {
        // With a header the header decides, so that a long first line is named as such.
        let count = names.as_ref().map_or(count, Vec::len);
        let place = |column: &ColumnRef| {
            let found = match column {
                ColumnRef::Index(index) => Some(*index as usize).filter(|&i| i < count),
                ColumnRef::Name(name) => names.iter().flatten().position(|n| n == name),
            };
            found.ok_or_else(|| DatasetError::NoColumn {
                wanted: match column {
                    ColumnRef::Index(index) => index.to_string(),
                    ColumnRef::Name(name) => format!("'{name}'"),
                },
                available: match (&names, column) {
                    (Some(names), ColumnRef::Name(_)) => {
                        format!("the header names {}", names.join(", "))
                    }
                    (None, ColumnRef::Name(_)) => {
                        "the file has no header (`dataset.header`)".to_owned()
                    }
                    (_, ColumnRef::Index(_)) => format!("the file has {count}, numbered from 0"),
                },
            })
        };
        let label = match &spec.label {
            Some(column) => place(column)?,
            None => count.saturating_sub(1),
        };
        let features = match &spec.features {
            Some(columns) => columns.iter().map(place).collect::<Result<Vec<_>, _>>()?,
            None => (0..count).filter(|&column| column != label).collect(),
        };
        let expected = usize::try_from(spec.sample_len()).unwrap_or(usize::MAX);
        if features.len() != expected {
            return Err(DatasetError::SampleLength {
                actual: features.len(),
                expected,
                shape: spec.shape.clone(),
            });
        }
        Ok(Self {
            count,
            label,
            features,
            names,
        })
    }

    fn number(
        &self,
        record: &ByteRecord,
        line: u64,
        column: usize,
        check: impl Fn(f32) -> Result<f32, String>,
    ) -> Result<f32, DatasetError> {
        let text = String::from_utf8_lossy(&record[column]);
        let parsed = match text.parse::<f32>() {
            Ok(value) if value.is_finite() => check(value),
            Ok(_) => Err(format!("'{text}' is not a finite number")),
            Err(_) => Err(format!("'{text}' is not a number")),
        };
        parsed.map_err(|problem| DatasetError::Value {
            line,
            column: column + 1,
            name: self.names.as_ref().map(|names| names[column].clone()),
            problem,
        })
    }
}

/// `at` is the line that was being read.
fn convert(error: csv::Error, at: u64) -> DatasetError {
    let line = error.position().map_or(at, csv::Position::line);
    let problem = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let problem = "it is too long to be a row of the dataset".to_owned();
            DatasetError::Line { line, problem }
        }
        csv::ErrorKind::Io(error) => DatasetError::Read(error),
        _ => DatasetError::Line { line, problem },
    }
}
