//! Repeats a whole training in integers on this machine, which finds what samples miss.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    time::Instant,
};

use cyxwiz_domain::{
    Address, Digest, JobId, dataset::Table, spec::JobSpec, training::TranscriptRecord,
};
use cyxwiz_proof::{
    field::{Fr, to_word},
    intsgd::{StepId, Weights},
    job::{ExactRun, leaves_hash, read_record},
};
use serde::Serialize;

use super::report::thousands;
use crate::{
    error::{Error, Result},
    flow::{
        input,
        journal::{Journal, KeptTranscript},
    },
};

/// What a repetition came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// The job.
    pub job_id: JobId,
    /// What of the node's run was compared.
    pub compared: Compared,
    /// Steps of the job.
    pub steps: u64,
    /// The first step that is not what the rule gives, where every step was compared or the rule gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_false: Option<StepNumber>,
    /// The rule itself leaves its range there, so that nobody can have trained the job to its end.
    pub diverged: bool,
    /// Commitment of the weights that honest training ends with; absent where it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<Digest>,
    /// What the node has committed to.
    pub committed: Digest,
    /// Whether all that was compared is what the rule gives.
    pub honest: bool,
    /// Seconds that it took.
    pub seconds: f64,
}

/// What of a run is compared with its repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// The weights after each step, by the transcript that came with the last ones.
    EveryStep,
    /// The last weights alone.
    End,
}

/// A step for people: both numbers count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StepNumber {
    /// The epoch.
    pub epoch: u16,
    /// The step in it.
    pub step: u32,
}

impl From<StepId> for StepNumber {
    fn from(at: StepId) -> Self {
        Self {
            epoch: at.epoch,
            step: u32::from(at.step) + 1,
        }
    }
}

/// Trains the job of `journal` again, from its data on this machine, and compares every step where the transcript
/// is here, and in any case the end with `committed`. `progress` hears the share done, 0 to 1. It takes seconds of
/// one core.
///
/// # Errors
/// [`Error::Content`] for data that are gone and for data or a transcript that were changed, [`Error::Usage`] for a
/// job that does not train in integers.
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
    let (spec, kept) = (spec.clone(), journal.transcript.clone());
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let mut work = tokio::task::spawn_blocking(move || {
        let leaves = kept.as_ref().map(leaves).transpose()?.flatten();
        if input::manifest(&path)?.root() != root.0 {
            let problem = "was changed after the job began; put the same file back";
            return Err(Error::content("dataset", path, problem));
        }
        let file = File::open(&path).map_err(Error::file("dataset", &path))?;
        let table = Table::read(BufReader::new(file), &spec)
            .map_err(|error| Error::content("dataset", &path, error))?;
        let run = ExactRun::new(&spec, &table)
            .map_err(|error| Error::content("dataset", &path, error))?;
        let tell = |share| {
            // Nobody listens any more once the command was interrupted.
            let _ = report.send(share);
        };
        let repeated = repeat(&run, &escrow.0, spec.job.epochs, leaves.as_deref(), tell);
        Ok((repeated, leaves.is_some()))
    });
    let (repeated, every_step) = loop {
        tokio::select! {
            Some(share) = reports.recv() => progress(share),
            done = &mut work => break done.expect("the repetition does not panic")?,
        }
    };
    let replayed = repeated.end;
    Ok(Replay {
        job_id,
        compared: match every_step {
            true => Compared::EveryStep,
            false => Compared::End,
        },
        steps,
        first_false: repeated.first_false.map(StepNumber::from),
        diverged: replayed.is_none(),
        replayed,
        committed,
        honest: repeated.first_false.is_none() && replayed == Some(committed),
        seconds: clock.elapsed().as_secs_f64(),
    })
}

/// The commitments of all steps as they came with the weights; `None` where they lie here no more.
fn leaves(kept: &KeptTranscript) -> Result<Option<Vec<Vec<Fr>>>> {
    let path = &kept.path;
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file("transcript", path)(error)),
    };
    let changed = || {
        let problem = "was changed since it came; put the same file back, or take it away to have the end compared alone";
        Error::content("transcript", path, problem)
    };
    let record: TranscriptRecord = serde_json::from_slice(&bytes).map_err(|_| changed())?;
    let transcript = read_record(&record).map_err(|_| changed())?;
    if leaves_hash(&record) != kept.commits_to.leaves_hash {
        return Err(changed());
    }
    let epochs = transcript.epochs().iter();
    Ok(Some(epochs.map(|epoch| epoch.leaves.clone()).collect()))
}

/// What repeating a run showed.
#[derive(Debug, PartialEq, Eq)]
struct Repeated {
    /// Commitment of the weights it ends with; `None` where the rule leaves its range.
    end: Option<Digest>,
    /// The first step whose commitment is another, or where the rule leaves its range.
    first_false: Option<StepId>,
}

/// Trains from weights of zero, and compares the commitment of each step with `leaves` where they are there.
fn repeat(
    run: &ExactRun,
    escrow: &[u8; 32],
    epochs: u32,
    leaves: Option<&[Vec<Fr>]>,
    tell: impl Fn(f64),
) -> Repeated {
    let recipe = run.recipe(escrow);
    let mut weights = Weights::zero(run.training());
    let mut first_false = None;
    let last = u16::try_from(epochs).expect("a checked spec has no more epochs than its circuit");
    for epoch in 1..=last {
        let shown = leaves.map(|leaves| leaves.get(usize::from(epoch) - 1));
        for step in 0..recipe.steps() {
            let at = StepId { epoch, step };
            weights = match recipe.step(&weights, at) {
                Ok(after) => after,
                Err(_) => {
                    return Repeated {
                        end: None,
                        first_false: first_false.or(Some(at)),
                    };
                }
            };
            // A commitment takes longer than the step, and after a false one there is nothing left to learn.
            if let (Some(shown), None) = (shown, first_false)
                && shown.and_then(|leaves| leaves.get(usize::from(step)))
                    != Some(&weights.commitment())
            {
                first_false = Some(at);
            }
        }
        tell(f64::from(epoch) / f64::from(last));
    }
    Repeated {
        end: Some(Digest(to_word(weights.commitment()))),
        first_false,
    }
}

impl Replay {
    /// For people.
    pub fn text(&self) -> String {
        let (job_id, steps, seconds) = (self.job_id, thousands(self.steps), self.seconds);
        match (self.honest, self.compared) {
            (false, _) => self.problem(),
            (true, Compared::EveryStep) => format!(
                "job {job_id}: all {steps} steps repeated in {seconds:.1} s, and each that the node committed to is that \
                 of honest training, to the bit"
            ),
            (true, Compared::End) => format!(
                "job {job_id}: all {steps} steps repeated in {seconds:.1} s, and the weights that the node committed to are \
                 those of honest training, to the bit. The end alone was compared, since the transcript of the work is not \
                 here: of a run that left the rule and came back to it nothing would be seen"
            ),
        }
    }

    /// What is wrong where the training was not honest.
    pub fn problem(&self) -> String {
        let of = self.first_false.map_or_else(String::new, |at| {
            format!("step {} of epoch {}", at.step, at.epoch)
        });
        match (self.replayed, self.first_false) {
            (None, _) => format!(
                "{of} is where the training is false at the latest: repeated here it outgrows the range of its rule, so that \
                 nobody can have trained it to the weights {} that the node committed to",
                self.committed
            ),
            (Some(_), Some(_)) => format!(
                "{of} is the first of its {} steps that is not what the rule gives",
                thousands(self.steps)
            ),
            (Some(replayed), None) => format!(
                "it committed to weights {}, but all {} steps repeated here end with {replayed}: at least one step is false",
                self.committed,
                thousands(self.steps)
            ),
        }
    }
}

impl From<Replay> for Error {
    /// Of a repetition that has found the node dishonest.
    fn from(replay: Replay) -> Self {
        Self::Dishonest {
            job: replay.job_id,
            problem: replay.problem(),
            paid: false,
            replay: Some(Box::new(replay)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job of that rate whose rows all push the same way.
    fn run(rate: u16) -> (JobSpec, ExactRun) {
        let spec = serde_json::json!({
            "job": { "name": "bright", "epochs": 3 },
            "dataset": { "format": "csv", "shape": [64] },
            "model": { "layers": [{ "type": "linear", "out": 10, "bias": false }] },
            "training": { "loss": "hard_sigmoid", "batch": 32 },
            "optimizer": { "type": "int_sgd", "rate": rate },
            "verification": { "tier": "zk-exact", "circuit": "z64x10" },
        });
        let spec = JobSpec::from_json(spec.to_string().as_bytes()).expect("spec");
        let rows = format!("{}0\n", "1,".repeat(64)).repeat(100);
        let table = Table::read(rows.as_bytes(), &spec).expect("rows");
        let run = ExactRun::new(&spec, &table).expect("run");
        (spec, run)
    }

    #[test]
    fn a_run_that_leaves_the_rule_and_returns_is_found_by_its_steps_alone() {
        let (spec, run) = run(1);
        let (recipe, mut weights) = (run.recipe(&[7; 32]), Weights::zero(run.training()));
        let mut leaves: Vec<Vec<Fr>> = (1..=3)
            .map(|epoch| recipe.epoch(&mut weights, epoch).expect("in range"))
            .collect();
        let end = Some(Digest(to_word(weights.commitment())));
        let repeat =
            |leaves: Option<&[Vec<Fr>]>| repeat(&run, &[7; 32], spec.job.epochs, leaves, |_| {});
        let honest = Repeated {
            end,
            first_false: None,
        };
        assert_eq!(repeat(Some(&leaves)), honest);
        for step in [5, 6, 9] {
            leaves[1][step] += Fr::from(1_u64);
        }
        assert_eq!(repeat(None), honest);
        let found = repeat(Some(&leaves));
        assert_eq!(found.end, end);
        assert_eq!(found.first_false, Some(StepId { epoch: 2, step: 5 }));
        // Nor is a step that was never committed to what the rule gives.
        leaves.truncate(1);
        let found = repeat(Some(&leaves)).first_false;
        assert_eq!(found, Some(StepId { epoch: 2, step: 0 }));
    }

    #[test]
    fn nobody_trains_to_its_end_what_outgrows_its_range() {
        let (spec, run) = run(u16::MAX);
        for leaves in [None, Some(&[] as &[Vec<Fr>])] {
            let found = repeat(&run, &[7; 32], spec.job.epochs, leaves, |_| {});
            assert_eq!(found.end, None);
            assert_eq!(found.first_false.map(|at| at.epoch), Some(1));
        }
    }
}
