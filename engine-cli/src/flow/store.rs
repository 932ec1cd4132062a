//! A job's directory on this machine, driven by one process at a time.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use cyxwiz_domain::{JobId, dataset::Manifest, spec::JobSpec};

use super::journal::{FILE, Journal, job_dir, read, read_manifest, read_spec, write_durably};
use crate::error::{Error, Result};

/// Transactions that are noted of a job, and of one instruction; who reads of them needs fewer.
const TRANSACTIONS: usize = 1_024;
const REPEATED: u32 = 256;
/// Characters of an instruction's name.
const LONGEST_NAME: usize = 40;
/// Characters of a signature in base 58.
const LONGEST_SIGNATURE: usize = 88;

/// A job's directory. While it is open for writing, no other process drives the job.
#[derive(Debug)]
pub struct JobStore {
    dir: PathBuf,
    /// Held until the store is dropped.
    _lock: File,
    /// The facts; [`JobStore::save`] makes changes last.
    pub journal: Journal,
}

impl JobStore {
    /// Begins a job: its journal and its spec are on disk before anyone hears of it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn create(
        data_dir: &Path,
        journal: Journal,
        spec: &[u8],
        manifest: &Manifest,
    ) -> Result<Self> {
        let dir = job_dir(data_dir, journal.job_id);
        fs::create_dir_all(&dir).map_err(Error::file("job directory", &dir))?;
        let lock = lock(&dir, journal.job_id)?;
        write_durably(&dir.join("spec.json"), spec)?;
        let chunks = serde_json::to_vec(manifest).expect("a manifest is numbers and strings");
        write_durably(&dir.join("manifest.json"), &chunks)?;
        let store = Self {
            dir,
            _lock: lock,
            journal,
        };
        store.save()?;
        Ok(store)
    }

    /// Goes on with a job of this machine.
    ///
    /// # Errors
    /// [`Error::UnknownJob`], [`Error::Busy`], or a damaged journal.
    pub fn open(data_dir: &Path, job: JobId) -> Result<Self> {
        let dir = job_dir(data_dir, job);
        // Before the lock, which would create the file.
        let _ = read(data_dir, job)?;
        let lock = lock(&dir, job)?;
        let journal = read(data_dir, job)?;
        Ok(Self {
            dir,
            _lock: lock,
            journal,
        })
    }

    /// The job's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Canonical spec of the job.
    ///
    /// # Errors
    /// As [`read_spec`].
    pub fn spec(&self) -> Result<JobSpec> {
        read_spec(&self.dir, self.journal.spec_hash)
    }

    /// Chunk manifest of the dataset.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Content`] when it is not what was escrowed.
    pub fn manifest(&self) -> Result<Manifest> {
        read_manifest(&self.dir, self.journal.dataset_root)
    }

    /// Notes a transaction that the other side made. The same signature is noted
    /// once; further ones of an instruction get a number. What is no name or no signature, or one too many,
    /// is passed over: nothing depends on it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn note_reported(&mut self, instruction: &str, signature: &str) -> Result<()> {
        let known = &self.journal.transactions;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let well_formed = (1..=LONGEST_NAME).contains(&instruction.len())
            && instruction.chars().all(is_name)
            && (1..=LONGEST_SIGNATURE).contains(&signature.len())
            && signature.chars().all(|c| c.is_ascii_alphanumeric());
        if !well_formed || known.len() >= TRANSACTIONS {
            return Ok(());
        }
        if known.values().any(|known| known == signature) {
            return Ok(());
        }
        let numbered = (2..=REPEATED).map(|n| format!("{instruction}_{n}"));
        let name = std::iter::once(instruction.to_owned())
            .chain(numbered)
            .find(|name| !known.contains_key(name));
        match name {
            Some(name) => self.note_transaction(&name, signature),
            None => Ok(()),
        }
    }

    /// Writes the journal; returns when it is on the disk.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn save(&self) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(&self.journal).expect("a journal has string keys");
        write_durably(&self.dir.join(FILE), &bytes)
    }

    /// Notes a transaction by the name of its instruction.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn note_transaction(&mut self, instruction: &str, signature: &str) -> Result<()> {
        let known = &mut self.journal.transactions;
        known.insert(instruction.to_owned(), signature.to_owned());
        self.save()
    }
}

fn lock(dir: &Path, job: JobId) -> Result<File> {
    let path = dir.join("lock");
    let file = File::create(&path).map_err(Error::file("job lock", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy { job }),
        Err(TryLockError::Error(error)) => Err(Error::file("job lock", path)(error)),
    }
}

#[cfg(test)]
mod tests {
    use cyxwiz_domain::{Address, Digest};

    use super::*;
    use crate::flow::journal::{PendingTransaction, unfinished};

    fn manifest() -> Manifest {
        Manifest::of(b"rows".as_slice()).expect("manifest")
    }

    fn create(dir: &Path, n: u128) -> JobStore {
        JobStore::create(dir, journal(n), b"{}", &manifest()).expect("create")
    }

    fn journal(n: u128) -> Journal {
        let id = JobId(uuid::Uuid::from_u128(n));
        let mut journal = Journal::new(id, "digits", Address([1; 32]), "http://c");
        journal.started_at = i64::try_from(n).expect("small");
        journal
    }

    #[test]
    fn a_journal_survives_its_file_and_is_driven_by_one_process() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut store = create(dir.path(), 1);
        store.journal.create_escrow = Some(PendingTransaction {
            signature: "sig".into(),
            bytes: vec![1, 2, 3],
            last_valid_block_height: 9,
        });
        store
            .note_transaction("create_escrow", "sig")
            .expect("save");
        let id = store.journal.job_id;
        assert!(matches!(
            JobStore::open(dir.path(), id),
            Err(Error::Busy { .. })
        ));
        let written = store.journal.clone();
        drop(store);
        let opened = JobStore::open(dir.path(), id).expect("open");
        assert_eq!(opened.journal, written);
        assert!(
            matches!(opened.manifest(), Err(Error::Content { .. })),
            "another root"
        );
    }

    #[test]
    fn reported_transactions_are_noted_once_each() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut store = create(dir.path(), 1);
        for signature in ["a", "b", "a", "b"] {
            store
                .note_reported("anchor_checkpoint", signature)
                .expect("note");
        }
        let names: Vec<_> = store.journal.transactions.keys().cloned().collect();
        assert_eq!(names, ["anchor_checkpoint", "anchor_checkpoint_2"]);
    }

    #[test]
    fn what_the_other_side_reports_is_text_and_bounded() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut store = create(dir.path(), 1);
        let long = "a".repeat(100);
        for (instruction, signature) in [
            ("verify\u{1b}[2J", "a"),
            ("verify", "a\n"),
            ("verify", ""),
            ("", "a"),
            ("verify", &long),
            (&long, "a"),
        ] {
            store
                .note_reported(instruction, signature)
                .expect("no error");
        }
        assert!(store.journal.transactions.is_empty());
        let anchor = |n| match n {
            1 => "anchor_checkpoint".to_owned(),
            n => format!("anchor_checkpoint_{n}"),
        };
        let anchors = (1..=REPEATED).map(|n| (anchor(n), n.to_string()));
        store.journal.transactions = anchors.collect();
        for (instruction, expected) in [("anchor_checkpoint", 0), ("verify", 1)] {
            store.note_reported(instruction, "a").expect("no error");
            let noted = store.journal.transactions.len();
            assert_eq!(noted, REPEATED as usize + expected, "{instruction}");
        }
        let full = (0..TRANSACTIONS).map(|n| (format!("anchor_checkpoint_{n}"), n.to_string()));
        store.journal.transactions = full.collect();
        store.note_reported("verify", "a").expect("no error");
        assert_eq!(store.journal.transactions.len(), TRANSACTIONS);
    }

    #[test]
    fn the_newest_unfinished_run_of_the_same_work_is_found() {
        let dir = tempfile::tempdir().expect("tempdir");
        let find = |user: u8, spec: u8| {
            let (user, spec) = (Address([user; 32]), Digest([spec; 32]));
            unfinished(dir.path(), user, "http://c", spec, Digest::default()).expect("read")
        };
        assert_eq!(find(1, 0), None);
        for n in [1, 3, 2] {
            create(dir.path(), n);
        }
        let newest = journal(3).job_id;
        assert_eq!(find(1, 0), Some(newest));
        assert_eq!(find(2, 0), None, "another user's");
        assert_eq!(find(1, 9), None, "other work");
        let mut store = JobStore::open(dir.path(), newest).expect("open");
        store.journal.finished = true;
        store.save().expect("save");
        assert_eq!(find(1, 0), Some(journal(2).job_id));
    }

    #[test]
    fn an_unknown_job_leaves_no_trace() {
        let dir = tempfile::tempdir().expect("tempdir");
        let id = journal(5).job_id;
        assert!(matches!(
            JobStore::open(dir.path(), id),
            Err(Error::UnknownJob(_))
        ));
        assert!(!job_dir(dir.path(), id).exists());
    }
}
