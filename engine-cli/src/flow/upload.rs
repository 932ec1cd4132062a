//! Sends the node the chunks of the dataset that it lacks.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    time::Duration,
};

use cyxwiz_domain::dataset::Manifest;
use cyxwiz_proto::training::v1::DatasetChunk;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;

use super::session::{Session, WHO};
use crate::{
    error::{Error, Result},
    rpc,
};

/// Chunks read ahead of the network.
const READ_AHEAD: usize = 8;
/// How long a node may take no chunk, or not say that it has them all, before it is connected to again.
const STALL: Duration = Duration::from_secs(60);

/// Bytes of the chunks that `session` says are missing.
///
/// # Errors
/// [`Error::Protocol`] for chunks that there are not.
pub fn missing_bytes(session: &Session, manifest: &Manifest) -> Result<u64> {
    bytes_of(&session.missing, manifest)
}

fn bytes_of(missing: &BTreeSet<u32>, manifest: &Manifest) -> Result<u64> {
    let mut bytes = 0;
    for index in missing {
        let range = manifest.chunk_range(*index);
        let range = range.ok_or_else(|| beyond(*index, manifest))?;
        bytes += range.end - range.start;
    }
    Ok(bytes)
}

/// Uploads what `session` says is missing; `on_bytes` hears how much was taken. A chunk that no longer has the
/// bytes of `manifest` is not sent.
///
/// # Errors
/// [`Error::Content`] when the file has changed; transient when the node goes away, or takes nothing for a while.
pub async fn upload(
    session: &mut Session,
    dataset: &Path,
    manifest: &Manifest,
    on_bytes: impl Fn(u64),
) -> Result<()> {
    let missing = std::mem::take(&mut session.missing);
    let address = session.endpoint.clone();
    let stalled = || Error::Unreachable {
        who: WHO,
        address: address.clone(),
        reason: "it takes no more of the dataset".into(),
    };
    let (chunks, outgoing) = mpsc::channel(READ_AHEAD);
    let request = rpc::authorized(ReceiverStream::new(outgoing), &session.token);
    let feed = async {
        let mut file = File::open(dataset).map_err(Error::file("dataset", dataset))?;
        let mut sent = 0;
        for index in missing {
            let data = read_chunk(&mut file, dataset, manifest, index)?;
            let length = data.len() as u64;
            let chunk = DatasetChunk {
                index,
                data: data.into(),
            };
            match timeout(STALL, chunks.send(chunk)).await {
                Ok(Ok(())) => {}
                // The call has ended; its answer says why.
                Ok(Err(_)) => break,
                Err(_) => return Err(stalled()),
            }
            sent += length;
            on_bytes(sent);
        }
        drop(chunks);
        Ok(())
    };
    let failed = async {
        match feed.await {
            Err(error) => error,
            Ok(()) => {
                sleep(STALL).await;
                stalled()
            }
        }
    };
    let answer = tokio::select! {
        // A file that changed is the cause even where the node noticed as well.
        biased;
        error = failed => return Err(error),
        answer = session.client.upload_dataset(request) => answer,
    };
    let answer = answer.map_err(|status| session.error("take the dataset", &status))?;
    let held = answer.into_inner().chunks_held;
    if held != manifest.chunk_count() {
        return Err(Error::Protocol {
            who: WHO,
            problem: format!("it holds {held} of {} chunks", manifest.chunk_count()),
        });
    }
    Ok(())
}

fn read_chunk(file: &mut File, path: &Path, manifest: &Manifest, index: u32) -> Result<Vec<u8>> {
    let range = manifest.chunk_range(index);
    let range = range.ok_or_else(|| beyond(index, manifest))?;
    let mut read = || -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        file.seek(SeekFrom::Start(range.start))?;
        file.take(range.end - range.start).read_to_end(&mut data)?;
        Ok(data)
    };
    let data = read().map_err(Error::file("dataset", path))?;
    manifest
        .verify_chunk(index, &data)
        .map_err(|error| Error::content("dataset", path, format!("was changed: {error}")))?;
    Ok(data)
}

fn beyond(index: u32, manifest: &Manifest) -> Error {
    Error::Protocol {
        who: WHO,
        problem: format!("it asks for chunk {index} of {}", manifest.chunk_count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_sent_once_and_only_those_that_there_are() {
        let manifest = Manifest::of(vec![7; 300 * 1024].as_slice()).expect("manifest");
        let asked = |chunks: &[u32]| bytes_of(&chunks.iter().copied().collect(), &manifest);
        assert_eq!(asked(&[1, 0, 1, 1]).expect("there are two"), 300 * 1024);
        assert!(matches!(asked(&[0, 2]), Err(Error::Protocol { .. })));
    }

    #[test]
    fn a_file_that_changed_is_not_sent() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("data");
        let mut bytes = vec![7; 300 * 1024];
        std::fs::write(&path, &bytes).expect("write");
        let manifest = Manifest::of(bytes.as_slice()).expect("manifest");
        let mut file = File::open(&path).expect("open");
        let chunk = read_chunk(&mut file, &path, &manifest, 1).expect("chunk");
        assert_eq!(chunk.len(), 44 * 1024);
        bytes[299 * 1024] = 8;
        std::fs::write(&path, &bytes).expect("write");
        assert!(read_chunk(&mut file, &path, &manifest, 0).is_ok());
        let refused = read_chunk(&mut file, &path, &manifest, 1);
        assert!(matches!(refused, Err(Error::Content { .. })));
        let beyond = read_chunk(&mut file, &path, &manifest, 2);
        assert!(matches!(beyond, Err(Error::Protocol { .. })));
    }
}
