//! Variants of the digits example.

use std::path::{Path, PathBuf};

/// A job file in the making: the digits example with changes.
#[derive(Debug, Clone)]
pub struct JobFile(String);

impl JobFile {
    /// The example as it is, its data named by absolute path.
    pub fn digits() -> Self {
        let dir = repository().join("examples/digits");
        let text = std::fs::read_to_string(dir.join("job.toml")).expect("the example exists");
        let data = dir.join("digits.csv.gz");
        Self(text).replace(
            "\"digits.csv.gz\"",
            &format!("{:?}", data.display().to_string()),
        )
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
