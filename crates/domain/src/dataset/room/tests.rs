//! Small files that unpack to more than any machine holds, and headers that claim to.

use std::io::{self, Cursor, Read, Write};

use super::{super::Table, MAX_NUMBERS};
use crate::{dataset::DatasetError, spec::JobSpec};

/// Bytes that a reader may give away before reading has to have ended: packed, a thousandth of what they
/// unpack to.
const PATIENCE: usize = 256 * 1024;

/// Some bytes, and then others without end.
struct Endless {
    start: Vec<u8>,
    again: Vec<u8>,
    read: usize,
}

impl Endless {
    fn new(start: Vec<u8>, again: Vec<u8>) -> Self {
        Self {
            start,
            again,
            read: 0,
        }
    }

    /// The same, packed.
    fn packed(start: Vec<u8>, again: &[u8]) -> Self {
        Self::new(gzip(&start), gzip(again))
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = match self.start.get(self.read..) {
            Some(rest) if !rest.is_empty() => rest,
            _ => &self.again[(self.read - self.start.len()) % self.again.len()..],
        };
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        assert!(self.read < PATIENCE, "still reading");
        Ok(count)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gz.write_all(bytes).expect("write");
    gz.finish().expect("gzip")
}

/// The smallest circuit: 16 batches of 8 rows, 16 numbers in each row.
fn spec(format: &str) -> JobSpec {
    with_split(format, 0.0)
}

fn with_split(format: &str, test: f64) -> JobSpec {
    let document = serde_json::json!({
        "job": { "name": "t", "epochs": 8 },
        "dataset": { "format": format, "shape": [16], "split": { "test": test } },
        "model": { "layers": [{ "type": "linear", "out": 4, "bias": false }] },
        "training": { "loss": "hard_sigmoid", "batch": 8 },
        "optimizer": { "type": "int_sgd", "rate": 6 },
        "verification": { "tier": "zk-exact", "circuit": "z16x4-ci" },
    });
    JobSpec::from_json(document.to_string().as_bytes()).expect("spec")
}

fn refused(reader: impl Read, format: &str) -> DatasetError {
    Table::read(reader, &spec(format)).expect_err("must be refused")
}

fn too_many_rows(error: &DatasetError) -> bool {
    matches!(error, DatasetError::TooManyRows { most: 128, .. })
}

/// An IDX header of bytes.
fn idx(shape: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0x08, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|d| d.to_be_bytes()));
    bytes
}

/// A NumPy header of bytes.
fn npy(shape: &str) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}\n");
    let length = (header.len() as u16).to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes()].concat()
}

fn npz(features: &[u8], labels: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("features.npy", features), ("labels.npy", labels)] {
        let options = zip::write::FileOptions::default();
        zip.start_file(name, options).expect("a member");
        zip.write_all(bytes).expect("bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

#[test]
fn rows_without_end_are_read_until_there_are_too_many() {
    let rows = format!("{}3\n", "0,".repeat(16)).repeat(30_000);
    let error = refused(Endless::packed(Vec::new(), rows.as_bytes()), "csv.gz");
    assert!(too_many_rows(&error), "{error}");
    assert!(error.to_string().starts_with("129 rows"), "{error}");
    let error = refused(Endless::new(Vec::new(), rows.into_bytes()), "csv");
    assert!(too_many_rows(&error), "{error}");
}

/// Nor is a line, a quoted one or an empty one, nor one of too many columns.
#[test]
fn a_line_without_end_is_not_read_to_it() {
    let megabyte = |text: &str| text.repeat((1 << 20) / text.len()).into_bytes();
    for (start, again) in [("", "0"), ("\"", "0\n"), ("", "\n"), ("", "0,")] {
        let bomb = Endless::packed(start.as_bytes().to_vec(), &megabyte(again));
        let error = refused(bomb, "csv.gz");
        assert!(
            error.to_string().contains("is too long to be a row"),
            "{again}: {error}"
        );
    }
}

#[test]
fn arrays_are_refused_by_what_their_headers_claim() {
    let zeros = vec![0; 1 << 20];
    for shape in [&[u32::MAX, 16][..], &[u32::MAX; 8], &[129, 16]] {
        let bomb = Endless::packed(idx(shape), &zeros);
        let error = refused(bomb, "idx.gz");
        assert!(too_many_rows(&error), "{shape:?}: {error}");
    }
    // Labels alone are too many.
    let bomb = Endless::packed([idx(&[1, 16]), vec![0; 16], idx(&[129])].concat(), &zeros);
    let error = refused(bomb, "idx.gz");
    assert!(too_many_rows(&error), "{error}");

    for shape in ["(129, 17)", "(4294967295, 0)"] {
        let error = refused(Endless::new(npy(shape), zeros.clone()), "npy");
        assert!(too_many_rows(&error), "{shape}: {error}");
    }
    let wide = Endless::new(npy("(128, 65537)"), zeros);
    let error = refused(wide, "npy");
    assert!(
        matches!(error, DatasetError::TooLarge { most: MAX_NUMBERS }),
        "{error}"
    );

    let header = r#"{"features":{"dtype":"U8","shape":[129,16],"data_offsets":[0,0]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    let error = refused(&[&length, header.as_bytes()].concat()[..], "safetensors");
    assert!(too_many_rows(&error), "{error}");
}

#[test]
fn an_archive_is_unpacked_no_further_than_its_arrays_are_long() {
    let bomb = vec![0; 1 << 24];
    let labels = [npy("(2,)"), vec![0; 2]].concat();
    let whole = npz(&[npy("(1048576, 16)"), bomb.clone()].concat(), &labels);
    assert!(whole.len() < PATIENCE, "{} bytes", whole.len());
    let error = refused(&whole[..], "npz");
    assert!(too_many_rows(&error), "{error}");
    // What follows an array is not looked at.
    let padded = npz(&[npy("(2, 16)"), bomb.clone()].concat(), &labels);
    assert_eq!(
        Table::read(&padded[..], &spec("npz")).expect("rows").rows(),
        2
    );

    // A header of gigabytes, and one that is all brackets.
    let claims = [&b"\x93NUMPY\x02\x00\xff\xff\xff\xff"[..], &bomb].concat();
    let error = refused(&npz(&claims, &labels)[..], "npz");
    assert!(error.to_string().contains("4294967295 bytes"), "{error}");
    let nested = npy(&"(".repeat(9_000));
    let error = refused(&npz(&nested, &labels)[..], "npz");
    assert!(error.to_string().contains("array of numbers"), "{error}");
}

/// Room for so many would be made before the first of them is looked for.
#[test]
fn an_archive_that_claims_more_members_than_it_could_hold_is_refused() {
    let word = |n: u64| n.to_le_bytes();
    let mut archive = vec![0; 1 << 16];
    let directory = archive.len() as u64;
    archive.extend(b"PK\x06\x06");
    archive.extend(word(44));
    archive.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for field in [1 << 16, 1 << 16, 0, 0] {
        archive.extend(word(field));
    }
    archive.extend(b"PK\x06\x07");
    archive.extend([0; 4]);
    archive.extend(word(directory));
    archive.extend([1, 0, 0, 0]);
    archive.extend(b"PK\x05\x06");
    archive.extend([0xff; 16]);
    for comment in [&b""[..], b"none"] {
        let length = (comment.len() as u16).to_le_bytes();
        let archive = [&archive[..], &length, comment].concat();
        let error = refused(&archive[..], "npz");
        assert!(error.to_string().contains("beyond 4 GiB"), "{error}");
    }
}

#[test]
fn a_file_that_has_to_be_whole_is_not_read_beyond_the_room() {
    for format in ["npz", "text"] {
        let zeros = io::repeat(b'0');
        let error = refused(zeros, format);
        assert!(matches!(error, DatasetError::TooLarge { .. }), "{error}");
    }
}

/// What is held out has no room without end either.
#[test]
fn rows_held_out_count_as_well() {
    let row = format!("{}3\n", "0,".repeat(16));
    let rows = |count| row.repeat(count).into_bytes();
    let spec = with_split("csv", 0.9);
    let table = Table::read(&rows(1_280)[..], &spec);
    assert_eq!(table.expect("rows").rows(), 1_280);
    let error = Table::read(&rows(1_290)[..], &spec).expect_err("too many");
    assert!(too_many_rows(&error), "{error}");
}

/// In floats only the trainer reads rows, and it has limits of its own.
#[test]
fn other_training_takes_any_number() {
    let spec = r#"
        job = { name = "t", epochs = 1 }
        dataset = { format = "csv", shape = [1] }
        model.layers = [{ type = "linear", out = 3 }]
        training = { loss = "cross_entropy", batch = 2 }
        optimizer = { type = "sgd", lr = 0.1 }
    "#;
    let spec = JobSpec::from_toml(spec).expect("valid");
    let long = format!("1{},2\n", " ".repeat(1 << 21));
    let table = Table::read(long.repeat(2).as_bytes(), &spec).expect("rows");
    assert_eq!(table.rows(), 2);
}
