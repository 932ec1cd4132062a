//! Epochs, and the user's commands.

use std::{fs, path::PathBuf};

use cyxwiz_domain::{
    Digest,
    training::{EpochSummary, chain_next},
};
use cyxwiz_proto::training::v1::Command;

use super::{Control, Job, JobError, KeptEvent, Phase, files};

/// Checkpoints kept for download besides the newest that the user holds.
const CHECKPOINTS_KEPT: usize = 8;

impl Job {
    /// Records an epoch, once, however often the trainer tells of it; whether it
    /// was new.
    ///
    /// # Errors
    /// [`JobError::Inconsistent`] when an epoch is skipped, told again with other
    /// weights or another head, or comes without a head in a job that needs one.
    pub fn record_epoch(&self, summary: &EpochSummary) -> Result<bool, JobError> {
        let inconsistent = |problem: String| JobError::Inconsistent {
            id: self.id,
            problem,
        };
        let epoch = summary.epoch;
        let mut inner = self.lock();
        let done = inner.epochs_done();
        if epoch <= done {
            let known = inner.log.events().iter().find_map(|event| match event {
                KeptEvent::Epoch {
                    epoch: n,
                    weights_sha256,
                    head,
                    ..
                } if *n == epoch => Some((*weights_sha256, *head)),
                _ => None,
            });
            return match known == Some((summary.checkpoint_sha256, summary.head)) {
                true => Ok(false),
                false => Err(inconsistent(format!(
                    "epoch {epoch} was trained again and came out differently"
                ))),
            };
        }
        if epoch != done + 1 {
            return Err(inconsistent(format!("epoch {epoch} follows epoch {done}")));
        }
        if summary.head.is_some() != self.spec.verification.is_some() {
            return Err(inconsistent(format!(
                "the trainer commits to epoch {epoch} otherwise than the job's proof needs"
            )));
        }
        let chain = chain_next(
            inner.chain[done as usize].0,
            epoch,
            summary.checkpoint_sha256.0,
        );
        let weights_bytes = self.keep_checkpoint(summary, inner.receipts.held());
        inner.log.append(KeptEvent::Epoch {
            epoch,
            train_loss: summary.train_loss,
            train_accuracy: summary.train_accuracy,
            test_loss: summary.test_loss,
            test_accuracy: summary.test_accuracy,
            seconds: summary.seconds,
            chain: Digest(chain),
            weights_sha256: summary.checkpoint_sha256,
            weights_bytes,
            head: summary.head,
            ended_at: summary.ended_at,
        })?;
        inner.chain.push(Digest(chain));
        drop(inner);
        self.changed();
        Ok(true)
    }

    /// Links the epoch's weights where the trainer does not prune them, if the
    /// user is to download them; their length, 0 if they are gone already.
    fn keep_checkpoint(&self, summary: &EpochSummary, held: u32) -> u64 {
        let Some(source) = self.trainer_file(&summary.checkpoint_file) else {
            return 0;
        };
        let Ok(length) = files::open_plain(&source).and_then(|file| file.metadata()) else {
            return 0;
        };
        let wanted = summary
            .epoch
            .is_multiple_of(self.spec.job.checkpoint_every.max(1));
        if wanted {
            let target = self.checkpoint_path(summary.epoch);
            let link = || {
                fs::create_dir_all(self.path("checkpoints"))?;
                let _ = fs::remove_file(&target);
                fs::hard_link(&source, &target)
            };
            if let Err(error) = link() {
                // The user then downloads the next one.
                tracing::debug!(job = %self.id, epoch = summary.epoch, %error, "kept no checkpoint");
                return 0;
            }
            self.prune_checkpoints(held);
        }
        length.len()
    }

    /// Drops checkpoints that the user holds, and the oldest beyond a few.
    fn prune_checkpoints(&self, held: u32) {
        let Ok(entries) = fs::read_dir(self.path("checkpoints")) else {
            return;
        };
        let mut epochs: Vec<u32> = entries
            .filter_map(|entry| {
                let name = entry.ok()?.file_name().into_string().ok()?;
                name.strip_prefix("epoch-")?
                    .strip_suffix(".safetensors")?
                    .parse()
                    .ok()
            })
            .collect();
        epochs.sort_unstable();
        let surplus = epochs.len().saturating_sub(CHECKPOINTS_KEPT);
        for (i, epoch) in epochs.into_iter().enumerate() {
            if epoch < held || i < surplus {
                let _ = fs::remove_file(self.checkpoint_path(epoch));
            }
        }
    }

    /// The weights after `epoch`, if they were kept.
    pub fn checkpoint_path(&self, epoch: u32) -> PathBuf {
        self.path(&format!("checkpoints/epoch-{epoch}.safetensors"))
    }

    /// The final weights, once trained.
    pub fn weights_path(&self) -> PathBuf {
        self.path("weights.safetensors")
    }

    /// A file that the trainer names: in its own directory or nowhere.
    pub fn trainer_file(&self, name: &str) -> Option<PathBuf> {
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains('/');
        plain.then(|| self.work_dir().join(name))
    }

    /// Chain hash after `epoch`; 0 is the genesis.
    pub fn chain_hash(&self, epoch: u32) -> Option<Digest> {
        self.lock().chain.get(epoch as usize).copied()
    }

    /// Obeys the user. `now` is the chain's clock in Unix seconds, which only a stop
    /// notes. A job is stopped at a word once, and not when the deadline is near; else only
    /// by the escrow, or a user could hold this node until it fails and never cancel.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn command(&self, command: Command, now: i64) -> Result<(), JobError> {
        let (phase, stopped_before, hurry) = {
            let inner = self.lock();
            let record = &inner.record;
            (record.phase, record.stopped_at.is_some(), inner.hurry)
        };
        match command {
            Command::Unspecified => {}
            Command::Pause => self.update(|record| record.paused_by_user = true)?,
            Command::Resume => self.update(|record| record.paused_by_user = false)?,
            Command::Checkpoint => {
                self.lock().checkpoint_requests += 1;
                self.changed();
            }
            Command::Stop => {
                if stopped_before {
                    tracing::info!(job = %self.id, "stopped once already; cancel on the chain to stop it again");
                } else if hurry {
                    tracing::info!(job = %self.id, "the deadline is too near to stop; cancel on the chain to stop it");
                } else if matches!(phase, Phase::AwaitingData | Phase::Training) {
                    self.update(|record| record.stopped_at = Some(now))?;
                    self.enter(Phase::Stopped, "stopped by the user")?;
                }
            }
        }
        Ok(())
    }

    /// What the training should do now: the user may hold it, and unsigned epochs
    /// do, unless the deadline comes near.
    pub fn control(&self, receipt_lag: u32) -> Control {
        let inner = self.lock();
        if inner.record.phase != Phase::Training {
            return Control::Stop;
        }
        let done = inner.epochs_done();
        let seen = inner.receipts.seen();
        if inner.hurry || done >= inner.record.required_epochs {
            Control::Run
        } else if inner.record.paused_by_user {
            Control::Pause("paused by the user")
        } else if done.saturating_sub(seen) > receipt_lag {
            Control::Pause("waiting for the user's receipts")
        } else {
            Control::Run
        }
    }

    /// How often the user has asked for a checkpoint.
    pub fn checkpoint_requests(&self) -> u64 {
        self.lock().checkpoint_requests
    }

    /// Mean seconds of an epoch so far, if there is one.
    pub fn mean_epoch_seconds(&self) -> Option<f64> {
        let inner = self.lock();
        let seconds = inner.log.events().iter().filter_map(|event| match event {
            KeptEvent::Epoch { seconds, .. } => Some(*seconds),
            _ => None,
        });
        let (sum, count) = seconds.fold((0.0, 0u32), |(sum, n), s| (sum + s, n + 1));
        (count > 0).then(|| sum / f64::from(count))
    }

    /// Says whether the deadline is so near that nothing may wait.
    pub fn set_hurry(&self, hurry: bool) {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.hurry, hurry) != hurry {
            drop(inner);
            self.changed();
        }
    }

    /// Says that the trainer waits, or goes on.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn set_paused(&self, paused: bool, reason: &str) -> Result<(), JobError> {
        self.lock().paused = paused;
        self.note_phase(reason)
    }

    /// Says that a trainer is at work, or no longer.
    pub fn set_training(&self, training: bool) {
        let mut inner = self.lock();
        inner.training = training;
        inner.paused &= training;
        drop(inner);
        self.changed();
        self.wake.notify_one();
    }
}
