//! From a finished run to its proof.

use cyxwiz_domain::{dataset::Table, spec::JobSpec, training::TranscriptRecord};
use cyxwiz_statement::{Registered, Sample, Statement};
use rand::{CryptoRng, RngCore};

use super::{ExactRun, JobError, read_record};
use crate::{
    circuit::{RevealedStep, Witness},
    field::sha256,
    groth16::{Progress, Proof, Prover, Stage},
};

/// Everything that a job's proof is made from.
#[derive(Debug, Clone, Copy)]
pub struct Proving<'a> {
    /// The job.
    pub spec: &'a JobSpec,
    /// Its rows; only a job that trains in integers needs them.
    pub table: Option<&'a Table>,
    /// What its trainer left.
    pub record: &'a TranscriptRecord,
    /// The escrow's address, which decides the order of the batches.
    pub escrow: [u8; 32],
    /// What the chain asks to be shown.
    pub statement: &'a Statement,
}

impl Proving<'_> {
    /// Repeats the run up to the last step asked for, opens the steps, proves, and verifies the proof
    /// before returning it. Takes as long as proving; the run's own steps take 30 µs each.
    ///
    /// # Errors
    /// [`JobError`]; above all [`JobError::Witness`] where the statement is not about this run.
    pub fn prove(
        &self,
        prover: &Prover,
        random: &mut (impl RngCore + CryptoRng),
        mut progress: impl FnMut(Progress),
    ) -> Result<Proof, JobError> {
        progress(Progress {
            stage: Stage::Replay,
            share: 0.0,
        });
        let witness = self.witness(prover)?;
        Ok(prover.prove(&witness, random, progress)?)
    }

    fn witness(&self, prover: &Prover) -> Result<Witness, JobError> {
        let wanted = self.spec.circuit().ok_or(JobError::Floats)?;
        let other = |what, found: String| JobError::Circuit {
            what,
            found,
            wanted: wanted.name,
        };
        if self.record.circuit != wanted.name {
            return Err(other("transcript", self.record.circuit.clone()));
        }
        if *prover.circuit() != wanted.circuit {
            let found = Registered::by_id(&prover.circuit().id(sha256));
            let found = found.map_or("no registered one", |entry| entry.name);
            return Err(other("proving key", found.to_owned()));
        }
        let transcript = read_record(self.record)?;
        let steps = match wanted.circuit.training {
            Some(_) => self.steps()?,
            None => Vec::new(),
        };
        Ok(Witness::new(self.statement, &transcript, &steps)?)
    }

    /// The steps asked for, opened in the order asked.
    fn steps(&self) -> Result<Vec<RevealedStep>, JobError> {
        let run = ExactRun::new(self.spec, self.table.ok_or(JobError::NoRows)?)?;
        let samples = self.statement.challenge.samples();
        let mut steps: Vec<Option<RevealedStep>> = vec![None; samples.len()];
        run.walk(&self.escrow, |at, before, after| {
            let asked = |sample: &Sample| (sample.epoch, sample.step) == (at.epoch, at.step);
            for (step, sample) in steps.iter_mut().zip(samples) {
                if asked(sample) {
                    *step = Some(RevealedStep {
                        sample: *sample,
                        before: before.clone(),
                        after: after.clone(),
                        batch: run.dataset().batch(sample.batch).clone(),
                        batch_path: run.dataset().path(sample.batch),
                    });
                }
            }
            steps.iter().any(Option::is_none)
        })?;
        // A step that the run does not have is missed, and the witness refused for it.
        Ok(steps.into_iter().flatten().collect())
    }
}
