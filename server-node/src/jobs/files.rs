//! Files that appear whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use cyxwiz_domain::Digest;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::JobError;

/// Writes `bytes` as `path`, on the disk when this returns.
///
/// # Errors
/// What the system says; the old file is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), JobError> {
    let write = || {
        let partial = path.with_extension("partial");
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_parent(path)
    };
    write().map_err(|source| JobError::file(path, source))
}

/// [`write_atomic`] of a JSON document.
///
/// # Errors
/// As [`write_atomic`].
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), JobError> {
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| JobError::file(path, io::Error::other(error)))?;
    write_atomic(path, &bytes)
}

/// Reads a JSON document; `None` if there is none.
///
/// # Errors
/// [`JobError::File`] also when it is malformed.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, JobError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(JobError::file(path, error)),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| JobError::file(path, io::Error::other(error)))
}

/// Makes a rename or removal last.
///
/// # Errors
/// What the system says.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// SHA-256 and length of an ordinary file, read piece by piece.
///
/// # Errors
/// As [`open_plain`].
pub fn digest(path: &Path) -> io::Result<(Digest, u64)> {
    let mut file = open_plain(path)?;
    let (mut hasher, mut length) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((Digest(hasher.finalize().into()), length)),
            n => {
                hasher.update(&buffer[..n]);
                length += n as u64;
            }
        }
    }
}

/// All bytes of an ordinary file, if there are no more than `most`.
///
/// # Errors
/// As [`open_plain`]; [`io::ErrorKind::FileTooLarge`].
pub fn read_plain(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_plain(path)?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::ErrorKind::FileTooLarge.into()),
        false => Ok(bytes),
    }
}

/// Opens an ordinary file. What a trainer left behind may be a link to something
/// that is none of the user's business; links are not followed.
///
/// # Errors
/// What the system says, `ELOOP` for a link.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("not an ordinary file")),
    }
}
