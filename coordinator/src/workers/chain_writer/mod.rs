//! Carries out chain writes, durably. The order is everything:
//!
//! 1. the intent is committed, together with the decision it follows from;
//! 2. the transaction is signed, and committed with its signature and the last
//!    block height at which it can land;
//! 3. only then is it sent, any number of times, for it executes once;
//! 4. its fate is read from the chain and committed.
//!
//! A crash between any two of these loses nothing and repeats nothing: a new
//! transaction is signed only when the old one can never land any more, and
//! whether the goal is reached is always asked of the escrow itself.

mod goal;
mod instructions;
mod refusal;

use std::{sync::Arc, time::Duration};

use cyxwiz_chain::{ChainError, EscrowAccount, SignedTransaction, TxOutcome};
use futures::{StreamExt as _, stream::FuturesUnordered};

use super::Worker;
use crate::{
    app::App,
    db::{
        self,
        chain_writes::{ChainWrite, Kind},
    },
    error::Error,
    job::{EscrowView, Job},
    proof::{self, TranscriptProblem},
    workers::nodes,
};
use goal::{Standing, Subject};
use refusal::{Verdict, backoff};

/// Writes under way at once.
const CONCURRENCY: u32 = 16;
/// Between two looks at a transaction.
const POLL: Duration = Duration::from_millis(200);
/// Looks before others get their turn.
const LOOKS: u32 = 15;
/// Looks for a transcript that was there when the job was confirmed, before it is given up.
const MISSING_LOOKS: u32 = 5;
/// While an account reads empty.
const UNCLEAR: Duration = Duration::from_secs(1);

/// See the module.
pub struct ChainWriter(Arc<App>);

/// How far a write has come.
enum Progress {
    /// Its goal is reached; what the escrow is now.
    Landed(Option<EscrowView>),
    /// Its goal cannot be reached; with no node at all, if it is hopeless.
    Failed { why: String, hopeless: bool },
    /// The chain has refused this transaction, for now.
    PutOff { signature: String, why: String },
    /// Look again after this long.
    Wait(Duration),
}

fn hopeless(why: String) -> Progress {
    Progress::Failed {
        why,
        hopeless: true,
    }
}

/// Tests stop the process here, as a crash would.
fn crash_point(name: &str) {
    fail::fail_point!(name, |_| std::process::abort());
    let _ = name;
}

#[async_trait::async_trait]
impl Worker for ChainWriter {
    fn name(&self) -> &'static str {
        "chain_writer"
    }

    fn interval(&self) -> Duration {
        self.0.settings.workers.chain_writer
    }

    async fn wake(&self) {
        self.0.events.chain_write().await;
    }

    async fn tick(&self) -> Result<(), Error> {
        let lease = self.0.settings.workers.lease;
        let writes = db::chain_writes::claim(&self.0.pool, lease, CONCURRENCY).await?;
        let mut work = FuturesUnordered::new();
        for write in &writes {
            work.push(self.work(write));
        }
        let mut outcome = Ok(());
        while let Some(done) = work.next().await {
            outcome = outcome.and(done);
        }
        outcome
    }
}

impl ChainWriter {
    /// Works for `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self(app)
    }

    async fn work(&self, write: &ChainWrite) -> Result<(), Error> {
        let (id, kind) = (write.job_id, write.kind.as_str());
        let pool = &self.0.pool;
        match self.advance(write).await {
            Ok(Progress::Landed(view)) => {
                crash_point("chain_write.after_landed");
                db::chain_writes::record_landed(pool, write, view.as_ref()).await?;
                tracing::info!(job = %id, kind, "a chain write landed");
                self.refresh_node(write).await
            }
            Ok(Progress::Failed { why, hopeless }) => {
                tracing::warn!(job = %id, kind, why, hopeless, "a chain write failed");
                db::chain_writes::record_failed(pool, write, &why, hopeless).await?;
                self.refresh_node(write).await
            }
            Ok(Progress::PutOff { signature, why }) => {
                tracing::warn!(job = %id, kind, why, "a chain write is put off");
                let delay = backoff(write.retries);
                db::chain_writes::put_off(pool, write, Some(&signature), &why, delay).await
            }
            Ok(Progress::Wait(delay)) => db::chain_writes::release(pool, write.id, delay).await,
            Err(error) => {
                // Its transaction, if there is one, may still be under way.
                let (dead, delay) = (None, backoff(write.retries));
                db::chain_writes::put_off(pool, write, dead, &error.to_string(), delay).await?;
                Err(error)
            }
        }
    }

    /// The node's stake has moved, or is not what it was thought to be.
    async fn refresh_node(&self, write: &ChainWrite) -> Result<(), Error> {
        match write.node {
            Some(node) => nodes::look_at(&self.0, node).await,
            None => Ok(()),
        }
    }

    async fn advance(&self, write: &ChainWrite) -> Result<Progress, Error> {
        let job = db::jobs::get(&self.0.pool, write.job_id).await?;
        if let Some(transaction) = &write.signed {
            // Perhaps it was never sent.
            let resend = true;
            return self.follow(write, &job, transaction, resend).await;
        }
        let subject = match self.standing(write, &job).await? {
            Standing::Open(subject) => subject,
            Standing::Reached(escrow) => return self.reached(escrow.as_deref()).await,
            Standing::Lost(why) => return Ok(hopeless(why)),
            Standing::Unclear => return Ok(Progress::Wait(UNCLEAR)),
        };
        if let (Kind::AssignNode, Subject::Escrow(escrow)) = (write.kind, &subject)
            && let Err(error) = self.check_funded(&job, escrow).await
        {
            let lagging = matches!(error, Error::Transcript(TranscriptProblem::Missing))
                && write.retries < MISSING_LOOKS;
            return match error {
                Error::EscrowMismatch { .. } | Error::Transcript(_) if !lagging => {
                    Ok(hopeless(error.to_string()))
                }
                error => Err(error),
            };
        }

        crash_point("chain_write.before_sign");
        let instructions = instructions::build(&self.0, write, &job, &subject).await?;
        let signer = &self.0.signer;
        let transaction = self.0.chain.sign(&instructions, signer, &[]).await?;
        crash_point("chain_write.after_sign");
        if !db::chain_writes::record_signed(&self.0.pool, write, &transaction).await? {
            return Ok(Progress::Wait(POLL));
        }
        crash_point("chain_write.after_commit");
        match self.0.chain.send(&transaction).await {
            Ok(()) => {
                crash_point("chain_write.after_send");
                let resend = false;
                self.follow(write, &job, &transaction, resend).await
            }
            Err(ChainError::Refused { code, message, .. }) => {
                // Refused before it left, so it never lands.
                self.refused(write, &job, &transaction, code, message).await
            }
            // It may have left, or not: it is looked for next time.
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the write still has to be done, by the account that it changes.
    async fn standing(&self, write: &ChainWrite, job: &Job) -> Result<Standing, Error> {
        let (chain, escrow) = (&self.0.chain, job.submission.escrow);
        if write.kind.is_of_transcript() {
            let transcript = chain.transcript(escrow).await?;
            return Ok(goal::standing_of_transcript(
                write.kind, job.state, transcript,
            ));
        }
        let escrow = chain.escrow(escrow).await?;
        Ok(goal::standing(write, job.state, escrow))
    }

    /// Once more: the signature of an assignment is what binds the money to a node.
    async fn check_funded(&self, job: &Job, escrow: &EscrowAccount) -> Result<(), Error> {
        let config = self.0.chain.escrow_config().await?;
        job.check_escrow(escrow, &config)?;
        proof::check_opened(&self.0, job, escrow).await
    }

    /// Finds out what becomes of a transaction.
    async fn follow(
        &self,
        write: &ChainWrite,
        job: &Job,
        transaction: &SignedTransaction,
        mut resend: bool,
    ) -> Result<Progress, Error> {
        let chain = &self.0.chain;
        for _ in 0..LOOKS {
            let (signature, height) = (&transaction.signature, transaction.last_valid_block_height);
            match chain.outcome(signature, height).await? {
                TxOutcome::Landed { .. } if write.kind.is_of_transcript() => {
                    return self.reached(None).await;
                }
                TxOutcome::Landed { .. } => {
                    let escrow = chain.escrow(job.submission.escrow).await?;
                    return self.reached(escrow.as_ref()).await;
                }
                TxOutcome::Refused { code, message } => {
                    return self.refused(write, job, transaction, code, message).await;
                }
                TxOutcome::Expired => {
                    db::chain_writes::record_expired(&self.0.pool, write.id, signature).await?;
                    return Ok(Progress::Wait(Duration::ZERO));
                }
                TxOutcome::Pending if resend => {
                    resend = false;
                    if let Err(error) = chain.send(transaction).await {
                        // It may be on its way since before: only its status decides.
                        tracing::debug!(job = %write.job_id, %error, "cannot send again");
                    }
                }
                TxOutcome::Pending => tokio::time::sleep(POLL).await,
            }
        }
        Ok(Progress::Wait(POLL))
    }

    /// The transaction failed; the account says whether that matters.
    async fn refused(
        &self,
        write: &ChainWrite,
        job: &Job,
        transaction: &SignedTransaction,
        code: Option<u32>,
        message: String,
    ) -> Result<Progress, Error> {
        match self.standing(write, job).await? {
            Standing::Reached(escrow) => return self.reached(escrow.as_deref()).await,
            Standing::Lost(why) => return Ok(hopeless(why)),
            Standing::Open(_) | Standing::Unclear => {}
        }
        let what = match write.kind {
            Kind::AssignNode => "the assignment was refused",
            kind if kind.is_of_transcript() => "the change of the transcript was refused",
            _ => "ending the escrow was refused",
        };
        let mut why = format!("{what}: {message}");
        // A transaction that was executed leaves a number behind, and no name.
        if let Some(name) = refusal::name(code).filter(|name| !why.contains(name)) {
            why = format!("{why} ({name})");
        }
        Ok(match refusal::verdict(code) {
            Verdict::Node => Progress::Failed {
                why,
                hopeless: false,
            },
            Verdict::Never => hopeless(why),
            Verdict::Later => Progress::PutOff {
                signature: transaction.signature.clone(),
                why: format!("{why}; it will be tried again"),
            },
        })
    }

    async fn reached(&self, escrow: Option<&EscrowAccount>) -> Result<Progress, Error> {
        let Some(escrow) = escrow else {
            return Ok(Progress::Landed(None));
        };
        let config = self.0.chain.escrow_config().await?;
        Ok(Progress::Landed(Some(EscrowView::new(escrow, &config))))
    }
}
