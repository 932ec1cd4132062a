//! Follows the transcripts of jobs with a proof that a node has, and does about them what anyone may: so that a
//! challenge is drawn in time, a false proof ends its job, and the user's rent comes back.

mod step;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use cyxwiz_chain::{TranscriptAccount, TranscriptStage, nonce_hash};
use cyxwiz_domain::Digest;
use cyxwiz_proof::job::heads_root;
use cyxwiz_statement::Registered;

use super::{Worker, empty::EmptyReads};
use crate::{
    app::App,
    db::{self, transcripts::Watched},
    error::Error,
};
use step::{Seen, next};

/// See the module.
pub struct Transcripts {
    app: Arc<App>,
    empty: Mutex<EmptyReads>,
}

impl Transcripts {
    /// Works for `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            empty: Mutex::default(),
        }
    }

    /// Notes what was read of a transcript; whether it is gone.
    fn is_gone(&self, watched: &Watched, read: Option<&TranscriptAccount>) -> bool {
        let mut empty = self.empty.lock().unwrap_or_else(PoisonError::into_inner);
        empty.note(watched.id, read.is_some(), Instant::now()) && watched.settled
    }

    async fn look_at(&self, job: &Watched, account: &TranscriptAccount) -> Result<(), Error> {
        let (pool, id) = (&self.app.pool, job.id);
        if job
            .escrow_created_at
            .is_some_and(|at| at != account.escrow_created_at)
        {
            // This job's was closed; its user has another job at the same address.
            return db::transcripts::closed(pool, id).await;
        }
        let (stage, created_at) = (account.stage, account.escrow_created_at);
        if db::transcripts::mirror(pool, id, stage, created_at, warning(stage)).await? {
            tracing::info!(job = %id, ?stage, "the transcript changed");
        }
        if !job.compared && stage != TranscriptStage::Opened {
            self.compare(job, account).await?;
        }
        let step = next(&Seen {
            transcript: account,
            holds_ours: nonce_hash(job.escrow, job.nonce.bytes()) == account.coordinator_nonce_hash,
            running: job.running,
            due: job.due,
        });
        if let Some(kind) = step
            && db::chain_writes::intend_for_transcript(pool, id, kind).await?
        {
            tracing::info!(job = %id, kind = kind.as_str(), "the transcript asks for a chain write");
        }
        Ok(())
    }

    /// Compares the committed root with the heads that were streamed, once all of them are here.
    async fn compare(&self, job: &Watched, account: &TranscriptAccount) -> Result<(), Error> {
        let heads = db::transcripts::heads(&self.app.pool, job.id).await?;
        if u32::try_from(heads.len()).is_ok_and(|held| held < job.required_epochs) {
            return Ok(());
        }
        let (circuit, root) = (account.circuit, account.root);
        let agree = tokio::task::spawn_blocking(move || is_root(circuit, &heads, root)).await;
        let agree = agree.map_err(|error| Error::Corrupt(format!("comparing heads: {error}")))?;
        if !agree {
            tracing::warn!(job = %job.id, node = ?account.node, "a node has committed to another root than that of its heads");
            metrics::counter!("cyxwiz_roots_changed_total").increment(1);
        }
        db::transcripts::compared(&self.app.pool, job.id, agree).await
    }
}

/// Whether `root` is the one over `heads`. What is no field element is in no transcript.
fn is_root(circuit: Digest, heads: &[Digest], root: Digest) -> bool {
    let heads: Vec<_> = heads.iter().map(|head| head.0).collect();
    Registered::by_id(&circuit.0)
        .and_then(|entry| heads_root(&entry.circuit, &heads).ok())
        .is_some_and(|word| word == root.0)
}

/// What a user has to know about a transcript at `stage`.
const fn warning(stage: TranscriptStage) -> &'static str {
    match stage {
        TranscriptStage::FullAudit => {
            "nobody drew the proof's challenge in time: the job cannot be proven any more, and the escrow's money comes back"
        }
        TranscriptStage::Refuted => {
            "the node has signed a false proof: the escrow's money comes back, and the node is slashed"
        }
        _ => "",
    }
}

#[async_trait::async_trait]
impl Worker for Transcripts {
    fn name(&self) -> &'static str {
        "transcripts"
    }

    fn interval(&self) -> Duration {
        self.app.settings.workers.transcripts
    }

    async fn tick(&self) -> Result<(), Error> {
        let app = &self.app;
        let grace = app.settings.workers.crank_grace;
        let watched = db::transcripts::watched(&app.pool, grace).await?;
        if watched.is_empty() {
            return Ok(());
        }
        let escrows: Vec<_> = watched.iter().map(|job| job.escrow).collect();
        let accounts = app.chain.transcripts(&escrows).await?;
        for (job, account) in watched.iter().zip(&accounts) {
            let gone = self.is_gone(job, account.as_ref());
            let looked = match account {
                Some(account) => self.look_at(job, account).await,
                None if gone => db::transcripts::closed(&app.pool, job.id).await,
                None => Ok(()),
            };
            // Challenges must be drawn within minutes: no job waits for the trouble of another.
            if let Err(error) = looked {
                tracing::error!(job = %job.id, %error, "failed to follow a transcript; will try again");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_the_one_over_all_heads_in_order() {
        let entry = Registered::by_name("z16x4-ci").expect("registered");
        let circuit = Digest(entry.id);
        let heads: Vec<_> = (1..=3).map(|n| Digest([n; 32])).collect();
        let words: Vec<_> = heads.iter().map(|head| head.0).collect();
        let root = Digest(heads_root(&entry.circuit, &words).expect("a root"));
        assert!(is_root(circuit, &heads, root));
        assert!(!is_root(circuit, &heads[..2], root));
        let mut swapped = heads.clone();
        swapped.swap(0, 1);
        assert!(!is_root(circuit, &swapped, root));
        assert!(!is_root(Digest([1; 32]), &heads, root), "no such circuit");
        assert!(!is_root(circuit, &[Digest([0xff; 32])], root), "no word");
        let many = vec![heads[0]; usize::from(entry.circuit.epochs) + 1];
        assert!(!is_root(circuit, &many, root), "too many");
    }
}
