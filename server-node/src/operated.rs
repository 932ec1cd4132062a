//! What operators see of a running node: whether it can take jobs, and the numbers
//! that are looked up at each scrape.

use std::{sync::atomic::Ordering, time::Duration};

use async_trait::async_trait;
use chrono::DateTime;
use cyxwiz_chain::{ChainError, NodeAccount, required_stake};
use cyxwiz_domain::{Amount, amount::UNITS_PER_TOKEN};
use cyxwiz_telemetry::http::{Operated, Part};
use metrics::gauge;

use crate::{
    jobs::{Local, Phase},
    ledger::Balances,
    metrics::{BALANCE, BALANCE_SOL, CHAIN_UP, JOBS, LINE_UP, RECEIPT_LAG, STAKE},
    node::Node,
    steps::preflight,
};

/// Whoever asks waits for the chain no longer than this.
const CHAIN_LIMIT: Duration = Duration::from_secs(3);
const LAMPORTS_PER_SOL: f64 = 1e9;

#[async_trait]
impl Operated for Node {
    async fn parts(&self) -> Vec<Part> {
        let chain =
            within_limit(async { tokio::try_join!(self.ledger.node(), self.ledger.unix_time()) });
        let (chain, stake) = match chain.await {
            Ok((account, now)) => (None, stake_problem(account.as_ref(), now)),
            Err(error) => {
                let unknown = "not known while the chain does not answer".to_owned();
                (Some(error.to_string()), Some(unknown))
            }
        };
        vec![
            Part::new("chain", chain),
            Part::new("stake", stake),
            Part::new("coordinator", self.line_problem()),
            Part::new("machine", self.machine_problem()),
        ]
    }

    async fn read_gauges(&self) -> Result<(), &'static str> {
        let jobs: Vec<Local> = self.jobs.all().iter().map(|job| job.local()).collect();
        for &phase in Phase::ALL {
            let count = jobs.iter().filter(|job| job.phase == phase).count();
            gauge!(JOBS, "phase" => phase.as_str()).set(count as f64);
        }
        gauge!(RECEIPT_LAG).set(f64::from(receipt_lag(&jobs)));
        gauge!(LINE_UP).set(f64::from(u8::from(self.line_up.load(Ordering::Relaxed))));
        let chain =
            within_limit(async { tokio::try_join!(self.ledger.node(), self.ledger.balances()) });
        // Without the chain the other numbers are as good as ever.
        let read = chain.await;
        gauge!(CHAIN_UP).set(f64::from(u8::from(read.is_ok())));
        match read {
            Ok((account, balances)) => show_money(account.as_ref(), balances),
            Err(error) => tracing::debug!(%error, "cannot read stake and balances"),
        }
        Ok(())
    }
}

impl Node {
    fn line_problem(&self) -> Option<String> {
        let up = self.line_up.load(Ordering::Relaxed);
        (!up).then(|| "no line to the coordinator; the log says why".to_owned())
    }

    /// What preflight would object to now.
    fn machine_problem(&self) -> Option<String> {
        let trains = self.jobs.all().iter().any(|job| job.local().training);
        // A job under way may have what memory there is.
        let memory = match trains {
            true => Ok(0),
            false => preflight::free_memory(),
        };
        let disk = preflight::free_disk(&self.settings);
        let problem = memory.and(disk).err();
        problem.map(|error| error.to_string())
    }
}

async fn within_limit<T>(
    reading: impl Future<Output = Result<T, ChainError>>,
) -> Result<T, ChainError> {
    let read = tokio::time::timeout(CHAIN_LIMIT, reading).await;
    read.unwrap_or_else(|_| {
        let seconds = CHAIN_LIMIT.as_secs();
        Err(ChainError::Rpc(format!("no answer within {seconds} s")))
    })
}

/// Why the registry would keep jobs away from this node at `now`, Unix seconds.
fn stake_problem(account: Option<&NodeAccount>, now: i64) -> Option<String> {
    let Some(account) = account else {
        return Some("not registered; run `cyxwiz-node register`".to_owned());
    };
    if account.banned {
        return Some("banned: this wallet gets no job any more".to_owned());
    }
    if account.suspended_until > now {
        let until = DateTime::from_timestamp(account.suspended_until, 0).unwrap_or_default();
        return Some(format!("suspended until {until}"));
    }
    // What jobs lock now they give back.
    let staked = Amount(account.stake.0.saturating_sub(account.unstake_amount.0));
    let least = required_stake(Amount(1));
    (staked < least).then(|| {
        format!(
            "{staked} CYXWIZ are staked, the smallest jobs need {least}; run `cyxwiz-node stake`"
        )
    })
}

/// Epochs done without a receipt, of the unsettled job with the most.
fn receipt_lag(jobs: &[Local]) -> u32 {
    let unsettled = jobs.iter().filter(|job| job.phase != Phase::Settled);
    let lags = unsettled.map(|job| job.epochs_done.saturating_sub(job.receipt.0));
    lags.max().unwrap_or(0)
}

fn show_money(account: Option<&NodeAccount>, balances: Balances) {
    let none = Amount::ZERO;
    let (staked, locked, free) = account.map_or((none, none, none), |account| {
        (account.stake, account.locked, account.free_stake())
    });
    for (part, amount) in [("staked", staked), ("locked", locked), ("free", free)] {
        gauge!(STAKE, "part" => part).set(tokens(amount));
    }
    gauge!(BALANCE).set(tokens(balances.tokens));
    gauge!(BALANCE_SOL).set(balances.lamports as f64 / LAMPORTS_PER_SOL);
}

/// Whole CYXWIZ; Prometheus has nothing finer than a double.
fn tokens(amount: Amount) -> f64 {
    amount.0 as f64 / UNITS_PER_TOKEN as f64
}
