//! `cyxwiz job download`.

use std::path::PathBuf;

use cyxwiz_domain::{Digest, JobId};
use serde_json::json;

use crate::{
    engine::Engine,
    error::{Error, Result},
    flow::{
        download::{Content, Wanted, fetch, weights_limit},
        epochs::EpochLog,
        journal::{self, job_dir, read_manifest, read_spec},
        progress::Progress,
        session::Session,
    },
};

/// Tries that each go on where the one before broke off.
const ATTEMPTS: u32 = 5;

/// Fetches the final weights, or those of `epoch`, and verifies them: the final
/// ones against the chain, a checkpoint against the epochs seen.
///
/// # Errors
/// A node that no longer has them, other bytes than promised.
pub async fn run(
    engine: &Engine,
    job: JobId,
    epoch: Option<u32>,
    output: Option<PathBuf>,
) -> Result<()> {
    let journal = journal::read(&engine.settings.data_dir, job)?;
    let escrow = engine.funded_escrow(job).await?;
    let dir = job_dir(&engine.settings.data_dir, job);
    let log = EpochLog::open(
        &dir,
        escrow.address.0,
        escrow.spec_hash,
        escrow.dataset_root,
    )?;
    let sha256 = match epoch {
        Some(epoch) => log.record(epoch).map(|record| record.weights_sha256),
        None => Some(escrow.weights_hash).filter(|hash| *hash != Digest::default()),
    };
    let sha256 = sha256.ok_or_else(|| {
        Error::Usage(match epoch {
            Some(epoch) => {
                format!("epoch {epoch} has not been seen here; `cyxwiz job watch {job}` attaches")
            }
            None => format!("job {job} is not finished; `--epoch N` fetches a checkpoint"),
        })
    })?;
    let name = epoch.map_or("weights.safetensors".to_owned(), |epoch| {
        format!("checkpoints/epoch-{epoch:06}.safetensors")
    });
    let wanted = Wanted {
        content: Content::Weights {
            epoch: epoch.unwrap_or(0),
            sha256,
            max_bytes: weights_limit(&read_spec(&dir, journal.spec_hash)?),
        },
        path: output.unwrap_or_else(|| dir.join(name)),
    };
    let manifest = read_manifest(&dir, journal.dataset_root)?;
    let mut progress = Progress::new(engine.printer);
    let mut resume = journal.resume_token.clone();
    for attempt in 1.. {
        let session = Session::open(engine, &dir, &escrow, &manifest, resume.as_deref()).await;
        let fetched = match session {
            Ok(session) => {
                resume = Some(session.token.clone());
                progress.wait("downloading the weights");
                fetch(session, &wanted, |_, _| ()).await
            }
            Err(error) => Err(error),
        };
        match fetched {
            Ok(_) => break,
            Err(error) if error.is_transient() && attempt < ATTEMPTS => {
                engine.printer.note(format_args!("{error}; trying again"));
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            Err(error) => return Err(error),
        }
    }
    drop(progress);
    let path = wanted.path.display().to_string();
    let value = json!({ "job_id": job, "file": path, "sha256": sha256, "epoch": epoch });
    engine.printer.result(&value, || path.clone());
    engine
        .printer
        .note(format_args!("SHA-256 {sha256}, verified"));
    Ok(())
}
