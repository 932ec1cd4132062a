//! The training loop: the same for every backend.

use std::{
    io,
    sync::mpsc::{Receiver, TryRecvError},
    time::{Duration, Instant, SystemTime},
};

use cyxwiz_domain::{
    Digest,
    training::{Command, EpochSummary, Event, TRANSCRIPT_FILE},
};

use crate::{Job, Progress, Store, Tally, TrainError, Trainer};

/// Time between two samples of the metrics.
pub const METRICS_INTERVAL: Duration = Duration::from_millis(500);

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// All epochs are done.
    Finished {
        /// SHA-256 of the weights.
        weights_sha256: Digest,
        /// Results of each epoch.
        epochs: Vec<EpochSummary>,
    },
    /// Stopped on request, to be resumed perhaps.
    Stopped,
}

/// Trains `job` to its end, from `resume` if given, leaving everything in `store`
/// and telling `emit` what happens. Commands are obeyed between steps. Without a
/// sender of commands the run goes on to its end.
///
/// # Errors
/// [`TrainError`]; the store then still holds the last good state.
pub fn run<T: Trainer>(
    job: &Job,
    trainer: &mut T,
    store: &Store,
    resume: Option<(Progress, Vec<u8>)>,
    commands: &Receiver<Command>,
    emit: &mut dyn FnMut(Event) -> io::Result<()>,
) -> Result<Outcome, TrainError> {
    let steps_per_epoch = job.batches(1).len() as u64;
    let mut session = Session {
        progress: fresh(job, trainer),
        job,
        trainer,
        store,
        commands,
        emit,
        steps_per_epoch,
        epoch_started: Instant::now(),
        sampled: Instant::now(),
        rows_sampled: 0,
    };
    match resume {
        Some((progress, state)) => session.resume(progress, &state)?,
        None => store.clear()?,
    }
    session.ready()?;
    while session.epochs_done() < job.spec.job.epochs {
        if session.epoch()? == Flow::Stop {
            return Ok(Outcome::Stopped);
        }
    }
    session.finish()
}

fn fresh(job: &Job, trainer: &impl Trainer) -> Progress {
    Progress {
        spec_hash: Digest(job.spec.spec_hash()),
        dataset_root: job.dataset_root,
        device: trainer.device(),
        threads: trainer.threads(),
        step_in_epoch: 0,
        tally: Tally::default(),
        epoch_seconds: 0.0,
        completed: Vec::new(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Continue,
    Stop,
}

struct Session<'a, T> {
    job: &'a Job,
    trainer: &'a mut T,
    store: &'a Store,
    commands: &'a Receiver<Command>,
    emit: &'a mut dyn FnMut(Event) -> io::Result<()>,
    progress: Progress,
    steps_per_epoch: u64,
    /// When this epoch, or its part since the last pause, began.
    epoch_started: Instant,
    sampled: Instant,
    rows_sampled: u64,
}

impl<T: Trainer> Session<'_, T> {
    fn resume(&mut self, progress: Progress, state: &[u8]) -> Result<(), TrainError> {
        let fail = |problem: String| TrainError::State {
            path: self.store.dir().to_owned(),
            problem,
        };
        let same = (progress.spec_hash, progress.dataset_root)
            == (self.progress.spec_hash, self.progress.dataset_root);
        if !same {
            return Err(fail("is of another job or dataset".to_owned()));
        }
        let here = (self.trainer.device(), self.trainer.threads());
        if self.job.spec.job.deterministic
            && (&progress.device, progress.threads) != (&here.0, here.1)
        {
            return Err(fail(format!(
                "was made on {} with {} threads, not on {} with {}, and the job is deterministic",
                progress.device, progress.threads, here.0, here.1
            )));
        }
        self.trainer.restore(state).map_err(fail)?;
        self.trainer.set_tally(progress.tally)?;
        self.rows_sampled = progress.tally.rows;
        self.progress = progress;
        Ok(())
    }

    fn ready(&mut self) -> Result<(), TrainError> {
        let split = &self.job.split;
        self.report(Event::Ready {
            device: self.trainer.device(),
            threads: self.trainer.threads(),
            train_rows: split.train.len() as u64,
            test_rows: split.test.len() as u64,
            steps_per_epoch: self.steps_per_epoch,
            parameters: self.job.spec.parameter_count(),
            completed: self.progress.completed.clone(),
        })
    }

    /// One epoch, or what is left of it.
    fn epoch(&mut self) -> Result<Flow, TrainError> {
        let job = &self.job.spec;
        let epoch = self.epochs_done() + 1;
        let lr = job
            .schedule
            .lr(job.optimizer.lr(), epoch - 1, job.job.epochs);
        self.epoch_started = Instant::now();
        self.sampled = Instant::now();
        let batches = self.job.batches(epoch);
        for batch in batches.iter().skip(self.progress.step_in_epoch as usize) {
            if self.obey()? == Flow::Stop {
                return Ok(Flow::Stop);
            }
            // Seed of the step: the position in the run, so that it needs no saving.
            let seed = u64::from(job.job.seed) << 40 ^ self.step();
            self.trainer.step(batch, lr, seed)?;
            self.progress.step_in_epoch += 1;
            if self.sampled.elapsed() >= METRICS_INTERVAL {
                self.sample()?;
            }
        }
        self.sample()?;
        self.close_epoch(epoch)?;
        Ok(Flow::Continue)
    }

    /// Tests, writes the checkpoint and reports.
    fn close_epoch(&mut self, epoch: u32) -> Result<(), TrainError> {
        let train = self.finite_tally()?;
        let test = match self.job.split.test.as_slice() {
            [] => None,
            rows => Some(self.trainer.evaluate(rows)?),
        };
        let classifies = self.job.spec.training.loss.classifies();
        let accuracy = |tally: Tally| classifies.then(|| tally.accuracy());
        let weights = self.trainer.weights()?;
        let checkpoint_file = Store::epoch_file(epoch);
        self.store.write(&checkpoint_file, &weights)?;
        let (train_loss, train_accuracy) = (train.mean_loss(), accuracy(train));
        let test_loss = test.map(|t| t.mean_loss());
        let test_accuracy = test.and_then(accuracy);
        let [a, b, c] = [train_accuracy, test_loss, test_accuracy].map(|v| v.unwrap_or(f64::NAN));
        let head = self
            .trainer
            .commit_epoch([train_loss, a, b, c], unix_time())?;
        let summary = EpochSummary {
            epoch,
            train_loss,
            train_accuracy,
            test_loss,
            test_accuracy,
            seconds: self.epoch_seconds(),
            checkpoint_file,
            checkpoint_sha256: Digest::of(&weights),
            head: head.map(|epoch| epoch.head),
            ended_at: head.map(|epoch| epoch.ended_at),
        };
        self.progress.completed.push(summary.clone());
        self.progress.step_in_epoch = 0;
        self.progress.epoch_seconds = 0.0;
        self.epoch_started = Instant::now();
        self.trainer.set_tally(Tally::default())?;
        self.rows_sampled = 0;
        // The state names the checkpoint, so it follows it: a crash in between
        // repeats the epoch and writes the same bytes again.
        self.save()?;
        self.store
            .prune(epoch, self.job.spec.job.checkpoint_every)?;
        self.report(Event::EpochDone(summary))
    }

    fn finish(&mut self) -> Result<Outcome, TrainError> {
        if let Some(transcript) = self.trainer.transcript() {
            self.store.write(TRANSCRIPT_FILE, &transcript)?;
        }
        let weights = self.trainer.weights()?;
        self.store.write(Store::WEIGHTS, &weights)?;
        let weights_sha256 = Digest::of(&weights);
        let epochs = self.progress.completed.clone();
        self.report(Event::Finished {
            weights_file: Store::WEIGHTS.to_owned(),
            weights_sha256,
            epochs: self.epochs_done(),
            test_accuracy: epochs.last().and_then(|e| e.test_accuracy),
            training_seconds: epochs.iter().map(|e| e.seconds).sum(),
        })?;
        Ok(Outcome::Finished {
            weights_sha256,
            epochs,
        })
    }

    /// Obeys the commands that have come; waits while paused.
    fn obey(&mut self) -> Result<Flow, TrainError> {
        let mut paused = false;
        loop {
            let command = match paused {
                false => self.commands.try_recv(),
                true => self.commands.recv().map_err(|_| TryRecvError::Disconnected),
            };
            let (epoch, step) = (self.epochs_done() + 1, self.step());
            match command {
                Err(TryRecvError::Empty) => return Ok(Flow::Continue),
                Err(TryRecvError::Disconnected) if !paused => return Ok(Flow::Continue),
                // Nobody is left who could end the pause.
                Err(TryRecvError::Disconnected) | Ok(Command::Stop) => {
                    self.finite_tally()?;
                    self.save()?;
                    let epochs = self.epochs_done();
                    self.report(Event::Stopped { epochs, step })?;
                    return Ok(Flow::Stop);
                }
                Ok(Command::Pause) if !paused => {
                    self.hold_clock();
                    paused = true;
                    self.report(Event::Paused { epoch, step })?;
                }
                Ok(Command::Resume) if paused => {
                    self.epoch_started = Instant::now();
                    self.sampled = Instant::now();
                    paused = false;
                    self.report(Event::Resumed { epoch, step })?;
                }
                Ok(Command::Pause | Command::Resume) => {}
                Ok(Command::CheckpointNow) => {
                    self.finite_tally()?;
                    self.save()?;
                    let epochs = self.epochs_done();
                    self.report(Event::StateSaved { epochs, step })?;
                }
            }
            if paused {
                // The time that saving and waiting take is not training.
                self.epoch_started = Instant::now();
            }
        }
    }

    /// Reports the epoch so far.
    fn sample(&mut self) -> Result<(), TrainError> {
        let tally = self.finite_tally()?;
        let elapsed = self.sampled.elapsed().as_secs_f64().max(1e-9);
        let rows = tally.rows - self.rows_sampled;
        self.sampled = Instant::now();
        self.rows_sampled = tally.rows;
        let classifies = self.job.spec.training.loss.classifies();
        self.report(Event::Metrics {
            epoch: self.epochs_done() + 1,
            step: self.step(),
            steps: self.steps_per_epoch * u64::from(self.job.spec.job.epochs),
            loss: tally.mean_loss(),
            accuracy: classifies.then(|| tally.accuracy()),
            samples_per_second: rows as f64 / elapsed,
        })
    }

    /// The tally, unless the loss has left the numbers: such a model is worth
    /// nothing, and no state of it is kept.
    fn finite_tally(&mut self) -> Result<Tally, TrainError> {
        let tally = self.trainer.tally()?;
        if tally.loss.is_finite() {
            return Ok(tally);
        }
        Err(TrainError::Diverged {
            epoch: self.epochs_done() + 1,
            step: self.step(),
        })
    }

    fn save(&mut self) -> Result<(), TrainError> {
        self.hold_clock();
        self.progress.tally = self.trainer.tally()?;
        let state = self.trainer.state()?;
        self.store.write_state(self.step(), &self.progress, &state)
    }

    /// Moves the time since `epoch_started` into the progress.
    fn hold_clock(&mut self) {
        self.progress.epoch_seconds = self.epoch_seconds();
        self.epoch_started = Instant::now();
    }

    fn epoch_seconds(&self) -> f64 {
        self.progress.epoch_seconds + self.epoch_started.elapsed().as_secs_f64()
    }

    fn epochs_done(&self) -> u32 {
        self.progress.completed.len() as u32
    }

    /// Steps done in all epochs.
    fn step(&self) -> u64 {
        u64::from(self.epochs_done()) * self.steps_per_epoch + self.progress.step_in_epoch
    }

    fn report(&mut self, event: Event) -> Result<(), TrainError> {
        (self.emit)(event).map_err(TrainError::Report)
    }
}

/// Seconds since 1970; 0 for a clock before.
fn unix_time() -> u64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    passed.map_or(0, |passed| passed.as_secs())
}
