//! The epochs of a job as this engine saw them: a file with one line per event,
//! and the checkpoint chain recomputed over it.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use cyxwiz_domain::{
    Digest,
    training::{chain_genesis, chain_next},
};
use serde::{Deserialize, Serialize};

pub use super::epoch::EpochRecord;
pub(super) use super::epoch::finite;
use crate::error::{Error, Result};

/// Name of the log in a job's directory.
const FILE: &str = "epochs.jsonl";

/// What to do with an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// New, and now on the disk.
    Recorded,
    /// Seen before; nothing changed.
    Repeated,
}

/// All epochs seen so far. Appending keeps three promises: no epoch twice, none
/// left out, and each one's hash follows from all before it.
#[derive(Debug)]
pub struct EpochLog {
    path: PathBuf,
    file: File,
    genesis: Digest,
    last_seq: u64,
    records: Vec<EpochRecord>,
}

/// A line of the file. Events that are no epochs only move the number on.
#[derive(Serialize, Deserialize)]
struct Line {
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epoch: Option<EpochRecord>,
}

impl EpochLog {
    /// Opens the log in `dir` of the job that its escrow, spec and data identify.
    /// A last line torn by a crash is dropped: the node sends it again.
    ///
    /// # Errors
    /// [`Error::File`]; [`Error::Content`] when the file is another job's.
    pub fn open(dir: &Path, escrow: [u8; 32], spec: Digest, root: Digest) -> Result<Self> {
        let path = dir.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(Error::file("epoch log", path)(error)),
        };
        let whole = text
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        let file = File::options()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(Error::file("epoch log", &path))?;
        if whole < text.len() {
            file.set_len(whole as u64)
                .map_err(Error::file("epoch log", &path))?;
        }
        let mut log = Self {
            path,
            file,
            genesis: Digest(chain_genesis(escrow, spec.0, root.0)),
            last_seq: 0,
            records: Vec::new(),
        };
        for line in text[..whole]
            .split(|b| *b == b'\n')
            .filter(|line| !line.is_empty())
        {
            let line: Line = serde_json::from_slice(line)
                .map_err(|error| Error::content("epoch log", &log.path, error))?;
            if let Some(record) = line.epoch {
                log.check(&record)
                    .map_err(|problem| Error::content("epoch log", &log.path, problem))?;
                log.records.push(record);
            }
            log.last_seq = line.seq;
        }
        Ok(log)
    }

    /// Number of the newest event; where to go on after a break.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// All epochs, oldest first.
    pub fn records(&self) -> &[EpochRecord] {
        &self.records
    }

    /// Epochs seen.
    pub fn seen(&self) -> u32 {
        self.records.last().map_or(0, |record| record.epoch)
    }

    /// Head of the checkpoint chain.
    pub fn head(&self) -> Digest {
        self.records
            .last()
            .map_or(self.genesis, |record| record.checkpoint_hash)
    }

    /// Chain hash after `epoch`; of the genesis for 0.
    pub fn hash_at(&self, epoch: u32) -> Option<Digest> {
        match epoch.checked_sub(1) {
            None => Some(self.genesis),
            Some(index) => Some(self.records.get(index as usize)?.checkpoint_hash),
        }
    }

    /// Heads of the transcript's hash chain, oldest first; none in a job without a proof.
    pub fn heads(&self) -> Vec<Digest> {
        let heads = self.records.iter().filter_map(|record| record.head);
        heads.collect()
    }

    /// The record of `epoch`.
    pub fn record(&self, epoch: u32) -> Option<&EpochRecord> {
        self.records.get(epoch.checked_sub(1)? as usize)
    }

    /// Takes an epoch in.
    ///
    /// # Errors
    /// [`Refusal`] says whether the node or the disk is at fault.
    pub fn append(&mut self, record: EpochRecord) -> Result<Arrival, Refusal> {
        if record.seq <= self.last_seq {
            return self.repeated(&record).map_err(Refusal::Contradiction);
        }
        self.check(&record).map_err(Refusal::Contradiction)?;
        let seq = record.seq;
        self.write(&Line {
            seq,
            epoch: Some(record.clone()),
        })?;
        self.records.push(record);
        self.last_seq = seq;
        Ok(Arrival::Recorded)
    }

    /// Notes a kept event that is no epoch.
    ///
    /// # Errors
    /// [`Refusal::Disk`].
    pub fn pass(&mut self, seq: u64) -> Result<Arrival, Refusal> {
        if seq <= self.last_seq {
            return Ok(Arrival::Repeated);
        }
        self.write(&Line { seq, epoch: None })?;
        self.last_seq = seq;
        Ok(Arrival::Recorded)
    }

    /// Whether an epoch that is told again is still the same: its head is what the node has bound itself to.
    fn repeated(&self, record: &EpochRecord) -> Result<Arrival, String> {
        let known = self.record(record.epoch);
        let bound = |record: &EpochRecord| (record.head, record.ended_at, record.checkpoint_hash);
        match known {
            Some(known) if bound(known) != bound(record) => Err(format!(
                "epoch {} is told again with other hashes than before",
                record.epoch
            )),
            _ => Ok(Arrival::Repeated),
        }
    }

    /// Whether `record` follows the last one.
    fn check(&self, record: &EpochRecord) -> Result<(), String> {
        let expected = self.seen() + 1;
        if record.epoch != expected {
            let epoch = record.epoch;
            return Err(format!("epoch {epoch} came where {expected} was next"));
        }
        let hash = chain_next(self.head().0, record.epoch, record.weights_sha256.0);
        if hash != record.checkpoint_hash.0 {
            return Err(format!(
                "the checkpoint hash of epoch {expected} is {}, but the weights' hash makes it {}",
                record.checkpoint_hash,
                Digest(hash)
            ));
        }
        let before = self.records.last().and_then(|last| last.ended_at);
        if record.ended_at < before {
            return Err(format!(
                "epoch {expected} ended before the one that it follows"
            ));
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<(), Refusal> {
        let mut bytes = serde_json::to_vec(line).expect("a line has string keys");
        bytes.push(b'\n');
        // On the disk before it is signed for.
        let written = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data());
        written.map_err(|error| Refusal::Disk(Error::file("epoch log", &self.path)(error)))
    }
}

/// Epochs that the log in `dir` shows, 0 where there is none. Changes nothing, so that another process may be
/// writing it meanwhile.
pub fn seen(dir: &Path) -> u32 {
    let text = fs::read(dir.join(FILE)).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n');
    let records = lines.filter_map(|line| serde_json::from_slice::<Line>(line).ok()?.epoch);
    records.map(|record| record.epoch).max().unwrap_or(0)
}

/// Why an event was not taken in.
#[derive(Debug)]
pub enum Refusal {
    /// The node contradicts itself.
    Contradiction(String),
    /// Our own disk.
    Disk(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    const ESCROW: [u8; 32] = [1; 32];
    const SPEC: Digest = Digest([2; 32]);
    const ROOT: Digest = Digest([3; 32]);

    fn open(dir: &Path) -> EpochLog {
        EpochLog::open(dir, ESCROW, SPEC, ROOT).expect("open")
    }

    fn next(log: &EpochLog, seq: u64) -> EpochRecord {
        let epoch = log.seen() + 1;
        let weights = Digest([u8::try_from(epoch).expect("small"); 32]);
        EpochRecord {
            seq,
            epoch,
            train_loss: Some(0.5),
            train_accuracy: Some(0.75),
            test_loss: Some(0.25),
            test_accuracy: None,
            seconds: 0.1,
            weights_sha256: weights,
            weights_bytes: 10,
            checkpoint_hash: Digest(chain_next(log.head().0, epoch, weights.0)),
            head: Some(Digest([7; 32])),
            ended_at: Some(1_000 + u64::from(epoch)),
        }
    }

    #[test]
    fn nothing_is_lost_or_doubled_over_a_restart() {
        let dir = tempfile::tempdir().expect("tempdir");
        assert_eq!(seen(dir.path()), 0);
        let mut log = open(dir.path());
        let first = next(&log, 2);
        assert_eq!(
            log.append(first.clone()).expect("append"),
            Arrival::Recorded
        );
        assert_eq!(log.append(first).expect("again"), Arrival::Repeated);
        assert_eq!(log.pass(3).expect("pass"), Arrival::Recorded);
        drop(log);
        let mut log = open(dir.path());
        assert_eq!((log.last_seq(), log.seen()), (3, 1));
        let second = next(&log, 4);
        log.append(second).expect("append");
        assert_eq!(log.hash_at(2), Some(log.head()));
        assert_eq!(
            log.hash_at(0),
            Some(Digest(chain_genesis(ESCROW, SPEC.0, ROOT.0)))
        );
        assert_eq!(log.hash_at(3), None);
    }

    #[test]
    fn a_torn_line_is_dropped_and_taken_again() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = open(dir.path());
        let (first, path) = (next(&log, 1), dir.path().join("epochs.jsonl"));
        log.append(first).expect("append");
        let second = next(&log, 2);
        log.append(second.clone()).expect("append");
        drop(log);
        assert_eq!(seen(dir.path()), 2);
        let length = fs::metadata(&path).expect("stat").len();
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(length - 7))
            .expect("tear");
        assert_eq!(seen(dir.path()), 1);
        let mut log = open(dir.path());
        assert_eq!((log.last_seq(), log.seen()), (1, 1));
        assert_eq!(log.append(second).expect("again"), Arrival::Recorded);
        assert_eq!(open(dir.path()).seen(), 2);
    }

    #[test]
    fn a_contradiction_is_not_taken_in() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = open(dir.path());
        let honest = next(&log, 1);
        let mut skipped = honest.clone();
        skipped.epoch = 2;
        let mut forged = honest.clone();
        forged.weights_sha256 = Digest([9; 32]);
        for bad in [skipped, forged] {
            assert!(matches!(log.append(bad), Err(Refusal::Contradiction(_))));
        }
        assert_eq!((log.seen(), log.last_seq()), (0, 0));
        log.append(honest).expect("append");
    }

    #[test]
    fn an_epoch_told_again_must_have_the_same_head() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = open(dir.path());
        let told = next(&log, 1);
        log.append(told.clone()).expect("append");
        assert_eq!(log.append(told.clone()).expect("again"), Arrival::Repeated);
        let other = EpochRecord {
            head: Some(Digest([8; 32])),
            ..told
        };
        assert!(matches!(log.append(other), Err(Refusal::Contradiction(_))));
        assert_eq!(open(dir.path()).heads(), [Digest([7; 32])]);
    }

    #[test]
    fn time_does_not_run_backwards() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = open(dir.path());
        let first = next(&log, 1);
        log.append(first).expect("append");
        let early = EpochRecord {
            ended_at: Some(1_000),
            ..next(&log, 2)
        };
        assert!(matches!(log.append(early), Err(Refusal::Contradiction(_))));
    }
}
