//! The events of a job, kept so that an engine that was away misses none: one
//! JSON object a line, appended and on the disk before anyone is told.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use cyxwiz_domain::Digest;
use cyxwiz_proto::training::v1::{self as pb, train_event::Body};
use serde::{Deserialize, Serialize};

use super::JobError;

/// An event that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KeptEvent {
    /// An epoch is done.
    Epoch {
        /// From 1.
        epoch: u32,
        /// Mean over the rows trained on.
        train_loss: f64,
        /// Share of them that was right.
        train_accuracy: Option<f64>,
        /// Mean over the rows held out.
        test_loss: Option<f64>,
        /// Share of them that is right.
        test_accuracy: Option<f64>,
        /// Duration.
        seconds: f64,
        /// Checkpoint chain after it.
        chain: Digest,
        /// SHA-256 of the weights after it.
        weights_sha256: Digest,
        /// Length of the weights after it.
        weights_bytes: u64,
        /// Head of the transcript's hash chain after it; `None` in a job without a proof.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<Digest>,
        /// When it ended, as that transcript has it, Unix seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended_at: Option<u64>,
    },
    /// The job stands elsewhere.
    Phase {
        /// As engines are told.
        phase: i32,
        /// For people.
        message: String,
    },
    /// All epochs are done.
    Completed {
        /// All of them.
        epochs: u32,
        /// On the rows held out.
        test_accuracy: Option<f64>,
        /// SHA-256 of the weights.
        weights_sha256: Digest,
        /// Length of the weights.
        weights_bytes: u64,
        /// Seconds trained.
        training_seconds: f64,
    },
    /// The proof is made.
    Proved {
        /// The circuit's name.
        circuit: String,
        /// Its constraints.
        constraints: u64,
        /// Seconds that proving took, the key's loading not counted.
        seconds: f64,
    },
    /// A transaction has landed.
    ChainWrite {
        /// Name of its main instruction.
        instruction: String,
        /// Base58.
        signature: String,
    },
}

impl KeptEvent {
    /// The message that engines get. What a model does not have (an accuracy, rows
    /// held out) is NaN there.
    pub fn to_proto(&self, seq: u64) -> pb::TrainEvent {
        let number = |value: &Option<f64>| value.unwrap_or(f64::NAN);
        let body = match self {
            Self::Epoch {
                epoch,
                train_loss,
                train_accuracy,
                test_loss,
                test_accuracy,
                seconds,
                chain,
                weights_sha256,
                weights_bytes,
                head,
                ended_at,
            } => Body::Epoch(pb::Epoch {
                epoch: *epoch,
                train_loss: *train_loss,
                train_accuracy: number(train_accuracy),
                test_loss: number(test_loss),
                test_accuracy: number(test_accuracy),
                seconds: *seconds,
                checkpoint_hash: chain.to_vec(),
                weights_sha256: weights_sha256.to_vec(),
                weights_bytes: *weights_bytes,
                head: head.map_or_else(Vec::new, |head| head.to_vec()),
                ended_at: ended_at.unwrap_or(0),
            }),
            Self::Phase { phase, message } => Body::Phase(pb::PhaseChanged {
                phase: *phase,
                message: message.clone(),
            }),
            Self::Completed {
                epochs,
                test_accuracy,
                weights_sha256,
                weights_bytes,
                training_seconds,
            } => Body::Completed(pb::Completed {
                epochs: *epochs,
                test_accuracy: number(test_accuracy),
                weights_sha256: weights_sha256.to_vec(),
                weights_bytes: *weights_bytes,
                training_seconds: *training_seconds,
            }),
            Self::Proved {
                circuit,
                constraints,
                seconds,
            } => Body::Proved(pb::Proved {
                circuit: circuit.clone(),
                constraints: *constraints,
                seconds: *seconds,
            }),
            Self::ChainWrite {
                instruction,
                signature,
            } => Body::ChainWrite(pb::ChainWrite {
                instruction: instruction.clone(),
                signature: signature.clone(),
            }),
        };
        pb::TrainEvent {
            seq,
            body: Some(body),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Line<E> {
    seq: u64,
    event: E,
}

/// The file and what is in it. Sequence numbers begin with 1.
#[derive(Debug)]
pub struct EventLog {
    path: PathBuf,
    file: File,
    length: u64,
    events: Vec<KeptEvent>,
}

impl EventLog {
    /// Opens the log, making it if need be. A last line that was cut off by a
    /// crash is removed: nobody has been told of it.
    ///
    /// # Errors
    /// [`JobError::Log`] when an earlier line is damaged, [`JobError::File`].
    pub fn open(path: &Path) -> Result<Self, JobError> {
        let at = |source| JobError::file(path, source);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(at)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(at)?;
        let (mut events, mut length) = (Vec::new(), 0);
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let is_last = length + line.len() == bytes.len();
            let parsed: Option<Line<KeptEvent>> = line
                .ends_with(b"\n")
                .then(|| serde_json::from_slice(line).ok())
                .flatten()
                .filter(|parsed: &Line<_>| parsed.seq == events.len() as u64 + 1);
            match parsed {
                Some(line) => events.push(line.event),
                None if is_last => break,
                None => {
                    return Err(JobError::Log {
                        path: path.to_owned(),
                        line: events.len() + 1,
                    });
                }
            }
            length += line.len();
        }
        let length = length as u64;
        file.set_len(length).map_err(at)?;
        file.seek(SeekFrom::End(0)).map_err(at)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            length,
            events,
        })
    }

    /// Appends an event; its sequence number, once it is on the disk.
    ///
    /// # Errors
    /// [`JobError::File`]; the event is then not in the log.
    pub fn append(&mut self, event: KeptEvent) -> Result<u64, JobError> {
        let seq = self.last_seq() + 1;
        let mut line = serde_json::to_vec(&Line { seq, event: &event })
            .map_err(|error| JobError::file(&self.path, error.into()))?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // No half line may stand before the next one.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::End(0));
            return Err(JobError::file(&self.path, source));
        }
        self.length += line.len() as u64;
        self.events.push(event);
        Ok(seq)
    }

    /// Sequence number of the newest event, 0 if there is none.
    pub fn last_seq(&self) -> u64 {
        self.events.len() as u64
    }

    /// The events, oldest first.
    pub fn events(&self) -> &[KeptEvent] {
        &self.events
    }

    /// At most `limit` events after `seq`, with their numbers.
    pub fn after(&self, seq: u64, limit: usize) -> Vec<(u64, KeptEvent)> {
        let from = usize::try_from(seq)
            .unwrap_or(usize::MAX)
            .min(self.events.len());
        let events = self.events[from..].iter().take(limit);
        events
            .enumerate()
            .map(|(i, event)| ((from + i) as u64 + 1, event.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn event(n: u32) -> KeptEvent {
        KeptEvent::Phase {
            phase: 1,
            message: format!("event {n}"),
        }
    }

    #[test]
    fn a_torn_last_line_is_forgotten_and_its_number_used_again() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("events.jsonl");
        let mut log = EventLog::open(&path).expect("open");
        for n in 1..=3 {
            assert_eq!(log.append(event(n)).expect("append"), u64::from(n));
        }
        let whole = fs::read(&path).expect("read");
        let second_end = whole.len() - whole.len() / 3;
        for cut in second_end + 1..whole.len() {
            fs::write(&path, &whole[..cut]).expect("tear");
            let mut log = EventLog::open(&path).expect("open");
            assert_eq!(log.events(), [event(1), event(2)], "cut at {cut}");
            assert_eq!(log.append(event(3)).expect("append"), 3);
            assert_eq!(fs::read(&path).expect("read"), whole);
        }
    }

    #[test]
    fn damage_before_the_end_is_an_error() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("events.jsonl");
        let mut log = EventLog::open(&path).expect("open");
        for n in 1..=3 {
            log.append(event(n)).expect("append");
        }
        let mut bytes = fs::read(&path).expect("read");
        bytes[3] = b'x';
        fs::write(&path, bytes).expect("damage");
        assert!(matches!(
            EventLog::open(&path),
            Err(JobError::Log { line: 1, .. })
        ));
    }

    #[test]
    fn a_reader_goes_on_where_it_was() {
        let dir = tempfile::tempdir().expect("dir");
        let mut log = EventLog::open(&dir.path().join("events.jsonl")).expect("open");
        for n in 1..=5 {
            log.append(event(n)).expect("append");
        }
        let seqs = |after, limit| {
            let events = log.after(after, limit);
            events.into_iter().map(|(seq, _)| seq).collect::<Vec<_>>()
        };
        assert_eq!(seqs(0, 2), [1, 2]);
        assert_eq!(seqs(3, 10), [4, 5]);
        assert!(seqs(5, 10).is_empty() && seqs(u64::MAX, 10).is_empty());
    }
}
