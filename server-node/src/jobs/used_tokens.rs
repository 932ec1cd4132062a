//! Ids of job tokens that were used: none opens a second session, not even after
//! a restart.

use std::{
    collections::HashMap,
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::Mutex,
};

use cyxwiz_pki::token::TokenError;
use uuid::Uuid;

use super::{JobError, files};

/// Seconds past its expiry for which an id is kept, for clocks that differ.
const SLACK: i64 = 60;

/// The ids, in memory and in an append-only file.
#[derive(Debug)]
pub struct UsedTokens {
    path: PathBuf,
    used: Mutex<(File, HashMap<Uuid, i64>)>,
}

impl UsedTokens {
    /// Reads the file, dropping what has expired at `now` (Unix seconds).
    ///
    /// # Errors
    /// [`JobError::File`].
    pub fn open(path: &Path, now: i64) -> Result<Self, JobError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(JobError::file(path, error)),
        };
        let ids: HashMap<Uuid, i64> = text
            .lines()
            .filter_map(parse)
            .filter(|(_, expires)| expires + SLACK > now)
            .collect();
        let kept: String = ids
            .iter()
            .map(|(id, expires)| line(*id, *expires))
            .collect();
        files::write_atomic(path, kept.as_bytes())?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|error| JobError::file(path, error))?;
        Ok(Self {
            path: path.to_owned(),
            used: Mutex::new((file, ids)),
        })
    }

    /// Marks `id` as used, on the disk when this returns.
    ///
    /// # Errors
    /// [`UseError::Replayed`] if it was used before.
    pub fn use_once(&self, id: Uuid, expires: i64) -> Result<(), UseError> {
        let mut used = self.used.lock().expect("no panic while held");
        let (file, ids) = &mut *used;
        if ids.contains_key(&id) {
            return Err(UseError::Replayed(TokenError::Replayed));
        }
        // In memory first: a token whose note failed is spent all the same.
        ids.insert(id, expires);
        file.write_all(line(id, expires).as_bytes())
            .and_then(|()| file.sync_data())
            .map_err(|error| UseError::Disk(JobError::file(&self.path, error)))
    }
}

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UseError {
    /// It was used before.
    #[error(transparent)]
    Replayed(TokenError),
    /// Its use cannot be noted.
    #[error(transparent)]
    Disk(JobError),
}

fn line(id: Uuid, expires: i64) -> String {
    format!("{id} {expires}\n")
}

/// A line that was cut off is of a session that was never answered.
fn parse(line: &str) -> Option<(Uuid, i64)> {
    let (id, expires) = line.split_once(' ')?;
    Some((id.parse().ok()?, expires.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_used_once_until_it_expires_also_after_a_restart() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("used-tokens");
        let (early, late) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let tokens = UsedTokens::open(&path, 0).expect("open");
        tokens.use_once(early, 100).expect("first");
        tokens.use_once(late, 1_000).expect("first");
        assert!(matches!(
            tokens.use_once(late, 1_000),
            Err(UseError::Replayed(_))
        ));

        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(b"0000-torn"))
            .expect("tear");
        let tokens = UsedTokens::open(&path, 500).expect("reopen");
        assert!(matches!(
            tokens.use_once(late, 1_000),
            Err(UseError::Replayed(_))
        ));
        tokens.use_once(early, 600).expect("expired and forgotten");
    }
}
