//! What node and trainer process say to each other: one JSON object per line,
//! commands on the trainer's standard input, events on its standard output.

use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// Node to trainer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Stop stepping and wait; answered by [`Event::Paused`].
    Pause,
    /// Go on; answered by [`Event::Resumed`].
    Resume,
    /// Write a resumable state and exit; answered by [`Event::Stopped`].
    Stop,
    /// Write a resumable state and go on; answered by [`Event::StateSaved`].
    CheckpointNow,
}

/// Trainer to node. The last line of a run is `Finished`, `Stopped` or `Failed`;
/// a run that ends without one of them was killed and can be resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Spec and data are read and the model is built; training begins.
    Ready {
        /// Like `cpu` or `cuda:0`.
        device: String,
        /// Threads of one operation.
        threads: u32,
        /// Rows trained on.
        train_rows: u64,
        /// Rows held out.
        test_rows: u64,
        /// Steps of one epoch.
        steps_per_epoch: u64,
        /// Numbers that the model learns.
        parameters: u64,
        /// Epochs that an earlier run has done, oldest first. One of them may be
        /// new to the node: the trainer may have died before its line was read.
        completed: Vec<EpochSummary>,
    },
    /// A sample, at least every second and at the end of each epoch.
    Metrics {
        /// Epoch in progress, from 1.
        epoch: u32,
        /// Steps done in all epochs.
        step: u64,
        /// Steps of all epochs.
        steps: u64,
        /// Mean loss of this epoch so far.
        loss: f64,
        /// Share of the rows of this epoch so far that were right; absent where
        /// the model predicts a number.
        accuracy: Option<f64>,
        /// Rows a second since the last sample.
        samples_per_second: f64,
    },
    /// An epoch is done and its checkpoint is on disk.
    EpochDone(EpochSummary),
    /// Training waits for [`Command::Resume`].
    Paused {
        /// Epoch in progress, from 1.
        epoch: u32,
        /// Steps done in all epochs.
        step: u64,
    },
    /// Training goes on.
    Resumed {
        /// Epoch in progress, from 1.
        epoch: u32,
        /// Steps done in all epochs.
        step: u64,
    },
    /// A resumable state is on disk.
    StateSaved {
        /// Epochs done.
        epochs: u32,
        /// Steps done in all epochs.
        step: u64,
    },
    /// The run has ended on request; it can be resumed.
    Stopped {
        /// Epochs done.
        epochs: u32,
        /// Steps done in all epochs.
        step: u64,
    },
    /// All epochs are done and the weights are on disk.
    Finished {
        /// File name in the work directory.
        weights_file: String,
        /// SHA-256 of that file; also that of the last epoch's checkpoint.
        weights_sha256: Digest,
        /// Epochs done.
        epochs: u32,
        /// On the held-out rows after the last epoch.
        test_accuracy: Option<f64>,
        /// Seconds spent training in all runs, pauses not counted.
        training_seconds: f64,
    },
    /// The run has ended and will not go on by itself.
    Failed {
        /// What kind of fault.
        kind: FailureKind,
        /// For people.
        message: String,
    },
}

/// Results of one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochSummary {
    /// From 1.
    pub epoch: u32,
    /// Mean over the rows trained on, while training.
    pub train_loss: f64,
    /// Share of them that was right, while training; absent for numbers.
    pub train_accuracy: Option<f64>,
    /// Mean over the rows held out; absent where there are none.
    pub test_loss: Option<f64>,
    /// Share of them that is right; absent for numbers or where there are none.
    pub test_accuracy: Option<f64>,
    /// Seconds of this epoch, pauses not counted.
    pub seconds: f64,
    /// File name in the work directory: the weights after this epoch, safetensors.
    pub checkpoint_file: String,
    /// SHA-256 of that file.
    pub checkpoint_sha256: Digest,
    /// Where every step is committed to: the head of the transcript's hash chain after this epoch, a
    /// word of 32 bytes, big-endian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Digest>,
    /// When the epoch ended as that transcript has it, Unix time in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
}

/// Kinds of fault, by who can mend them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The spec is wrong: the user's to mend.
    Spec,
    /// The dataset does not fit the spec: the user's to mend.
    Dataset,
    /// The loss is no longer a number, or training in integers left its range: the user's to mend (a smaller rate).
    Diverged,
    /// Not enough memory.
    OutOfMemory,
    /// The device asked for is not there, or the job's runtime class cannot be kept here.
    Device,
    /// Files cannot be read or written, or the state on disk is another job's.
    Storage,
    /// A fault of the trainer itself.
    Internal,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_the_documentation_says() {
        let line = serde_json::to_string(&Command::CheckpointNow).expect("json");
        assert_eq!(line, r#"{"command":"checkpoint_now"}"#);
        let event = Event::EpochDone(EpochSummary {
            epoch: 3,
            train_loss: 0.5,
            train_accuracy: Some(0.75),
            test_loss: None,
            test_accuracy: None,
            seconds: 1.25,
            checkpoint_file: "epoch-000003.safetensors".into(),
            checkpoint_sha256: Digest([0xab; 32]),
            head: None,
            ended_at: None,
        });
        let line = serde_json::to_string(&event).expect("json");
        assert!(
            line.starts_with(r#"{"event":"epoch_done","epoch":3,"train_loss":0.5,"#),
            "{line}"
        );
        assert_eq!(serde_json::from_str::<Event>(&line).expect("read"), event);
    }
}
