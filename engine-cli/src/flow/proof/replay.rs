//! Repeats a whole training in integers on this machine, which finds what samples miss.

use std::{fs::File, io::BufReader, time::Instant};

use cyxwiz_domain::{Address, Digest, JobId, dataset::Table, spec::JobSpec};
use serde::Serialize;

use super::report::thousands;
use crate::{
    error::{Error, Result},
    flow::{input, journal::Journal},
};

/// What a repetition came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// The job.
    pub job_id: JobId,
    /// Steps repeated, all of them.
    pub steps: u64,
    /// Commitment of the weights that honest training ends with.
    pub replayed: Digest,
    /// What the node has committed to.
    pub committed: Digest,
    /// Whether they are the same.
    pub honest: bool,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Trains the job of `journal` again, from its data on this machine, and compares the end with `committed`.
/// `progress` hears the share done, 0 to 1. It takes seconds of one core.
///
/// # Errors
/// [`Error::Content`] for data that are gone or were changed, [`Error::Usage`] for a job that does not train
/// in integers.
pub async fn replay(
    journal: &Journal,
    spec: &JobSpec,
    escrow: Address,
    committed: Digest,
    mut progress: impl FnMut(f64),
) -> Result<Replay> {
    let job_id = journal.job_id;
    let Some(integers) = spec.integer_training() else {
        return Err(Error::Usage(format!(
            "job {job_id} does not train in integers: nobody can repeat it bit by bit here. The tier zk-exact can be"
        )));
    };
    let steps = u64::from(spec.job.epochs) * u64::from(integers.circuit.steps());
    let clock = Instant::now();
    let (path, root) = (journal.dataset.clone(), journal.dataset_root);
    let spec = spec.clone();
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let mut work = tokio::task::spawn_blocking(move || {
        if input::manifest(&path)?.root() != root.0 {
            let problem = "was changed after the job began; put the same file back";
            return Err(Error::content("dataset", path, problem));
        }
        let file = File::open(&path).map_err(Error::file("dataset", &path))?;
        let table = Table::read(BufReader::new(file), &spec)
            .map_err(|error| Error::content("dataset", &path, error))?;
        let tell = |share: f32| {
            // Nobody listens any more once the command was interrupted.
            let _ = report.send(f64::from(share));
        };
        cyxwiz_proof::job::replay(&spec, &table, escrow.0, tell)
            .map_err(|error| Error::content("dataset", &path, error))
    });
    let replayed = loop {
        tokio::select! {
            Some(share) = reports.recv() => progress(share),
            done = &mut work => break done.expect("the repetition does not panic")?,
        }
    };
    Ok(Replay {
        job_id,
        steps,
        replayed: Digest(replayed),
        committed,
        honest: replayed == committed.0,
        seconds: clock.elapsed().as_secs_f64(),
    })
}

impl Replay {
    /// For people.
    pub fn text(&self) -> String {
        let (job_id, steps) = (self.job_id, thousands(self.steps));
        if self.honest {
            format!(
                "job {job_id}: all {steps} steps repeated in {:.1} s, and the weights that the node committed to are \
                 those of honest training, to the bit",
                self.seconds
            )
        } else {
            self.problem()
        }
    }

    /// What is wrong where the training was not honest.
    pub fn problem(&self) -> String {
        format!(
            "it committed to weights {}, but all {} steps repeated here end with {}: at least one step is false",
            self.committed,
            thousands(self.steps),
            self.replayed
        )
    }
}
