//! Fetches weights and what belongs to them: into a `.part` file that a broken download goes on with, and
//! under the final name only once they are verified and on the disk.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use cyxwiz_domain::{Digest, spec::JobSpec};
use cyxwiz_proto::training::v1::{DownloadTranscriptRequest, DownloadWeightsRequest, FileChunk};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout};
use tonic::{Status, Streaming};

use super::{
    proof::{Expected, Received},
    session::{Session, WHO, answered},
};
use crate::{
    error::{Error, Result},
    rpc,
};

/// The node's code while it lacks the receipt for what is asked for.
const RECEIPT_PENDING: &str = "receipt_pending";
const RECEIPT_POLL: Duration = Duration::from_millis(100);
/// A receipt that takes longer was lost: connecting again sends it again.
const RECEIPT_PATIENCE: Duration = Duration::from_secs(5);
/// Silence after which a download is begun again.
const STALL: Duration = Duration::from_secs(60);
/// Bytes of a number that is learned, with what belongs to it: integers beside their floats, running statistics.
const BYTES_PER_PARAMETER: u64 = 16;
/// Bytes for names, shapes and counters.
const HEADER_BYTES: u64 = 2 << 20;

/// Which file to fetch.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What it must hold.
    pub content: Content,
    /// Where it goes.
    pub path: PathBuf,
}

/// What a file must hold.
#[derive(Debug, Clone)]
pub enum Content {
    /// Weights.
    Weights {
        /// Checkpoint of this epoch; 0 for the final weights.
        epoch: u32,
        /// What its SHA-256 must be.
        sha256: Digest,
        /// Bytes that weights of the job cannot need more of ([`weights_limit`]).
        max_bytes: u64,
    },
    /// The transcript of the work.
    Transcript(Box<Expected>),
}

impl Content {
    /// For people.
    fn name(&self) -> &'static str {
        match self {
            Self::Weights { .. } => "weights",
            Self::Transcript(_) => "transcript",
        }
    }

    /// The call that fetches it.
    fn call(&self) -> &'static str {
        match self {
            Self::Weights { .. } => "send the weights",
            Self::Transcript(_) => "send the transcript of its work",
        }
    }

    /// Bytes above which it is not what it should be.
    fn max_bytes(&self) -> u64 {
        match self {
            Self::Weights { max_bytes, .. } => *max_bytes,
            Self::Transcript(expected) => expected.max_bytes(),
        }
    }

    /// Verifies the file at `path`; of a transcript, what it commits to.
    async fn verify(&self, path: &Path) -> Result<Option<Received>> {
        let (content, path) = (self.clone(), path.to_owned());
        let verify = move || match content {
            Self::Weights { sha256, .. } => match digest_of(&path)? {
                actual if actual == sha256 => Ok(None),
                actual => Err(Error::WeightsMismatch {
                    path,
                    actual,
                    expected: sha256,
                }),
            },
            Self::Transcript(expected) => {
                let bytes = fs::read(&path).map_err(Error::file("transcript", &path))?;
                let received = expected.check(&bytes);
                received
                    .map(Some)
                    .map_err(|problem| Error::content("transcript", path, problem))
            }
        };
        let verified = tokio::task::spawn_blocking(verify).await;
        verified.expect("the verification does not panic")
    }
}

/// Bytes that a weights file of `spec` cannot need more of.
pub fn weights_limit(spec: &JobSpec) -> u64 {
    let numbers = spec.parameter_count().saturating_mul(BYTES_PER_PARAMETER);
    numbers.saturating_add(HEADER_BYTES)
}

/// Fetches and verifies; of a transcript, what it commits to. `on_bytes` hears how much is there and how
/// much there is.
///
/// # Errors
/// [`Error::WeightsMismatch`] for other weights than promised, [`Error::Content`] for another transcript and for
/// more than there can be, which are removed; transient when the connection breaks: calling again goes on from there.
pub async fn fetch(
    mut session: Session,
    wanted: &Wanted,
    mut on_bytes: impl FnMut(u64, u64),
) -> Result<Option<Received>> {
    let content = &wanted.content;
    if wanted.path.exists()
        && let Ok(verified) = content.verify(&wanted.path).await
    {
        return Ok(verified);
    }
    if let Some(parent) = wanted.path.parent() {
        fs::create_dir_all(parent).map_err(Error::file("weights directory", parent))?;
    }
    let part = part_path(&wanted.path);
    let file_error = || Error::file(content.name(), &part);
    let mut file = File::options()
        .append(true)
        .create(true)
        .open(&part)
        .map_err(file_error())?;
    let begin = file.metadata().map_err(file_error())?.len();

    let mut chunks = match open(&mut session, content, begin).await {
        Ok(chunks) => chunks,
        Err(status) if status.code() == tonic::Code::OutOfRange => {
            // More bytes here than there are: another file's remains.
            fs::remove_file(&part).map_err(file_error())?;
            return Err(passing("the partial download does not fit and was dropped"));
        }
        Err(status) => return Err(session.error(content.call(), &status)),
    };
    let (mut offset, mut total) = (begin, None);
    while let Some(chunk) = timeout(STALL, chunks.message())
        .await
        .map_err(|_| passing("nothing more came for a minute"))?
        .map_err(|status| session.error(content.call(), &status))?
    {
        if chunk.offset != offset {
            return Err(passing("a piece of the file is missing"));
        }
        offset += chunk.data.len() as u64;
        if offset.max(chunk.total_bytes) > content.max_bytes() {
            fs::remove_file(&part).map_err(file_error())?;
            let limit = content.max_bytes();
            let problem = format!("is larger than the {limit} bytes that the job can need");
            return Err(Error::content(content.name(), &wanted.path, problem));
        }
        file.write_all(&chunk.data).map_err(file_error())?;
        total = Some(chunk.total_bytes);
        on_bytes(offset, chunk.total_bytes);
    }
    if total.is_some_and(|total| offset < total) {
        return Err(passing("the file ended early"));
    }
    file.sync_all().map_err(file_error())?;
    let verified = match content.verify(&part).await {
        Ok(verified) => verified,
        Err(error) => {
            fs::remove_file(&part).map_err(file_error())?;
            return Err(match begin {
                0 => error,
                // What lay here may be what a machine that lost power has left: no fault of the node.
                _ => passing("the partial download does not fit and was dropped"),
            });
        }
    };
    rename_durably(&part, &wanted.path).map_err(Error::file(content.name(), &wanted.path))?;
    Ok(verified)
}

/// Asks for the bytes. The receipt for them is on its way by then, but on another
/// stream: the node may have to wait for it, which is no fault of the connection.
async fn open(
    session: &mut Session,
    content: &Content,
    offset: u64,
) -> Result<Streaming<FileChunk>, Status> {
    let patience = Instant::now() + RECEIPT_PATIENCE;
    loop {
        let (client, token) = (&mut session.client, &session.token);
        let answer = match content {
            Content::Weights { epoch, .. } => {
                let epoch = *epoch;
                let message = DownloadWeightsRequest { epoch, offset };
                answered(client.download_weights(rpc::authorized(message, token))).await
            }
            Content::Transcript(_) => {
                let message = DownloadTranscriptRequest { offset };
                answered(client.download_transcript(rpc::authorized(message, token))).await
            }
        };
        match answer {
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
        what: "send a file whole",
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
