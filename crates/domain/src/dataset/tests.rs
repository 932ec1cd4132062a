use super::{DatasetError, Table};
use crate::spec::JobSpec;

/// A job over three columns: two features and a class below 3.
fn job(format: &str, extra: &str) -> JobSpec {
    JobSpec::from_toml(&format!(
        r#"
        job = {{ name = "t", epochs = 1 }}
        dataset = {{ format = "{format}", shape = [2], scale = 2{extra} }}
        model.layers = [{{ type = "linear", out = 3 }}]
        training = {{ loss = "cross_entropy", batch = 2 }}
        optimizer = {{ type = "sgd", lr = 0.1 }}
        "#
    ))
    .expect("valid")
}

fn refusal(csv: &str, extra: &str) -> String {
    let error = Table::read(csv.as_bytes(), &job("csv", extra)).expect_err("must be refused");
    error.to_string()
}

#[test]
fn rows_are_read_scaled_and_ordered() {
    let table = Table::read("1,2,0\n3,4,2\n".as_bytes(), &job("csv", "")).expect("table");
    assert_eq!(table.features, [0.5, 1.0, 1.5, 2.0]);
    assert_eq!(
        (table.labels.as_slice(), table.rows()),
        (&[0.0, 2.0][..], 2)
    );
    let by_name = r#", header = true, label = "y", features = ["b", "a"]"#;
    let table = Table::read("a,y,b\n1,2,3\n4,0, 5\n".as_bytes(), &job("csv", by_name));
    let table = table.expect("table");
    assert_eq!(table.features, [1.5, 0.5, 2.5, 2.0]);
    assert_eq!(table.labels, [2.0, 0.0]);
}

#[test]
fn compressed_rows_are_the_same_rows() {
    use std::io::Write;
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(b"1,2,0\n3,4,2\n").expect("write");
    let gz = gz.finish().expect("gzip");
    let plain = Table::read("1,2,0\n3,4,2\n".as_bytes(), &job("csv", ""));
    let packed = Table::read(gz.as_slice(), &job("csv.gz", ""));
    assert_eq!(packed.expect("table"), plain.expect("table"));
    let cut = Table::read(&gz[..gz.len() - 6], &job("csv.gz", ""));
    assert!(matches!(cut, Err(DatasetError::Read(_))), "{cut:?}");
    let not_gzip = Table::read("1,2,0\n".as_bytes(), &job("csv.gz", ""));
    assert!(
        matches!(not_gzip, Err(DatasetError::Read(_))),
        "{not_gzip:?}"
    );
}

#[test]
fn text_in_a_number_column_is_named_by_line_and_column() {
    assert_eq!(
        refusal("1,2,0\n1,abc,0\n", ""),
        "line 2, column 2: 'abc' is not a number"
    );
    let named = refusal("x,y,z\n1,2,0\nabc,2,0\n", ", header = true");
    assert_eq!(named, "line 3, column 1 ('x'): 'abc' is not a number");
    assert_eq!(
        refusal("1,2,0\n1,NaN,0\n", ""),
        "line 2, column 2: 'NaN' is not a finite number"
    );
    assert_eq!(
        refusal("1,2,0\n1,,0\n", ""),
        "line 2, column 2: '' is not a number"
    );
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    assert_eq!(
        refusal("1,2,0\n1,2,3,0\n", ""),
        "line 2: 4 columns, expected 3 as in the lines before"
    );
    let class = "line 2, column 3: 3 is not a class of the model, which has 0 to 2";
    assert_eq!(refusal("1,2,0\n1,2,3\n", ""), class);
    assert!(refusal("1,2,0\n1,2,0.5\n", "").contains("0.5 is not a class"));
    assert!(refusal("1,2,3,0\n", "").contains("3 features, but `dataset.shape` [2] holds 2"));
    assert!(refusal("1,2,0\n", "").contains("has 1 rows"));
    assert!(refusal("", "").contains("has 0 rows"));
    assert!(
        refusal("a,b,c\n1,2,0\n", r#", header = true, label = "d""#)
            .contains("no column 'd'; the header names a, b, c")
    );
    assert!(refusal("1,2,0\n", ", label = 7").contains("no column 7; the file has 3"));
}

#[test]
fn safetensors_are_read_and_checked() {
    let file = |dtype: &str, features: &[u8], labels: &[u8]| {
        let (f, l) = (features.len(), features.len() + labels.len());
        let header = format!(
            r#"{{"features":{{"dtype":"{dtype}","shape":[2,2],"data_offsets":[0,{f}]}},"labels":{{"dtype":"U8","shape":[2],"data_offsets":[{f},{l}]}}}}"#
        );
        [
            &(header.len() as u64).to_le_bytes(),
            header.as_bytes(),
            features,
            labels,
        ]
        .concat()
    };
    let read = |bytes: Vec<u8>| Table::read(bytes.as_slice(), &job("safetensors", ""));
    let table = read(file("U8", &[1, 2, 3, 4], &[0, 2])).expect("table");
    assert_eq!(table.features, [0.5, 1.0, 1.5, 2.0]);
    let floats: Vec<u8> = [1f32, 2.0, 3.0, 4.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(read(file("F32", &floats, &[0, 2])).expect("table"), table);
    for (bytes, expected) in [
        (
            file("U8", &[1, 2, 3, 4], &[0, 3]),
            "`labels`, number 1: 3 is not a class",
        ),
        (
            file("U8", &[1, 2, 3], &[0, 2]),
            "other bytes than its shape",
        ),
        (file("BF16", &floats, &[0, 2]), "BF16; F32, U8, I32 and I64"),
        (vec![0xff; 64], "its header claims"),
    ] {
        let message = read(bytes).expect_err("must be refused").to_string();
        assert!(message.contains(expected), "{message}");
    }
}
