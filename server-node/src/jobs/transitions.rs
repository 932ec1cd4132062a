//! Changes of a job, each on the disk before it is seen, and told to the engine once.

use super::{
    Completion, Job, JobError, JobRecord, KeptEvent, PendingWrite, Phase, Settlement, files,
};

impl Job {
    /// Goes to another phase, tells the engine, and wakes the driver.
    ///
    /// # Errors
    /// [`JobError::File`]; the job then stands where it stood.
    pub fn enter(&self, phase: Phase, message: &str) -> Result<(), JobError> {
        self.update(|record| record.phase = phase)?;
        self.note_phase(message)?;
        self.wake.notify_one();
        Ok(())
    }

    /// The training cannot go on.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn fail(&self, reason: &str) -> Result<(), JobError> {
        self.update(|record| record.failure = Some(reason.to_owned()))?;
        self.enter(Phase::Failed, reason)
    }

    /// The training is done: `completion` is noted once, however often it is told.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn complete(&self, completion: Completion) -> Result<(), JobError> {
        {
            let mut inner = self.lock();
            let told = |event: &KeptEvent| matches!(event, KeptEvent::Completed { .. });
            if !inner.log.events().iter().any(told) {
                inner.log.append(KeptEvent::Completed {
                    epochs: completion.epochs,
                    test_accuracy: completion.test_accuracy,
                    weights_sha256: completion.weights_sha256,
                    weights_bytes: completion.weights_bytes,
                    training_seconds: completion.training_seconds,
                })?;
            }
        }
        self.update(|record| record.completion = Some(completion))?;
        let phase = match self.spec.verification {
            None => Phase::Trained,
            Some(_) => Phase::Proving,
        };
        self.enter(phase, "all epochs are trained")
    }

    /// Notes a write before it is sent, or that its fate is known.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn set_pending(&self, pending: Option<PendingWrite>) -> Result<(), JobError> {
        self.update(|record| record.pending = pending)
    }

    /// Tells the engine that a write has landed.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn note_write(&self, instruction: &str, signature: &str) -> Result<(), JobError> {
        let write = KeptEvent::ChainWrite {
            instruction: instruction.to_owned(),
            signature: signature.to_owned(),
        };
        let mut inner = self.lock();
        if !inner.log.events().contains(&write) {
            inner.log.append(write)?;
        }
        drop(inner);
        self.changed();
        Ok(())
    }

    /// Notes how the job ended.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn settle(&self, settlement: Settlement) -> Result<(), JobError> {
        let summary = settlement.summary.clone();
        self.update(|record| {
            record.settlement.get_or_insert(settlement);
            record.pending = None;
        })?;
        self.enter(Phase::Settled, &summary)
    }

    /// Changes the record on the disk, then in memory.
    ///
    /// # Errors
    /// [`JobError::File`]; nothing has changed then.
    pub fn update(&self, change: impl FnOnce(&mut JobRecord)) -> Result<(), JobError> {
        let mut inner = self.lock();
        let mut record = inner.record.clone();
        change(&mut record);
        if record != inner.record {
            files::write_json(&self.dir.join("job.json"), &record)?;
            inner.record = record;
        }
        drop(inner);
        self.changed();
        Ok(())
    }

    /// Adds the phase to the log, unless the last phase there is the same: so a
    /// crash between record and log is mended when the job is loaded.
    pub(super) fn note_phase(&self, message: &str) -> Result<(), JobError> {
        let mut inner = self.lock();
        let phase = inner.record.phase.to_proto(inner.paused) as i32;
        let last = inner
            .log
            .events()
            .iter()
            .rev()
            .find_map(|event| match event {
                KeptEvent::Phase { phase, .. } => Some(*phase),
                _ => None,
            });
        if last != Some(phase) {
            inner.log.append(KeptEvent::Phase {
                phase,
                message: message.to_owned(),
            })?;
        }
        drop(inner);
        self.changed();
        Ok(())
    }
}
