//! The dataset as it arrives: one file with holes, whose chunks prove themselves
//! by their hashes, so that nothing else has to be remembered across a crash.

use std::{
    fs::{self, OpenOptions},
    io::Read as _,
    os::unix::fs::FileExt as _,
    path::PathBuf,
};

use cyxwiz_domain::{Digest, dataset::Manifest};

use super::{Job, JobError, Phase, files};

impl Job {
    /// The whole dataset, once it is there.
    pub fn dataset_path(&self) -> PathBuf {
        self.path("dataset")
    }

    fn partial_path(&self) -> PathBuf {
        self.path("dataset.partial")
    }

    /// Takes the dataset's manifest over; the same one again is harmless.
    ///
    /// # Errors
    /// [`JobError::Manifest`] when it is not the one the escrow names,
    /// [`JobError::TooLarge`].
    pub fn set_manifest(&self, manifest: &Manifest, limit_mib: u64) -> Result<(), JobError> {
        let mut inner = self.lock();
        let record = &inner.record;
        let (actual, expected) = (Digest(manifest.root()), record.dataset_root);
        if actual != expected {
            return Err(JobError::Manifest {
                actual,
                expected,
                escrow: record.escrow,
            });
        }
        // The root binds everything in it: a second one is the same.
        if inner.manifest.is_some() {
            return Ok(());
        }
        let limit = limit_mib.saturating_mul(1024 * 1024);
        if manifest.len() > limit {
            let bytes = manifest.len();
            return Err(JobError::TooLarge { bytes, limit });
        }
        files::write_json(&self.path("manifest.json"), manifest)?;
        inner.missing = (0..manifest.chunk_count()).collect();
        inner.manifest = Some(manifest.clone());
        Ok(())
    }

    /// Chunks that have not come yet, in order; `None` before the manifest has.
    pub fn missing_chunks(&self) -> Option<Vec<u32>> {
        let inner = self.lock();
        inner.manifest.as_ref()?;
        Some(inner.missing.iter().copied().collect())
    }

    /// Chunks that are on the disk.
    pub fn chunks_held(&self) -> u32 {
        let inner = self.lock();
        let all = inner.manifest.as_ref().map_or(0, Manifest::chunk_count);
        all - u32::try_from(inner.missing.len()).unwrap_or(all)
    }

    /// Checks and writes a chunk; one that is there already is passed over. Blocks
    /// on the disk.
    ///
    /// # Errors
    /// [`JobError::Chunk`] when it is not the dataset's, [`JobError::NoManifest`].
    pub fn write_chunk(&self, index: u32, bytes: &[u8]) -> Result<(), JobError> {
        let offset = {
            let inner = self.lock();
            let manifest = inner.manifest.as_ref().ok_or(JobError::NoManifest)?;
            manifest.verify_chunk(index, bytes)?;
            if !inner.missing.contains(&index) {
                return Ok(());
            }
            manifest.chunk_range(index).map_or(0, |range| range.start)
        };
        let path = self.partial_path();
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .and_then(|file| file.write_all_at(bytes, offset))
            .map_err(|error| JobError::file(&path, error))?;
        self.lock().missing.remove(&index);
        Ok(())
    }

    /// Begins the training if every chunk is there: whether it did. Blocks on the disk.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn finish_dataset(&self) -> Result<bool, JobError> {
        if self.record().phase != Phase::AwaitingData {
            return Ok(true);
        }
        let complete = self.publish_dataset()?;
        if complete {
            self.enter(Phase::Training, "the dataset is complete")?;
        }
        Ok(complete)
    }

    /// Goes on after a stop: to the training, or back to waiting for the data if the
    /// stop came before all of it. Blocks on the disk.
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn go_on(&self, why: &str) -> Result<(), JobError> {
        let phase = match self.publish_dataset()? {
            true => Phase::Training,
            false => Phase::AwaitingData,
        };
        self.enter(phase, why)
    }

    /// Gives the dataset its final name if every chunk is there: whether it has it.
    fn publish_dataset(&self) -> Result<bool, JobError> {
        // Locked throughout, so that two uploads do not both rename.
        let inner = self.lock();
        if inner.manifest.is_none() || !inner.missing.is_empty() {
            return Ok(false);
        }
        let (partial, whole) = (self.partial_path(), self.dataset_path());
        if partial.exists() {
            let publish = || {
                fs::File::open(&partial)?.sync_all()?;
                fs::rename(&partial, &whole)?;
                files::sync_parent(&whole)
            };
            publish().map_err(|error| JobError::file(&whole, error))?;
        }
        Ok(true)
    }

    /// Sees by their hashes which chunks are on the disk.
    pub(super) fn find_missing_chunks(&self) -> Result<(), JobError> {
        let mut inner = self.lock();
        let may_lack = inner.record.phase.may_lack_data();
        let Some(manifest) = inner.manifest.clone().filter(|_| may_lack) else {
            return Ok(());
        };
        let mut missing: std::collections::BTreeSet<u32> = (0..manifest.chunk_count()).collect();
        for path in [self.partial_path(), self.dataset_path()] {
            let Ok(mut file) = fs::File::open(&path) else {
                continue;
            };
            let mut chunk = Vec::new();
            for index in 0..manifest.chunk_count() {
                chunk.clear();
                let size = u64::from(manifest.chunk_size());
                std::io::Read::by_ref(&mut file)
                    .take(size)
                    .read_to_end(&mut chunk)
                    .map_err(|error| JobError::file(&path, error))?;
                if manifest.verify_chunk(index, &chunk).is_ok() {
                    missing.remove(&index);
                }
            }
        }
        inner.missing = missing;
        Ok(())
    }

    /// Frees what only the training needed; weights and events stay.
    pub fn discard_inputs(&self) {
        for path in [self.partial_path(), self.dataset_path()] {
            let _ = fs::remove_file(path);
        }
        let _ = fs::remove_dir_all(self.work_dir());
    }
}
