//! The ledger on disk: one append-only file of checksummed records.
//!
//! A record is handed to the operating system before the change it describes is answered to anyone, so `kill -9` loses nothing
//! that was confirmed. A power cut may lose the last moments, since records are not synced one by one. A torn last record is cut off
//! at the next start, which also rewrites the file without what later records made obsolete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::record::Record;

const JOURNAL: &str = "journal";
const LOCK: &str = "lock";
const MAGIC: &[u8; 8] = b"CYXLEDG1";
/// Nothing legitimate comes near this size (bytes); a larger length is damage.
const MAX_RECORD: u32 = 1 << 30;

/// Why a ledger cannot be used.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Another process has it open.
    #[error("ledger {0} is in use by another process: stop that one or choose another --ledger")]
    InUse(PathBuf),
    /// Not written by this program, or by one with another format.
    #[error("{0} is not a ledger of this version: move it away or start with --reset")]
    Format(PathBuf),
    /// The file system refused.
    #[error("ledger {path}: {source}")]
    Io {
        /// What was accessed.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record could not be encoded.
    #[error("ledger record could not be encoded: {0}")]
    Encode(#[from] bincode::Error),
}

/// An open ledger, exclusively held until dropped.
pub struct Journal {
    path: PathBuf,
    file: File,
    _lock: File,
}

impl Journal {
    /// Opens the ledger in `directory` (created if missing) and hands each record to `visit` in order; `reset` empties it first.
    /// Nothing may be appended before [`Journal::rewrite`].
    ///
    /// # Errors
    /// When another process holds it, when it is not a ledger, and on any file system error.
    pub fn open(
        directory: &Path,
        reset: bool,
        mut visit: impl FnMut(Record),
    ) -> Result<Self, JournalError> {
        let io = |path: &Path| {
            let path = path.to_path_buf();
            move |source| JournalError::Io { path, source }
        };
        fs::create_dir_all(directory).map_err(io(directory))?;
        let lock_path = directory.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(JournalError::InUse(directory.to_path_buf()));
            }
            Err(fs::TryLockError::Error(source)) => return Err(io(&lock_path)(source)),
        }
        let path = directory.join(JOURNAL);
        if reset {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io(&path)(error));
                }
                _ => {}
            }
        }
        let file = OpenOptions::new()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(io(&path))?;
        read_all(&path, &file, &mut visit)?;
        Ok(Self {
            path,
            file,
            _lock: lock,
        })
    }

    /// Replaces the whole ledger by `records`, atomically, and goes on appending after them.
    ///
    /// # Errors
    /// On any file system error; the old ledger is then untouched.
    pub fn rewrite(&mut self, records: impl Iterator<Item = Record>) -> Result<(), JournalError> {
        let fresh = self.path.with_extension("new");
        let io = |source| JournalError::Io {
            path: fresh.clone(),
            source,
        };
        let mut writer = BufWriter::new(File::create(&fresh).map_err(io)?);
        writer.write_all(MAGIC).map_err(io)?;
        for record in records {
            writer.write_all(&encode(&record)?).map_err(io)?;
        }
        let file = writer
            .into_inner()
            .map_err(|error| io(error.into_error()))?;
        file.sync_all().map_err(io)?;
        drop(file);
        fs::rename(&fresh, &self.path).map_err(io)?;
        let path = self.path.clone();
        self.file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|source| JournalError::Io { path, source })?;
        Ok(())
    }

    /// Appends one record with a single write.
    ///
    /// # Errors
    /// When it cannot be written; the ledger then ends in the record before it or in a torn one, which the next start drops.
    pub fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let bytes = encode(record)?;
        self.file
            .write_all(&bytes)
            .map_err(|source| JournalError::Io {
                path: self.path.clone(),
                source,
            })
    }

    /// Waits until everything appended is on the disk itself.
    ///
    /// # Errors
    /// On a file system error.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(|source| JournalError::Io {
            path: self.path.clone(),
            source,
        })
    }
}

/// Length, checksum (both u32, little-endian) and the bincode of the record.
fn encode(record: &Record) -> Result<Vec<u8>, JournalError> {
    let body = bincode::serialize(record)?;
    let length = u32::try_from(body.len())
        .ok()
        .filter(|length| *length <= MAX_RECORD)
        .ok_or_else(|| Box::new(bincode::ErrorKind::SizeLimit))?;
    let mut bytes = Vec::with_capacity(body.len() + 8);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Reads up to the first record that is incomplete or damaged.
fn read_all(path: &Path, file: &File, visit: &mut impl FnMut(Record)) -> Result<(), JournalError> {
    let mut reader = BufReader::new(file);
    let mut magic = [0; MAGIC.len()];
    match reader.read_exact(&mut magic) {
        Ok(()) if &magic == MAGIC => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
        Ok(()) => return Err(JournalError::Format(path.to_path_buf())),
        Err(source) => {
            return Err(JournalError::Io {
                path: path.to_path_buf(),
                source,
            });
        }
    }
    loop {
        let mut head = [0; 8];
        match reader.read_exact(&mut head) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(source) => {
                return Err(JournalError::Io {
                    path: path.to_path_buf(),
                    source,
                });
            }
        }
        let word =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (length, checksum) = (word(0), word(4));
        let mut body = Vec::new();
        let read = reader
            .by_ref()
            .take(u64::from(length))
            .read_to_end(&mut body);
        let whole = read.is_ok_and(|read| length <= MAX_RECORD && read == length as usize);
        if !whole || crc32fast::hash(&body) != checksum {
            tracing::warn!(ledger = %path.display(), "the last record is torn and was dropped");
            return Ok(());
        }
        visit(bincode::deserialize(&body).map_err(|_| JournalError::Format(path.to_path_buf()))?);
    }
}

#[cfg(test)]
mod tests {
    use solana_hash::Hash;

    use super::*;
    use crate::chain::record::SlotRecord;

    fn slot(slot: u64) -> Record {
        Record::Slot(SlotRecord {
            slot,
            blockhash: Hash::default(),
            slot_hash: Hash::default(),
            unix_timestamp: 0,
            clock_offset: 0,
        })
    }

    fn slots(directory: &Path) -> Vec<u64> {
        let mut seen = Vec::new();
        Journal::open(directory, false, |record| {
            if let Record::Slot(record) = record {
                seen.push(record.slot);
            }
        })
        .unwrap();
        seen
    }

    #[test]
    fn a_torn_or_damaged_tail_is_dropped_and_nothing_before_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(directory.path(), false, |_| ()).unwrap();
        journal.rewrite([slot(1), slot(2)].into_iter()).unwrap();
        journal.append(&slot(3)).unwrap();
        drop(journal);
        assert_eq!(slots(directory.path()), [1, 2, 3]);

        let path = directory.path().join(JOURNAL);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(slots(directory.path()), [1, 2]);

        let mut damaged = whole;
        let last = damaged.len() - 1;
        damaged[last] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(slots(directory.path()), [1, 2]);
    }

    #[test]
    fn a_ledger_has_one_owner() {
        let directory = tempfile::tempdir().unwrap();
        let _held = Journal::open(directory.path(), false, |_| ()).unwrap();
        let second = Journal::open(directory.path(), false, |_| ());
        assert!(matches!(second, Err(JournalError::InUse(_))));
    }

    #[test]
    fn a_foreign_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(JOURNAL), b"something else entirely").unwrap();
        assert!(matches!(
            Journal::open(directory.path(), false, |_| ()),
            Err(JournalError::Format(_))
        ));
    }
}
