//! The job files of the tests: variants of the digits example, and the smallest job with a proof.

use std::path::{Path, PathBuf};

use cyxwiz_domain::spec::JobSpec;

use crate::blobs;

/// Trains in integers, with the smallest circuit: eight epochs of eight steps.
const INTEGERS: &str = r#"
[job]
name = "blobs"
epochs = 8
checkpoint_every = 4

[dataset]
path = "blobs.csv"
format = "csv"
shape = [16]
scale = 16
split = { test = 0.2, seed = 1 }

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

[resources]
ram_mib = 512
"#;

/// A job file in the making.
#[derive(Debug, Clone)]
pub struct JobFile(String);

impl JobFile {
    /// The example as it is, its data named by absolute path.
    pub fn digits() -> Self {
        Self::example("job.toml")
    }

    /// The example that trains in integers and is paid through a proof, as it is.
    pub fn digits_in_integers() -> Self {
        Self::example("zk.toml")
    }

    fn example(name: &str) -> Self {
        let dir = repository().join("examples/digits");
        let text = std::fs::read_to_string(dir.join(name)).expect("the example exists");
        let data = dir.join("digits.csv.gz");
        Self(text).replace(
            "\"digits.csv.gz\"",
            &format!("{:?}", data.display().to_string()),
        )
    }

    /// A job that is paid through a proof of exact training; its data are written to `dir`.
    pub fn integers(dir: &Path) -> Self {
        Self(INTEGERS.to_owned()).data(&blobs::write(dir))
    }

    /// The digits example with few epochs, as a job whose work may be audited for some days.
    pub fn audited() -> Self {
        let section = "[verification]\ntier = \"audited\"\ncircuit = \"t100x16\"\n\n[resources]";
        Self::digits().epochs(3).replace("[resources]", section)
    }

    /// What it says.
    ///
    /// # Panics
    /// When it is not valid.
    pub fn spec(&self) -> JobSpec {
        JobSpec::from_toml(&self.0).expect("a valid job")
    }

    /// With so many epochs.
    pub fn epochs(self, epochs: u32) -> Self {
        self.replace("epochs = 20", &format!("epochs = {epochs}"))
    }

    /// With a checkpoint that the engine downloads every so many epochs.
    pub fn checkpoint_every(self, epochs: u32) -> Self {
        self.replace(
            "checkpoint_every = 5",
            &format!("checkpoint_every = {epochs}"),
        )
    }

    /// With another dataset.
    pub fn data(self, path: &Path) -> Self {
        let old = self.0.lines().find(|line| line.starts_with("path = "));
        let old = old.expect("the example names its data").to_owned();
        self.replace(&old, &format!("path = {:?}", path.display().to_string()))
    }

    /// With `from`, which must be there, replaced.
    pub fn replace(self, from: &str, to: &str) -> Self {
        assert!(self.0.contains(from), "the example has no '{from}'");
        Self(self.0.replace(from, to))
    }

    /// Writes it to `dir`.
    pub fn write(&self, dir: &Path) -> PathBuf {
        let path = dir.join("job.toml");
        std::fs::write(&path, &self.0).expect("the test's directory is writable");
        path
    }
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("tests/e2e lies in the repository")
        .to_owned()
}
