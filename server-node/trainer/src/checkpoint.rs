//! The work directory: a checkpoint of the weights per epoch for the user, and
//! states to resume from. Every file appears whole or not at all.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use cyxwiz_domain::{
    Digest,
    training::{EpochSummary, TRANSCRIPT_FILE},
};
use serde::{Deserialize, Serialize};

use crate::{Tally, TrainError};

/// States kept: the newest, and one more in case it cannot be read.
const STATES_KEPT: usize = 2;
/// Epochs whose weights are kept besides those that are anchored.
const EPOCHS_KEPT: u32 = 2;
/// First bytes of a state file.
const MAGIC: &[u8; 8] = b"cyxstat1";

/// Where a run stands; with the backend's state all that a resumed run needs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The job that this belongs to.
    pub spec_hash: Digest,
    /// Root of the data's chunk manifest.
    pub dataset_root: Digest,
    /// Backend's device; another would round differently.
    pub device: String,
    /// Threads of one operation; another number would round differently.
    pub threads: u32,
    /// Steps done in the epoch in progress.
    pub step_in_epoch: u64,
    /// Sums of the epoch in progress.
    pub tally: Tally,
    /// Seconds of the epoch in progress.
    pub epoch_seconds: f64,
    /// Epochs done.
    pub completed: Vec<EpochSummary>,
}

/// The files of one job. Holds a lock on the directory.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    _lock: File,
}

impl Store {
    /// Opens `dir`, making it if need be.
    ///
    /// # Errors
    /// [`TrainError::Busy`] while another process has it open, [`TrainError::File`].
    pub fn open(dir: &Path) -> Result<Self, TrainError> {
        fs::create_dir_all(dir).map_err(at(dir))?;
        let path = dir.join("trainer.lock");
        let lock = File::create(&path).map_err(at(&path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => TrainError::Busy(dir.to_owned()),
            TryLockError::Error(error) => at(&path)(error),
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            _lock: lock,
        })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes the states and checkpoints of earlier runs.
    ///
    /// # Errors
    /// [`TrainError::File`].
    pub fn clear(&self) -> Result<(), TrainError> {
        for name in self.names()? {
            let whole = [Self::WEIGHTS, TRANSCRIPT_FILE].contains(&name.as_str());
            if whole || step_of(&name).is_some() || epoch_of(&name).is_some() {
                self.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Name of the finished weights.
    pub const WEIGHTS: &'static str = "weights.safetensors";

    /// Name of the weights after `epoch`.
    pub fn epoch_file(epoch: u32) -> String {
        format!("epoch-{epoch:07}.safetensors")
    }

    /// Writes `bytes` as `name`: whole and on the disk, or an error.
    ///
    /// # Errors
    /// [`TrainError::File`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TrainError> {
        let (path, partial) = (
            self.dir.join(name),
            self.dir.join(format!("{name}.partial")),
        );
        let write = || {
            let mut file = File::create(&partial)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&partial, &path)?;
            // The rename itself is on the disk only when the directory is.
            File::open(&self.dir)?.sync_all()
        };
        write().map_err(at(&path))
    }

    /// Writes a state after `step` steps in all, and drops older ones.
    ///
    /// # Errors
    /// [`TrainError::File`].
    pub fn write_state(
        &self,
        step: u64,
        progress: &Progress,
        state: &[u8],
    ) -> Result<(), TrainError> {
        let header =
            serde_json::to_vec(progress).expect("progress has string keys and finite floats");
        let length = (header.len() as u64).to_le_bytes();
        let mut bytes = [MAGIC, &length[..], &header, state].concat();
        let sum = Digest::of(&bytes);
        bytes.extend(sum.0);
        self.write(&format!("state-{step:012}.bin"), &bytes)?;
        let mut states = self.states()?;
        states.retain(|&s| s <= step);
        for old in states.iter().rev().skip(STATES_KEPT) {
            self.remove(&format!("state-{old:012}.bin"))?;
        }
        Ok(())
    }

    /// The newest state that can be read, if there is any state at all.
    ///
    /// # Errors
    /// [`TrainError::State`] if there are states and none can be read.
    pub fn latest(&self) -> Result<Option<(Progress, Vec<u8>)>, TrainError> {
        let mut broken = None;
        for step in self.states()?.into_iter().rev() {
            let path = self.dir.join(format!("state-{step:012}.bin"));
            match parse(&fs::read(&path).map_err(at(&path))?) {
                Some(state) => return Ok(Some(state)),
                None => broken = Some(path),
            }
        }
        match broken {
            None => Ok(None),
            Some(path) => Err(TrainError::State {
                path,
                problem: "is damaged".to_owned(),
            }),
        }
    }

    /// Drops the weights of old epochs, all but the last two and the last that is
    /// anchored (every `anchored` epochs), which the user may still fetch.
    ///
    /// # Errors
    /// [`TrainError::File`].
    pub fn prune(&self, epoch: u32, anchored: u32) -> Result<(), TrainError> {
        let last_anchor = epoch - epoch % anchored.max(1);
        for name in self.names()? {
            let Some(found) = epoch_of(&name) else {
                continue;
            };
            if found + EPOCHS_KEPT <= epoch && found != last_anchor {
                self.remove(&name)?;
            }
        }
        Ok(())
    }

    fn states(&self) -> Result<Vec<u64>, TrainError> {
        let mut states: Vec<u64> = self.names()?.iter().filter_map(|n| step_of(n)).collect();
        states.sort_unstable();
        Ok(states)
    }

    fn names(&self) -> Result<Vec<String>, TrainError> {
        let entries = fs::read_dir(&self.dir).map_err(at(&self.dir))?;
        let name =
            |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        entries
            .map(name)
            .collect::<io::Result<_>>()
            .map_err(at(&self.dir))
    }

    fn remove(&self, name: &str) -> Result<(), TrainError> {
        let path = self.dir.join(name);
        fs::remove_file(&path).map_err(at(&path))
    }
}

fn parse(bytes: &[u8]) -> Option<(Progress, Vec<u8>)> {
    let (content, sum) = bytes.split_last_chunk::<32>()?;
    if Digest::of(content).0 != *sum {
        return None;
    }
    let (length, rest) = content.strip_prefix(MAGIC)?.split_first_chunk::<8>()?;
    let (header, state) =
        rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    Some((serde_json::from_slice(header).ok()?, state.to_vec()))
}

fn step_of(name: &str) -> Option<u64> {
    name.strip_prefix("state-")?
        .strip_suffix(".bin")?
        .parse()
        .ok()
}

fn epoch_of(name: &str) -> Option<u32> {
    name.strip_prefix("epoch-")?
        .strip_suffix(".safetensors")?
        .parse()
        .ok()
}

fn at(path: &Path) -> impl Fn(io::Error) -> TrainError + '_ {
    |source| TrainError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(step_in_epoch: u64) -> Progress {
        Progress {
            spec_hash: Digest([1; 32]),
            dataset_root: Digest([2; 32]),
            device: "cpu".into(),
            threads: 1,
            step_in_epoch,
            tally: Tally {
                loss: 0.1 + 0.2,
                correct: 3,
                rows: 4,
            },
            epoch_seconds: 0.5,
            completed: vec![],
        }
    }

    #[test]
    fn the_newest_whole_state_wins() {
        let dir = tempfile::tempdir().expect("dir");
        let store = Store::open(dir.path()).expect("open");
        assert!(store.latest().expect("none yet").is_none());
        for step in [1, 2, 30] {
            store
                .write_state(step, &progress(step), &[step as u8; 100])
                .expect("write");
        }
        assert_eq!(store.states().expect("states"), [2, 30]);
        let latest = store.latest().expect("read");
        assert_eq!(latest, Some((progress(30), vec![30; 100])));

        let newest = dir.path().join("state-000000000030.bin");
        let mut bytes = fs::read(&newest).expect("read");
        bytes[60] ^= 1;
        fs::write(&newest, bytes).expect("damage");
        assert_eq!(store.latest().expect("older").expect("some").0, progress(2));
        fs::remove_file(dir.path().join("state-000000000002.bin")).expect("remove");
        assert!(matches!(store.latest(), Err(TrainError::State { .. })));
    }

    #[test]
    fn old_epochs_go_and_anchors_stay() {
        let dir = tempfile::tempdir().expect("dir");
        let store = Store::open(dir.path()).expect("open");
        for epoch in 1..=9 {
            store.write(&Store::epoch_file(epoch), b"w").expect("write");
            store.prune(epoch, 5).expect("prune");
        }
        let mut kept: Vec<_> = store
            .names()
            .expect("names")
            .iter()
            .filter_map(|n| epoch_of(n))
            .collect();
        kept.sort_unstable();
        assert_eq!(kept, [5, 8, 9]);
        store.clear().expect("clear");
        assert_eq!(store.names().expect("names"), ["trainer.lock"]);
    }

    #[test]
    fn a_directory_serves_one_trainer_at_a_time() {
        let dir = tempfile::tempdir().expect("dir");
        let first = Store::open(dir.path()).expect("open");
        assert!(matches!(Store::open(dir.path()), Err(TrainError::Busy(_))));
        drop(first);
        Store::open(dir.path()).expect("free again");
    }
}
