//! What a finished run tells.

use std::collections::BTreeMap;

use cyxwiz_domain::{Address, Amount, Digest, JobId};
use serde::Serialize;

use super::{
    JobRun,
    balances::{BalanceChange, Balances},
};
use crate::{
    error::{Error, Result},
    printer,
};

/// A job that was delivered and paid.
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
    /// Signatures by instruction.
    pub transactions: BTreeMap<String, String>,
    /// Token balances in base units.
    pub balances: BalanceChange,
    /// Seconds by phase.
    pub seconds: BTreeMap<String, f64>,
}

impl JobRun<'_> {
    /// Reads the final balances and closes the journal.
    pub(super) async fn report(&mut self) -> Result<Report> {
        let engine = self.engine;
        let escrow = engine.funded_escrow(self.store.journal.job_id).await?;
        let node = escrow.node.ok_or_else(|| Error::Protocol {
            who: "the chain",
            problem: "a paid escrow has no node".into(),
        })?;
        let user = engine.user();
        let after = Balances::read(&engine.chain, escrow.mint, user, node, escrow.address).await?;
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
}

/// Rounded to milliseconds: the rest is noise.
fn millis(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

impl Report {
    /// For people.
    pub fn text(&self) -> String {
        let mut facts = printer::table(&["job", &self.name]);
        let accuracy = self.accuracy.map_or("-".to_owned(), |share| {
            format!("{:.2} % of the held-out rows", share * 100.0)
        });
        facts.add_row(["id", &self.job_id.to_string()]);
        facts.add_row(["node", &self.node.to_string()]);
        facts.add_row(["price", &format!("{} CYXWIZ", Amount(self.amount))]);
        facts.add_row(["epochs", &self.epochs.to_string()]);
        facts.add_row(["accuracy", &accuracy]);
        facts.add_row(["weights", &self.weights_file]);
        facts.add_row([
            "sha256",
            &format!("{} (as on the chain)", self.weights_sha256),
        ]);
        let mut transactions = printer::table(&["transaction", "signature"]);
        for (name, signature) in in_order(&self.transactions, &TRANSACTIONS) {
            transactions.add_row([name, signature]);
        }
        let mut times = printer::table(&["phase", "seconds"]);
        for (phase, seconds) in in_order(&self.seconds, &PHASES) {
            times.add_row([phase.clone(), format!("{seconds:.2}")]);
        }
        let tables = [facts, transactions, times].map(|table| table.trim_fmt());
        let balances = self.balances.table();
        let verdict = if self.balances.conserved {
            "the sums agree to the unit"
        } else {
            "the sums differ: one of the parties had other business meanwhile"
        };
        format!("{}\n\n{balances}\n{verdict}", tables.join("\n\n"))
    }
}

/// The order in which transactions happen.
const TRANSACTIONS: [&str; 5] = [
    "create_escrow",
    "assign_node",
    "anchor_checkpoint",
    "submit_completion",
    "accept",
];
/// The order in which phases happen.
const PHASES: [&str; 10] = [
    "up", "submit", "escrow", "assign", "upload", "train", "download", "settle", "job", "down",
];

/// The entries in the order of `names` (a numbered one with its like), others last.
fn in_order<'a, V>(entries: &'a BTreeMap<String, V>, names: &[&str]) -> Vec<(&'a String, &'a V)> {
    let place = |name: &str| names.iter().position(|known| name.starts_with(known));
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    sorted
}
