//! Datasets in binary formats and text give the same rows as the same numbers in CSV.

use std::io::Write;

use cyxwiz_domain::{
    dataset::{DatasetError, Table},
    spec::JobSpec,
};

const ROWS: &[u8] = include_bytes!("data/rows.npy");
const FORTRAN: &[u8] = include_bytes!("data/fortran.npy");
const STORED: &[u8] = include_bytes!("data/stored.npz");
const COMPRESSED: &[u8] = include_bytes!("data/compressed.npz");

/// A job over two features and a class below 3.
fn job(format: &str, extra: &str) -> JobSpec {
    let spec = format!(
        r#"
        job = {{ name = "t", epochs = 1 }}
        dataset = {{ format = "{format}", shape = [2], scale = 2{extra} }}
        model.layers = [{{ type = "linear", out = 3 }}]
        training = {{ loss = "cross_entropy", batch = 2 }}
        optimizer = {{ type = "sgd", lr = 0.1 }}
        "#
    );
    JobSpec::from_toml(&spec).expect("valid")
}

fn read(format: &str, bytes: &[u8]) -> Result<Table, DatasetError> {
    Table::read(bytes, &job(format, ""))
}

fn refusal(format: &str, bytes: &[u8]) -> String {
    let refused = read(format, bytes).expect_err("must be refused");
    refused.to_string()
}

fn expected() -> Table {
    read("csv", b"1,2,0\n3,4,2\n").expect("a table")
}

/// An IDX array of bytes.
fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 0x08, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|d| d.to_be_bytes()));
    bytes.extend(values);
    bytes
}

#[test]
fn numpy_arrays_are_read() {
    assert_eq!(read("npy", ROWS).expect("a table"), expected());
    assert_eq!(read("npz", STORED).expect("a table"), expected());
    assert_eq!(read("npz", COMPRESSED).expect("a table"), expected());
    let swapped = Table::read(ROWS, &job("npy", ", label = 2, features = [1, 0]"));
    assert_eq!(swapped.expect("a table").features, [1.0, 0.5, 2.0, 1.5]);
}

#[test]
fn numpy_arrays_that_do_not_fit_are_refused() {
    assert!(refusal("npy", FORTRAN).contains("np.ascontiguousarray"));
    assert!(refusal("npy", b"not numpy").starts_with("not a usable npy file"));
    assert!(refusal("npy", &ROWS[..ROWS.len() - 1]).starts_with("not a usable npy file"));
    assert!(refusal("npz", b"not a zip").starts_with("not a usable npz file"));
    let one_array = {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored =
            zip::write::FileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file("features.npy", stored).expect("a member");
        zip.write_all(ROWS).expect("bytes");
        zip.finish().expect("a zip").into_inner()
    };
    assert!(refusal("npz", &one_array).contains("it has no array `labels`"));
    let out_of_columns = Table::read(ROWS, &job("npy", ", label = 3"));
    let refused = out_of_columns.expect_err("must be refused").to_string();
    assert!(refused.contains("no column 3"), "{refused}");
}

#[test]
fn idx_files_one_after_the_other_are_read() {
    let images = idx(&[2, 1, 2], &[1, 2, 3, 4]);
    let labels = idx(&[2], &[0, 2]);
    let both = [images.clone(), labels.clone()].concat();
    assert_eq!(read("idx", &both).expect("a table"), expected());

    // compressed apart and then joined, as `cat` does
    let packed = [images.clone(), labels].map(|part| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&part).expect("write");
        gz.finish().expect("gzip")
    });
    assert_eq!(
        read("idx.gz", &packed.concat()).expect("a table"),
        expected()
    );

    assert!(refusal("idx", &images).contains("array of labels: cannot read the header"));
    assert!(refusal("idx", &both[..17]).contains("array of features: it ends after 1 of 4 bytes"));
    assert!(refusal("idx", b"no idx at all").contains("does not begin with an IDX header"));
    let claims = idx(&[u32::MAX, u32::MAX, u32::MAX], &[1]);
    assert!(refusal("idx", &claims).contains("it ends after 1 of"));
}

#[test]
fn text_becomes_bytes_and_the_byte_after() {
    let spec = r#"
        job = { name = "t", epochs = 1 }
        dataset = { format = "text", shape = [3] }
        model.layers = [{ type = "embedding", vocab = 256, dim = 4 }, { type = "flatten" }, { type = "linear", out = 256 }]
        training = { loss = "cross_entropy", batch = 2 }
        optimizer = { type = "sgd", lr = 0.1 }
    "#;
    let spec = JobSpec::from_toml(spec).expect("valid");
    let table = Table::read("abcdefgh".as_bytes(), &spec).expect("a table");
    let bytes = |text: &str| text.bytes().map(f32::from).collect::<Vec<_>>();
    assert_eq!(table.features, bytes("abcdef"));
    assert_eq!(table.labels, bytes("dg"));
    let broken = Table::read(&b"abc\xffdefgh"[..], &spec).expect_err("must be refused");
    assert!(
        broken.to_string().contains("byte 3 is not UTF-8"),
        "{broken}"
    );
}
