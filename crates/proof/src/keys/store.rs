//! Proving keys on disk. They take seconds to make and tens of megabytes; reading one back, hash
//! checked, takes a fraction of a second. A file holds the points as arkworks writes them. Nothing in
//! it is read before its SHA-256 is the registered one: a file of others could blind nothing, or name
//! lengths that no memory has.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use ark_groth16::ProvingKey;
use ark_serialize::{CanonicalDeserialize as _, CanonicalSerialize as _};
use cyxwiz_statement::{Circuit, Registered};

use crate::{
    circuit::constraints,
    field::sha256,
    groth16::{ProveError, Prover},
};

/// A folder of proving keys.
#[derive(Debug, Clone)]
pub struct KeyStore {
    folder: PathBuf,
}

/// What can go wrong with kept keys.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or a file cannot be read or written.
    #[error("cannot access the proving key {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another file than the registered one.
    #[error(
        "the proving key {0} is not the registered one, but damaged or of another release; put the registered one there"
    )]
    OtherKey(PathBuf),
    /// The registry is out of date.
    #[error(
        "the circuit of the proving key {0} has other constraints than are registered; register its keys anew"
    )]
    OtherConstraints(PathBuf),
    /// There is nothing to compare a file with.
    #[error("this build has no registered key that the proving key {0} could be compared with")]
    NotRegistered(PathBuf),
    /// There is no file, and this build makes no keys.
    #[error("there is no proving key {0}; put the ceremony's key there")]
    Missing(PathBuf),
    /// The key does not fit the circuit.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl KeyStore {
    /// Keys kept in this folder, which is made when first needed.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Keys kept beside the binaries that cargo builds, in `target/proving-keys`: for tests, which are
    /// many processes and need the same keys. A program that lies elsewhere has them in the temporary
    /// folder.
    #[cfg(not(feature = "mainnet"))]
    pub fn of_build() -> Self {
        let program = std::env::current_exe().ok();
        let target = program.as_deref().and_then(|program| {
            let mut above = program.ancestors();
            above.find(|folder| folder.join("CACHEDIR.TAG").exists())
        });
        Self::at(
            target
                .map_or_else(std::env::temp_dir, Path::to_path_buf)
                .join("proving-keys"),
        )
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a circuit's key.
    pub fn path(&self, circuit: &Circuit) -> PathBuf {
        let id = hex::encode(circuit.id(sha256));
        self.folder.join(format!("{}.pk", &id[..32]))
    }

    /// Reads the registered key of a circuit.
    ///
    /// # Errors
    /// [`StoreError`]; any other file than the registered one is refused unread.
    pub fn load(&self, circuit: &Circuit) -> Result<Prover, StoreError> {
        let path = self.path(circuit);
        let entry = Registered::by_id(&circuit.id(sha256));
        let Some((entry, key)) = entry.and_then(|entry| Some((entry, entry.key?))) else {
            return Err(StoreError::NotRegistered(path));
        };
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing(path));
            }
            Err(error) => return Err(StoreError::Io { path, error }),
        };
        if sha256(&[&bytes]) != key.proving_key {
            return Err(StoreError::OtherKey(path));
        }
        let constraints = constraints(circuit).map_err(ProveError::from)?;
        if constraints.digest() != entry.r1cs {
            return Err(StoreError::OtherConstraints(path));
        }
        // The hash stands for the checks of the points, which were made before it was registered.
        let points = match ProvingKey::deserialize_uncompressed_unchecked(&bytes[..]) {
            Ok(points) => points,
            Err(error) => {
                let error = io::Error::other(error);
                return Err(StoreError::Io { path, error });
            }
        };
        let prover = Prover::new(*circuit, constraints, points)?;
        if prover.verifying_key().digest() != key.sha256 {
            return Err(StoreError::OtherKey(path));
        }
        Ok(prover)
    }

    /// Writes a prover's key, whole or not at all.
    pub fn save(&self, prover: &Prover) -> Result<PathBuf, StoreError> {
        let path = self.path(prover.circuit());
        let io = |error| StoreError::Io {
            path: path.clone(),
            error,
        };
        let mut bytes = Vec::new();
        let written = prover.key().serialize_uncompressed(&mut bytes);
        written.map_err(|error| io(io::Error::other(error)))?;
        fs::create_dir_all(&self.folder).map_err(io)?;
        // Another process or thread may be doing the same: each has its own file until it is complete.
        static PARTS: AtomicU64 = AtomicU64::new(0);
        let part = PARTS.fetch_add(1, Ordering::Relaxed);
        let part = path.with_extension(format!("part{}-{part}", std::process::id()));
        let write = || -> io::Result<()> {
            let mut file = fs::File::create(&part)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        write().map_err(io)?;
        Ok(path)
    }

    /// A prover whose proofs verify with the circuit's registered key: from disk, or, where that is a
    /// development key, made and kept.
    ///
    /// # Errors
    /// [`StoreError::Missing`] for a key that only a ceremony makes, and what can go wrong on disk.
    pub fn prover(&self, circuit: &Circuit) -> Result<Prover, StoreError> {
        #[cfg(not(feature = "mainnet"))]
        if Registered::by_id(&circuit.id(sha256)).is_some_and(|c| super::warning(c).is_some()) {
            return self.insecure_dev_prover(circuit);
        }
        self.load(circuit)
    }

    /// A prover with the circuit's development key: from disk, or made and kept. Any other file is
    /// replaced.
    #[cfg(not(feature = "mainnet"))]
    fn insecure_dev_prover(&self, circuit: &Circuit) -> Result<Prover, StoreError> {
        if let Some(prover) = self.usable(circuit)? {
            return Ok(prover);
        }
        // One process makes the key while the others wait for it.
        let _lock = self.lock(circuit)?;
        if let Some(prover) = self.usable(circuit)? {
            return Ok(prover);
        }
        let prover = super::insecure_dev_prover(circuit)?;
        self.save(&prover)?;
        Ok(prover)
    }

    /// The key on disk; `None` where it must be made anew.
    #[cfg(not(feature = "mainnet"))]
    fn usable(&self, circuit: &Circuit) -> Result<Option<Prover>, StoreError> {
        match self.load(circuit) {
            Ok(prover) => Ok(Some(prover)),
            Err(
                StoreError::Missing(_) | StoreError::OtherKey(_) | StoreError::OtherConstraints(_),
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Held until the file returned is dropped, or its process ends.
    #[cfg(not(feature = "mainnet"))]
    fn lock(&self, circuit: &Circuit) -> Result<fs::File, StoreError> {
        let path = self.path(circuit).with_extension("lock");
        let lock = || {
            fs::create_dir_all(&self.folder)?;
            let file = fs::File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|error| StoreError::Io { path, error })
    }
}
