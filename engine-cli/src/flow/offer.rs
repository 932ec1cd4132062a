//! The coordinator's price, and whether it may be paid.

use cyxwiz_domain::{Address, Amount, Digest, JobId};
use cyxwiz_proto::job::v1 as pb;

use super::{
    JobRun,
    balances::Balances,
    journal::Offer,
    price::{self, Purse},
};
use crate::{
    coordinator::{node_of, present, state_of},
    engine::Engine,
    error::{Error, Result},
};

/// What the user can spend now.
///
/// # Errors
/// [`Error::Chain`].
pub async fn purse(engine: &Engine, mint: Address) -> Result<Purse> {
    let wallet = engine.user();
    Ok(Purse {
        wallet,
        balance: engine.chain.token_balance(wallet, mint).await?,
        lamports: engine.chain.lamports(wallet).await?,
    })
}

/// The estimate in an answer, of a job that some node would take.
///
/// # Errors
/// [`Error::Refused`] with each node's reason where none would.
pub fn estimate_of(answer: &pb::EstimateCostResponse) -> Result<&pb::Estimate> {
    match &answer.estimate {
        Some(estimate) if !answer.node.is_empty() => Ok(estimate),
        _ => Err(no_node(&answer.refusals)),
    }
}

fn no_node(refusals: &[pb::Refusal]) -> Error {
    let reasons: Vec<String> = refusals
        .iter()
        .map(|refusal| match Address::from_slice(&refusal.node) {
            Ok(node) => format!("\n  {node}: {}", refusal.reason),
            Err(_) => format!("\n  {}", refusal.reason),
        })
        .collect();
    let message = if reasons.is_empty() {
        "no node is online".to_owned()
    } else {
        format!("no node fits:{}", reasons.concat())
    };
    Error::Refused {
        who: "the coordinator",
        what: "take the job",
        code: "no_node".into(),
        message,
        passing: false,
    }
}

impl JobRun<'_> {
    /// Asks for the price, checks that it can be paid, and has a node reserved.
    /// Nothing is paid yet.
    pub(super) async fn offer(&mut self) -> Result<Offer> {
        let engine = self.engine;
        self.progress
            .wait("asking the coordinator for a node and a price");
        let mint = engine.chain.escrow_config().await?.mint;
        let purse = purse(engine, mint).await?;
        let canonical = self.spec.canonical_bytes();
        let journal = &self.store.journal;
        let answer = engine
            .coordinator
            .estimate(canonical.clone(), journal.rows)
            .await?;
        let estimate = estimate_of(&answer)?;
        let (limit, lamports) = (
            self.options.max_price,
            price::lamports_needed(journal.proof.is_some()),
        );
        price::check(Amount(estimate.amount), limit, purse, lamports)?;

        let answer = engine
            .coordinator
            .submit(pb::SubmitJobRequest {
                job_id: journal.job_id.to_vec(),
                spec: canonical,
                rows: journal.rows,
                dataset_root: journal.dataset_root.to_vec(),
                dataset_bytes: self.manifest.len(),
            })
            .await?;
        let job = present(answer.job)?;
        let estimate = answer.estimate.ok_or_else(|| Error::Protocol {
            who: "the coordinator",
            problem: "it took the job without a price".into(),
        })?;
        if state_of(&job)? == cyxwiz_domain::JobState::Expired {
            let expired = reservation_expired(journal.job_id);
            // No money has moved under this id and none will.
            self.store.journal.finished = true;
            self.store.save()?;
            return Err(expired);
        }
        let offer = Offer {
            amount: Amount(estimate.amount),
            estimated_seconds: estimate.estimated_seconds,
            timeout_seconds: estimate.timeout_seconds,
            node: node_of(&job)?,
        };
        if let Err(refused) = price::check(offer.amount, limit, purse, lamports) {
            // Frees the node at once; the reservation ends by itself otherwise.
            let _ = engine.coordinator.cancel(journal.job_id).await;
            return Err(refused);
        }
        let (user, escrow) = (engine.user(), engine.escrow_address(journal.job_id));
        let node = offer.node.unwrap_or_default();
        let balances = Balances::read(&engine.chain, mint, user, node, escrow).await?;
        if let Some(plan) = &mut self.store.journal.proof {
            plan.coordinator_nonce_hash = Some(nonce_hash(&answer.coordinator_nonce_hash)?);
        }
        self.store.journal.offer = Some(offer);
        self.store.journal.balances_before = Some(balances);
        self.store.save()?;
        self.progress.note(format_args!(
            "price: {} CYXWIZ for about {} s of training{}",
            offer.amount,
            offer.estimated_seconds,
            offer
                .node
                .map(|node| format!(" on node {node}"))
                .unwrap_or_default()
        ));
        Ok(offer)
    }
}

/// The coordinator's part in the challenge of a proof.
fn nonce_hash(bytes: &[u8]) -> Result<Digest> {
    Digest::from_slice(bytes).map_err(|error| Error::Protocol {
        who: "the coordinator",
        problem: format!("its part in the challenge of the proof: {error}"),
    })
}

/// Code of [`reservation_expired`].
pub const RESERVATION_EXPIRED: &str = "reservation_expired";

fn reservation_expired(job: JobId) -> Error {
    Error::Refused {
        who: "the coordinator",
        what: "take the job",
        code: RESERVATION_EXPIRED.into(),
        message: format!(
            "the reservation of job {job} has run out; the same command begins a new job"
        ),
        passing: false,
    }
}
