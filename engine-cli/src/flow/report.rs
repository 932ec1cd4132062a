//! What a finished run tells.

use std::collections::BTreeMap;

use cyxwiz_chain::EscrowState;
use cyxwiz_domain::{Address, Amount, Digest, JobId};
use serde::Serialize;

use super::{
    JobRun,
    balances::{BalanceChange, Balances},
    proof::ProofReport,
};
use crate::{
    error::{Error, Result},
    printer,
};

/// A job that was delivered and paid, or whose payment waits for its audits alone.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The job.
    pub job_id: JobId,
    /// For people.
    pub name: String,
    /// Owner wallet of the node.
    pub node: Address,
    /// Price in base units.
    pub amount: u64,
    /// Epochs trained.
    pub epochs: u32,
    /// Share of the held-out rows that is right; absent where that has no meaning.
    pub accuracy: Option<f64>,
    /// Mean loss over the held-out rows.
    pub loss: Option<f64>,
    /// Where the weights are.
    pub weights_file: String,
    /// Their SHA-256, verified against the chain.
    pub weights_sha256: Digest,
    /// Where the transcript of the work is, which an audit needs; absent in a job without a proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript_file: Option<String>,
    /// The proof of the training; absent in a job without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<ProofReport>,
    /// When anyone may release the payment, Unix seconds; absent once it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_due_at: Option<i64>,
    /// Signatures by instruction.
    pub transactions: BTreeMap<String, String>,
    /// Token balances in base units.
    pub balances: BalanceChange,
    /// Seconds by phase.
    pub seconds: BTreeMap<String, f64>,
}

impl JobRun<'_> {
    /// Reads the final balances and closes the journal. What it says to be the chain's was compared before
    /// ([`check_paid`](Self::check_paid)).
    pub(super) async fn report(&mut self) -> Result<Report> {
        let engine = self.engine;
        let escrow = engine.funded_escrow(self.store.journal.job_id).await?;
        let node = escrow.node.ok_or_else(|| Error::Protocol {
            who: "the chain",
            problem: "a paid escrow has no node".into(),
        })?;
        let user = engine.user();
        let after = Balances::read(&engine.chain, escrow.mint, user, node, escrow.address).await?;
        let proof = self.proof_report().await?;
        let paid = escrow.state == EscrowState::Paid;
        let last = self.epochs.records().last();
        let (epochs, loss) = (self.epochs.seen(), last.and_then(|record| record.test_loss));
        let accuracy = self.accuracy();
        self.clock.stop(&mut self.store.journal.seconds);
        let journal = &mut self.store.journal;
        journal.finished = true;
        let mut seconds = journal.seconds.clone();
        let total: f64 = seconds.values().sum();
        seconds.insert("total".into(), total);
        let weights = journal
            .weights
            .clone()
            .ok_or(Error::UnknownJob(journal.job_id))?;
        let kept = journal.transcript.as_ref();
        let report = Report {
            job_id: journal.job_id,
            name: journal.name.clone(),
            node,
            amount: escrow.amount.0,
            epochs,
            accuracy,
            loss,
            weights_file: weights.path.display().to_string(),
            weights_sha256: weights.sha256,
            transcript_file: kept.map(|kept| kept.path.display().to_string()),
            proof,
            payment_due_at: (!paid).then_some(escrow.release_at),
            transactions: journal.transactions.clone(),
            balances: BalanceChange::new(journal.balances_before.unwrap_or_default(), after),
            seconds: seconds
                .into_iter()
                .map(|(name, s)| (name, millis(s)))
                .collect(),
        };
        self.store.save()?;
        Ok(report)
    }

    async fn proof_report(&self) -> Result<Option<ProofReport>> {
        let journal = &self.store.journal;
        let (Some(plan), Some(asked)) = (&journal.proof, &self.spec.verification) else {
            return Ok(None);
        };
        let verified = journal.transactions.get("verify");
        let units = match verified {
            // The payment does not depend on what this number is.
            Some(signature) => self.engine.chain.compute_units(signature).await.ok(),
            None => None,
        };
        let compared = journal.compared;
        ProofReport::new(plan, asked.tier, units.flatten(), compared).map(Some)
    }
}

/// Rounded to milliseconds: the rest is noise.
fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

impl Report {
    /// For people.
    pub fn text(&self) -> String {
        let accuracy = self.accuracy.map_or("-".to_owned(), |share| {
            format!("{:.2} % of the held-out rows", share * 100.0)
        });
        let mut rows = Vec::new();
        let mut row = |name: &str, text: String| rows.push([name.to_owned(), text]);
        row("id", self.job_id.to_string());
        row("node", self.node.to_string());
        row("price", format!("{} CYXWIZ", Amount(self.amount)));
        if let Some(due) = self.payment_due_at {
            let text = format!(
                "due on {}: by itself, unless you contest the result with `cyxwiz job dispute {}` before",
                printer::utc(due),
                self.job_id
            );
            row("payment", text);
        }
        row("epochs", self.epochs.to_string());
        row("accuracy", accuracy);
        row("weights", self.weights_file.clone());
        row(
            "sha256",
            format!("{} (as on the chain)", self.weights_sha256),
        );
        if let Some(path) = &self.transcript_file {
            row("transcript", path.clone());
        }
        let facts = printer::facts(["job", &self.name], &rows);
        let mut transactions = printer::table(&["transaction", "signature"]);
        for (name, signature) in in_order(&self.transactions, &TRANSACTIONS) {
            transactions.add_row([name, signature]);
        }
        let mut times = printer::table(&["phase", "seconds"]);
        for (phase, seconds) in in_order(&self.seconds, &PHASES) {
            times.add_row([phase.clone(), format!("{seconds:.2}")]);
        }
        let proof = self.proof.as_ref();
        let proof = proof.map_or_else(String::new, |proof| format!("\n\n{}", proof.text()));
        let [transactions, times] = [transactions, times].map(|table| table.trim_fmt());
        let tables = [facts, transactions, times];
        let balances = self.balances.table();
        let verdict = if self.balances.conserved {
            "the sums agree to the unit"
        } else {
            "the sums differ: one of the parties had other business meanwhile"
        };
        format!("{}\n\n{balances}\n{verdict}{proof}", tables.join("\n\n"))
    }
}

/// The order in which transactions happen.
const TRANSACTIONS: [&str; 8] = [
    "create_escrow",
    "assign_node",
    "anchor_checkpoint",
    "commit",
    "reveal",
    "verify",
    "submit_completion",
    "accept",
];
/// The order in which phases happen.
const PHASES: [&str; 11] = [
    "up", "submit", "escrow", "assign", "upload", "train", "download", "proof", "settle", "job",
    "down",
];

/// The entries in the order of `names` (a numbered one with its like), others last.
fn in_order<'a, V>(entries: &'a BTreeMap<String, V>, names: &[&str]) -> Vec<(&'a String, &'a V)> {
    let place = |name: &str| names.iter().position(|known| name.starts_with(known));
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    sorted
}
