//! Sends the node the chunks of the dataset that it lacks.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use cyxwiz_domain::dataset::Manifest;
use cyxwiz_proto::training::v1::DatasetChunk;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{progress::Progress, session::Session};
use crate::{
    error::{Error, Result},
    rpc,
};

/// Chunks read ahead of the network.
const READ_AHEAD: usize = 8;

/// Uploads what `session` says is missing. A chunk that no longer has the bytes
/// of `manifest` is not sent.
///
/// # Errors
/// [`Error::Content`] when the file has changed; transient when the node goes away.
pub async fn upload(
    session: &mut Session,
    dataset: &Path,
    manifest: &Manifest,
    progress: &mut Progress,
) -> Result<()> {
    let missing = std::mem::take(&mut session.missing);
    let sizes = missing
        .iter()
        .filter_map(|index| manifest.chunk_range(*index));
    progress.bytes(
        "uploading the dataset",
        sizes.map(|range| range.end - range.start).sum(),
    );

    let (chunks, outgoing) = mpsc::channel(READ_AHEAD);
    let request = rpc::authorized(ReceiverStream::new(outgoing), &session.token);
    let feed = async {
        let mut file = File::open(dataset).map_err(Error::file("dataset", dataset))?;
        let mut sent = 0;
        for index in missing {
            let data = read_chunk(&mut file, dataset, manifest, index)?;
            let length = data.len() as u64;
            if chunks
                .send(DatasetChunk {
                    index,
                    data: data.into(),
                })
                .await
                .is_err()
            {
                // The call has ended; its answer says why.
                break;
            }
            sent += length;
            progress.bytes_done(sent);
        }
        drop(chunks);
        Ok::<_, Error>(())
    };
    let (fed, answer) = tokio::join!(feed, session.client.upload_dataset(request));
    progress.clear();
    // A file that changed is the cause even where the node noticed as well.
    fed?;
    let answer = answer.map_err(|status| session.error("take the dataset", &status))?;
    let held = answer.into_inner().chunks_held;
    if held != manifest.chunk_count() {
        return Err(Error::Protocol {
            who: super::session::WHO,
            problem: format!("it holds {held} of {} chunks", manifest.chunk_count()),
        });
    }
    Ok(())
}

fn read_chunk(file: &mut File, path: &Path, manifest: &Manifest, index: u32) -> Result<Vec<u8>> {
    let range = manifest.chunk_range(index).ok_or_else(|| Error::Protocol {
        who: super::session::WHO,
        problem: format!("it asks for chunk {index} of {}", manifest.chunk_count()),
    })?;
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

#[cfg(test)]
mod tests {
    use super::*;

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
