//! Proving keys on disk. They take seconds to make and tens of megabytes; reading one back, hash
//! checked, takes a fraction of a second.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use ark_bn254::Bn254;
use ark_groth16::ProvingKey;
use ark_serialize::{CanonicalDeserialize as _, CanonicalSerialize as _, SerializationError};
use cyxwiz_statement::{Circuit, Registered};

use crate::{
    circuit::{R1cs, constraints},
    field::sha256,
    groth16::{ProveError, Prover},
};

/// First bytes of a key file: format and version.
const MAGIC: &[u8; 16] = b"cyxwiz pk v1\0\0\0\0";

/// Magic, SHA-256 of the rest, digest of the constraints.
const HEADER: usize = 16 + 32 + 32;

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
    /// The file is not what was written.
    #[error("the proving key {0} is damaged or of another version; delete it, it is made anew")]
    Damaged(PathBuf),
    /// The file fits another version of the circuit.
    #[error("the proving key {0} was made for other constraints; delete it, it is made anew")]
    OtherConstraints(PathBuf),
    /// Proofs made with it would be refused: the circuit has another registered key.
    #[error("the proving key {0} is not that of the registered key; put the registered one there")]
    OtherKey(PathBuf),
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

    /// Reads a circuit's key and checks its hash, and that it is the registered one where one is.
    pub fn load(&self, circuit: &Circuit) -> Result<Prover, StoreError> {
        let path = self.path(circuit);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Missing(path));
            }
            Err(error) => return Err(StoreError::Io { path, error }),
        };
        let constraints = constraints(circuit).map_err(ProveError::from)?;
        let key = read(&bytes, &constraints, &path)?;
        let prover = Prover::new(*circuit, constraints, key)?;
        let registered = Registered::by_id(&circuit.id(sha256)).and_then(|entry| entry.key);
        let digest = prover.verifying_key().digest();
        if registered.is_some_and(|key| key.sha256 != digest) {
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
        let mut body = prover.constraints().digest().to_vec();
        let written = prover.key().serialize_uncompressed(&mut body);
        written.map_err(|error| io(io::Error::other(error)))?;
        fs::create_dir_all(&self.folder).map_err(io)?;
        // Another process or thread may be doing the same: each has its own file until it is complete.
        static PARTS: AtomicU64 = AtomicU64::new(0);
        let part = PARTS.fetch_add(1, Ordering::Relaxed);
        let part = path.with_extension(format!("part{}-{part}", std::process::id()));
        let write = || -> io::Result<()> {
            let mut file = fs::File::create(&part)?;
            file.write_all(MAGIC)?;
            file.write_all(&sha256(&[&body]))?;
            file.write_all(&body)?;
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

    /// A prover with the circuit's development key: from disk, or made and kept. A damaged or
    /// outdated file is replaced.
    #[cfg(not(feature = "mainnet"))]
    pub fn insecure_dev_prover(&self, circuit: &Circuit) -> Result<Prover, StoreError> {
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
                StoreError::Missing(_)
                | StoreError::Damaged(_)
                | StoreError::OtherConstraints(_)
                | StoreError::OtherKey(_)
                | StoreError::Prove(ProveError::Key { .. }),
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

fn read(bytes: &[u8], constraints: &R1cs, path: &Path) -> Result<ProvingKey<Bn254>, StoreError> {
    let damaged = || StoreError::Damaged(path.to_path_buf());
    let (header, points) = bytes.split_at_checked(HEADER).ok_or_else(damaged)?;
    let (magic, header) = header.split_at(MAGIC.len());
    let (hash, digest) = header.split_at(32);
    if magic != MAGIC || hash != sha256(&[digest, points]) {
        return Err(damaged());
    }
    if digest != constraints.digest() {
        return Err(StoreError::OtherConstraints(path.to_path_buf()));
    }
    // The hash stands for the points' checks, which were made when they were written.
    let key = ProvingKey::deserialize_uncompressed_unchecked(points);
    key.map_err(|_: SerializationError| damaged())
}
