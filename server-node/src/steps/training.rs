//! Runs a job's trainer: tells it to wait or go on, records what it says, starts
//! it again when it dies, and gives up when it dies without progress.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use cyxwiz_domain::{
    Digest,
    training::{Command, EpochSummary, Event, FailureKind},
};
use cyxwiz_proto::training::v1::{self as pb, train_event::Body};
use tokio::time::sleep;

use crate::{
    coordinator_client::Report,
    jobs::{Completion, Control, Job, JobError, files},
    metrics,
    node::Node,
    steps::{
        proving::read_rows,
        terms::{TermsError, check_rows},
        transcript,
    },
    trainer_process::{Binding, Run, TrainerError, TrainerProcess},
};

/// Deaths in a row without an epoch between them that end the job.
const MAX_DEATHS: u32 = 3;
/// Wait after the first death; it doubles.
const RESTART: Duration = Duration::from_millis(500);
/// Characters of the trainer's reason for a failure that are kept.
const MAX_REASON: usize = 4_096;

/// How one run of the trainer ended.
#[derive(Debug)]
enum End {
    /// All epochs are done and noted.
    Trained,
    /// The job no longer wants to be trained, or the node ends.
    Stopped,
    /// It cannot go on.
    Hopeless(String),
    /// It may go on when started again.
    Died(String),
}

/// Why a run must be given up on this side.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Trainer(#[from] TrainerError),
    #[error(transparent)]
    Job(#[from] JobError),
}

/// Starts the trainer of `job` and looks after it in a task of its own.
pub fn start(node: &Arc<Node>, job: &Arc<Job>) {
    job.set_training(true);
    let (node_, job) = (Arc::clone(node), Arc::clone(job));
    node.tasks.spawn(async move {
        let result = supervise(&node_, &job).await;
        if let Err(error) = result {
            tracing::error!(job = %job.id(), %error, "failed to note how the training ended");
            // The driver starts it again; a full disk should not make that a race.
            sleep(RESTART * 4).await;
        }
        job.set_training(false);
    });
}

async fn supervise(node: &Node, job: &Arc<Job>) -> Result<(), JobError> {
    match on_disk(job, rows_problem).await {
        Ok(None) => {}
        Ok(Some(problem)) => return job.fail(&problem),
        // Rows that the reader chokes on would be read again and again.
        Err(error @ JobError::Inconsistent { .. }) => return job.fail(&error.to_string()),
        Err(error) => return Err(error),
    }
    let mut deaths = 0;
    loop {
        let before = job.local().epochs_done;
        let end = match run(node, job).await {
            Ok(end) => end,
            // A trainer that tells nonsense may have been killed mid-line.
            Err(RunError::Trainer(error)) => End::Died(error.to_string()),
            Err(RunError::Job(error @ JobError::Inconsistent { .. })) => {
                End::Hopeless(error.to_string())
            }
            Err(RunError::Job(JobError::File { path, source }))
                if path.starts_with(job.work_dir()) =>
            {
                End::Died(unreadable(&path, &source))
            }
            Err(RunError::Job(error)) => return Err(error),
        };
        let reason = match end {
            End::Trained | End::Stopped => return Ok(()),
            End::Hopeless(reason) => return job.fail(&reason),
            End::Died(reason) => reason,
        };
        deaths = if job.local().epochs_done > before {
            1
        } else {
            deaths + 1
        };
        tracing::warn!(job = %job.id(), deaths, reason, "the trainer died");
        if deaths >= MAX_DEATHS {
            let reason =
                format!("the trainer died {deaths} times without an epoch between: {reason}");
            return job.fail(&reason);
        }
        let wait = RESTART * 2u32.pow(deaths - 1);
        tokio::select! {
            () = sleep(wait) => {}
            () = node.shutdown.cancelled() => return Ok(()),
        }
    }
}

/// What the trainer has left as something that cannot be read. Its engine is told of it too: no path of this
/// machine.
fn unreadable(path: &Path, error: &io::Error) -> String {
    let name = path.file_name().unwrap_or_default().display();
    format!("its {name} cannot be read: {error}")
}

/// One run, from start to end.
async fn run(node: &Node, job: &Arc<Job>) -> Result<End, RunError> {
    let class = job.spec().runtime_class();
    let threads = match class {
        Some(class) => class.threads(),
        None => job
            .record()
            .threads
            .unwrap_or_else(|| job.spec().useful_threads(node.settings.threads())),
    };
    let binding = job.record().proof.map(|terms| Binding {
        escrow: job.record().escrow,
        context: terms.context,
    });
    job.update(|record| record.threads = Some(threads))?;
    let (spec, data) = (job.path("spec.json"), job.dataset_path());
    let (work, log) = (job.work_dir(), job.path("trainer.log"));
    let mut trainer = TrainerProcess::spawn(
        &node.settings,
        &Run {
            spec: &spec,
            data: &data,
            work: &work,
            log: &log,
            threads,
            seconds: node.settings.limits.wall_clock.as_secs(),
            binding,
            class,
        },
    )?;
    let mut changes = job.changes();
    let mut held: Option<&'static str> = None;
    let mut checkpoints = job.checkpoint_requests();
    let overtime = sleep(node.settings.limits.wall_clock);
    tokio::pin!(overtime);
    loop {
        match job.control(node.settings.jobs.receipt_lag) {
            Control::Stop => {
                trainer.kill().await;
                return Ok(End::Stopped);
            }
            Control::Pause(reason) if held.is_none() => {
                held = Some(reason);
                tell(&mut trainer, Command::Pause).await;
            }
            Control::Run if held.take().is_some() => tell(&mut trainer, Command::Resume).await,
            _ => {}
        }
        if job.checkpoint_requests() != checkpoints {
            checkpoints = job.checkpoint_requests();
            tell(&mut trainer, Command::CheckpointNow).await;
        }
        let event = tokio::select! {
            event = trainer.next_event() => event?,
            _ = changes.changed() => continue,
            () = node.shutdown.cancelled() => {
                trainer.stop().await;
                return Ok(End::Stopped);
            }
            () = &mut overtime => {
                trainer.kill().await;
                return Ok(End::Hopeless("the job takes longer than this node allows".to_owned()));
            }
        };
        let Some(event) = event else {
            return Ok(End::Died(trainer.ended().await.to_string()));
        };
        if let Some(end) = handle(node, job, event, held.unwrap_or("paused")).await? {
            trainer.kill().await;
            return Ok(end);
        }
    }
}

/// Tells the trainer something. If it has ended, its last events say why.
async fn tell(trainer: &mut TrainerProcess, command: Command) {
    if let Err(error) = trainer.send(command).await {
        tracing::debug!(%error, ?command, "failed to tell the trainer something");
    }
}

/// Notes an event; the end of the run if it is one.
async fn handle(
    node: &Node,
    job: &Arc<Job>,
    event: Event,
    held: &str,
) -> Result<Option<End>, JobError> {
    match event {
        Event::Ready {
            device, completed, ..
        } => {
            tracing::info!(job = %job.id(), device, resumed_after = completed.len(), "training");
            for summary in &completed {
                record(node, job, summary)?;
            }
        }
        Event::Metrics {
            epoch,
            step,
            steps,
            loss,
            accuracy,
            samples_per_second,
        } => job.sample(Body::Metrics(pb::Metrics {
            epoch,
            step,
            steps,
            loss,
            accuracy: accuracy.unwrap_or(f64::NAN),
            samples_per_second,
        })),
        Event::EpochDone(summary) => record(node, job, &summary)?,
        Event::Paused { .. } => job.set_paused(true, held)?,
        Event::Resumed { .. } => job.set_paused(false, "")?,
        Event::StateSaved { .. } => {}
        // Only ever asked for while the node ends.
        Event::Stopped { .. } => return Ok(Some(End::Stopped)),
        Event::Finished {
            weights_file,
            weights_sha256,
            epochs,
            test_accuracy,
            training_seconds,
        } => {
            let publish = move |job: &Job| {
                let length = publish_weights(job, &weights_file, weights_sha256)?;
                if job.spec().verification.is_some() {
                    transcript::publish(job).map(drop)?;
                }
                Ok(length)
            };
            let weights_bytes = on_disk(job, publish).await?;
            job.complete(Completion {
                epochs,
                test_accuracy,
                weights_sha256,
                weights_bytes,
                training_seconds,
            })?;
            return Ok(Some(End::Trained));
        }
        Event::Failed { kind, message } => {
            let message: String = message.chars().take(MAX_REASON).collect();
            return Ok(Some(match kind {
                // A full disk or a fault may pass; the count of deaths bounds it.
                FailureKind::Storage | FailureKind::Internal => End::Died(message),
                FailureKind::Spec
                | FailureKind::Dataset
                | FailureKind::Diverged
                | FailureKind::OutOfMemory
                | FailureKind::Device => End::Hopeless(message),
            }));
        }
    }
    Ok(None)
}

/// Runs what hashes or reads files that may be large, away from the tasks that must not wait.
async fn on_disk<T: Send + 'static>(
    job: &Arc<Job>,
    work: impl FnOnce(&Job) -> Result<T, JobError> + Send + 'static,
) -> Result<T, JobError> {
    let held = Arc::clone(job);
    let done = tokio::task::spawn_blocking(move || work(&held)).await;
    done.map_err(|panic| JobError::Inconsistent {
        id: job.id(),
        problem: panic.to_string(),
    })?
}

/// Why training on these rows could never be proven, if so: the user has pinned others. Rows that
/// cannot be read are for the trainer to name.
fn rows_problem(job: &Job) -> Result<Option<String>, JobError> {
    let record = job.record();
    let (Some(terms), Some(_)) = (record.proof, job.spec().integer_training()) else {
        return Ok(None);
    };
    let Ok(table) = read_rows(job) else {
        return Ok(None);
    };
    let checked = check_rows(job.spec(), &table, record.dataset_root, &terms);
    Ok(checked.err().map(|error: TermsError| error.to_string()))
}

fn record(node: &Node, job: &Job, summary: &EpochSummary) -> Result<(), JobError> {
    if job.record_epoch(summary)? {
        metrics::count_epoch(summary.seconds);
        node.report(Report::Progress {
            job: job.id(),
            epochs_done: summary.epoch,
            loss: summary.train_loss,
        });
    }
    Ok(())
}

/// Puts the weights where engines fetch them, if they are what the trainer says;
/// their length. Nothing it says is taken on trust: the chain will hold this node to it.
fn publish_weights(job: &Job, name: &str, expected: Digest) -> Result<u64, JobError> {
    let inconsistent = |problem: String| JobError::Inconsistent {
        id: job.id(),
        problem,
    };
    let source = job
        .trainer_file(name)
        .ok_or_else(|| inconsistent(format!("the trainer names '{name}' as its weights")))?;
    let (actual, length) =
        files::digest(&source).map_err(|error| JobError::file(&source, error))?;
    if actual != expected {
        return Err(inconsistent(format!(
            "its weights have the SHA-256 {actual}, but the trainer says {expected}"
        )));
    }
    let target = job.weights_path();
    let publish = || {
        let _ = fs::remove_file(&target);
        fs::hard_link(&source, &target)?;
        files::sync_parent(&target)
    };
    publish().map_err(|error| JobError::file(&target, error))?;
    Ok(length)
}
