//! All jobs of this node.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use cyxwiz_domain::JobId;

use super::{Job, JobError, NewJob};

/// The jobs in memory, by id.
pub struct Jobs {
    dir: PathBuf,
    jobs: Mutex<HashMap<JobId, Arc<Job>>>,
}

impl Jobs {
    /// Reads all jobs below `dir`. One that cannot be read is left on the disk and
    /// reported; the others go on.
    ///
    /// # Errors
    /// [`JobError::File`] when the directory itself cannot be used.
    pub fn load(dir: &Path) -> Result<Self, JobError> {
        let at = |error| JobError::file(dir, error);
        fs::create_dir_all(dir).map_err(at)?;
        let mut jobs = HashMap::new();
        for entry in fs::read_dir(dir).map_err(at)? {
            let path = entry.map_err(at)?.path();
            match Job::load(&path) {
                Ok(Some(job)) => {
                    jobs.insert(job.id(), Arc::new(job));
                }
                // The crash came before the node had promised anything.
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "skipped a damaged job");
                }
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            jobs: Mutex::new(jobs),
        })
    }

    /// A job.
    pub fn get(&self, id: JobId) -> Option<Arc<Job>> {
        self.lock().get(&id).cloned()
    }

    /// All jobs.
    pub fn all(&self) -> Vec<Arc<Job>> {
        self.lock().values().cloned().collect()
    }

    /// Takes a job on; `None` if it is here already.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn create(&self, new: &NewJob) -> Result<Option<Arc<Job>>, JobError> {
        let mut jobs = self.lock();
        if jobs.contains_key(&new.id) {
            return Ok(None);
        }
        let job = Arc::new(Job::create(&self.dir, new)?);
        jobs.insert(new.id, Arc::clone(&job));
        Ok(Some(job))
    }

    /// Forgets a job and removes its directory.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn remove(&self, id: JobId) -> Result<(), JobError> {
        let Some(job) = self.lock().remove(&id) else {
            return Ok(());
        };
        let dir = job.path("");
        fs::remove_dir_all(&dir).map_err(|error| JobError::file(&dir, error))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, Arc<Job>>> {
        self.jobs.lock().expect("no panic while held")
    }
}
