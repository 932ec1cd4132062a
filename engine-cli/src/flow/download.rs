//! Fetches weights: into a `.part` file that a broken download goes on with, and
//! under the final name only once they are verified and on the disk.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use cyxwiz_domain::Digest;
use cyxwiz_proto::training::v1::{DownloadWeightsRequest, FileChunk};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tonic::{Status, Streaming};

use super::session::{Session, WHO};
use crate::{
    error::{Error, Result},
    rpc,
};

/// The node's code while it lacks the receipt for what is asked for.
const RECEIPT_PENDING: &str = "receipt_pending";
const RECEIPT_POLL: Duration = Duration::from_millis(100);
/// A receipt that takes longer was lost: connecting again sends it again.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(5);

/// Which file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Checkpoint of this epoch; 0 for the final weights.
    pub epoch: u32,
    /// What its SHA-256 must be.
    pub sha256: Digest,
    /// Where it goes.
    pub path: PathBuf,
}

/// Fetches and verifies. `on_bytes` hears how much is there and how much there is.
///
/// # Errors
/// [`Error::WeightsMismatch`] for other bytes than promised, which are removed;
/// transient when the connection breaks: calling again goes on from there.
pub async fn fetch(
    mut session: Session,
    wanted: &Wanted,
    mut on_bytes: impl FnMut(u64, u64),
) -> Result<()> {
    if wanted.path.exists() && digest_of(&wanted.path)? == wanted.sha256 {
        return Ok(());
    }
    if let Some(parent) = wanted.path.parent() {
        fs::create_dir_all(parent).map_err(Error::file("weights directory", parent))?;
    }
    let part = part_path(&wanted.path);
    let file_error = || Error::file("weights", &part);
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(&part)
        .map_err(file_error())?;
    let mut offset = file.metadata().map_err(file_error())?.len();

    let message = DownloadWeightsRequest {
        epoch: wanted.epoch,
        offset,
    };
    let mut chunks = match open(&mut session, message).await {
        Ok(chunks) => chunks,
        Err(status) if status.code() == tonic::Code::OutOfRange => {
            // More bytes here than there are: another file's remains.
            fs::remove_file(&part).map_err(file_error())?;
            return Err(passing("the partial download does not fit and was dropped"));
        }
        Err(status) => return Err(session.error("send the weights", &status)),
    };
    let mut total = None;
    while let Some(chunk) = chunks
        .message()
        .await
        .map_err(|status| session.error("send the weights", &status))?
    {
        if chunk.offset != offset {
            return Err(passing("a piece of the weights is missing"));
        }
        file.write_all(&chunk.data).map_err(file_error())?;
        offset += chunk.data.len() as u64;
        total = Some(chunk.total_bytes);
        on_bytes(offset, chunk.total_bytes);
    }
    if total.is_some_and(|total| offset < total) {
        return Err(passing("the weights ended early"));
    }
    file.sync_all().map_err(file_error())?;
    let actual = digest_of(&part)?;
    if actual != wanted.sha256 {
        fs::remove_file(&part).map_err(file_error())?;
        return Err(Error::WeightsMismatch {
            path: part,
            actual,
            expected: wanted.sha256,
        });
    }
    rename_durably(&part, &wanted.path).map_err(Error::file("weights", &wanted.path))
}

/// Asks for the bytes. The receipt for them is on its way by then, but on another
/// stream: the node may have to wait for it, which is no fault of the connection.
async fn open(
    session: &mut Session,
    message: DownloadWeightsRequest,
) -> Result<Streaming<FileChunk>, Status> {
    let patience = Instant::now() + RECEIPT_PATIENCE;
    loop {
        let request = rpc::authorized(message, &session.token);
        match session.client.download_weights(request).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) if rpc::code(&status) == RECEIPT_PENDING && Instant::now() < patience => {
                tokio::time::sleep(RECEIPT_POLL).await;
            }
            Err(status) => return Err(status),
        }
    }
}

/// SHA-256 of a file.
///
/// # Errors
/// [`Error::File`].
pub fn digest_of(path: &Path) -> Result<Digest> {
    let hash = || -> io::Result<Digest> {
        let mut file = File::open(path)?;
        let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Digest(hasher.finalize().into())),
                count => hasher.update(&buffer[..count]),
            }
        }
    };
    hash().map_err(Error::file("weights", path))
}

fn part_path(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
}

/// A fault that the next attempt mends.
fn passing(problem: &str) -> Error {
    Error::Refused {
        who: WHO,
        what: "send the weights",
        code: "incomplete".into(),
        message: problem.into(),
        passing: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partial_file_keeps_the_whole_name() {
        let part = part_path(Path::new("dir/weights.safetensors"));
        assert_eq!(part, Path::new("dir/weights.safetensors.part"));
    }

    #[test]
    fn the_digest_is_the_files() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("w");
        fs::write(&path, b"weights").expect("write");
        assert_eq!(digest_of(&path).expect("digest"), Digest::of(b"weights"));
    }
}
