//! Jobs, with and without a proof.

use cyxwiz_domain::spec::JobSpec;

const SPEC: &str = r#"
[job]
name = "blobs"
epochs = 4

[dataset]
path = "blobs.csv"
format = "csv"
shape = [16]

[model]
layers = [{ type = "linear", out = 4, bias = false }]

[training]
loss = "hard_sigmoid"
batch = 8

[optimizer]
type = "int_sgd"
rate = 24

[verification]
tier = "zk-exact"
circuit = "z16x4-ci"
"#;

/// A job in integers, with a proof.
pub fn exact() -> JobSpec {
    JobSpec::from_toml(SPEC).expect("a valid job")
}

/// A job in floats, whose proof shows the transcript alone.
pub fn audited() -> JobSpec {
    let text = in_floats()
        .replace("zk-exact", "audited")
        .replace("z16x4-ci", "t100x16");
    JobSpec::from_toml(&text).expect("a valid job")
}

/// A job without a proof.
pub fn plain() -> JobSpec {
    let text = in_floats();
    let (text, _) = text.split_once("[verification]").expect("the last table");
    JobSpec::from_toml(text).expect("a valid job")
}

fn in_floats() -> String {
    SPEC.replace("hard_sigmoid", "cross_entropy")
        .replace("type = \"int_sgd\"\nrate = 24", "type = \"sgd\"\nlr = 0.1")
}
