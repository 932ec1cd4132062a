//! Reads a job file and its dataset, and refuses here what a node would refuse
//! later, when money has moved.

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
};

use cyxwiz_domain::{
    Digest,
    dataset::{Manifest, Table},
    spec::JobSpec,
};
use cyxwiz_proof::job::{Opening, opening};

use crate::error::{Error, Result};

/// A job that is ready to be submitted.
#[derive(Debug, Clone)]
pub struct Input {
    /// The job file, absolute.
    pub file: PathBuf,
    /// The checked spec.
    pub spec: JobSpec,
    /// Its canonical JSON.
    pub canonical: Vec<u8>,
    /// SHA-256 of that.
    pub spec_hash: Digest,
    /// The dataset's file, absolute.
    pub dataset: PathBuf,
    /// Its chunks.
    pub manifest: Manifest,
    /// Root over them.
    pub dataset_root: Digest,
    /// Rows in it.
    pub rows: u64,
    /// What the proof of the job starts from; absent in a job without one.
    pub opening: Option<Opening>,
}

impl Input {
    /// Reads the job file at `path` and the dataset it names.
    ///
    /// # Errors
    /// [`Error::Content`] names the field, or line and column.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(Error::file("job file", path))?;
        let is_json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let spec = if is_json {
            JobSpec::from_json(text.as_bytes())
        } else {
            JobSpec::from_toml(&text)
        };
        let spec = spec.map_err(|error| Error::content("job file", path, error))?;
        if spec.dataset.path.is_empty() {
            let problem = "`dataset.path` is missing: name the file, relative to the job file";
            return Err(Error::content("job file", path, problem));
        }
        let beside = path.parent().unwrap_or(Path::new("."));
        let named = beside.join(&spec.dataset.path);
        let dataset = fs::canonicalize(&named).map_err(Error::file("dataset", named))?;
        let table = Table::read(open(&dataset)?, &spec)
            .map_err(|error| Error::content("dataset", &dataset, error))?;
        let manifest = manifest(&dataset)?;
        let opening = opening(&spec, Some(&table), Digest(manifest.root()))
            .map_err(|error| Error::content("dataset", &dataset, error))?;
        if let Some(opening) = &opening
            && opening.circuit.key.is_none()
        {
            let problem = format!(
                "the circuit {} has no key that this build trusts; choose one that had its ceremony",
                opening.circuit.name
            );
            return Err(Error::content("job file", path, problem));
        }
        Ok(Self {
            file: std::path::absolute(path).map_err(Error::file("job file", path))?,
            canonical: spec.canonical_bytes(),
            spec_hash: Digest(spec.spec_hash()),
            dataset_root: Digest(manifest.root()),
            rows: table.rows() as u64,
            opening,
            spec,
            dataset,
            manifest,
        })
    }
}

/// Hashes the chunks of the dataset at `path`.
///
/// # Errors
/// [`Error::Content`] for an empty file, [`Error::File`] for an unreadable one.
pub fn manifest(path: &Path) -> Result<Manifest> {
    Manifest::of(open(path)?).map_err(|error| Error::content("dataset", path, error))
}

fn open(path: &Path) -> Result<BufReader<File>> {
    let file = File::open(path).map_err(Error::file("dataset", path))?;
    Ok(BufReader::with_capacity(1 << 20, file))
}
