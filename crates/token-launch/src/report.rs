//! What a launch made or found, for people and for programs.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use cyxwiz_chain::{instructions::vesting::NewVesting, pda};
use cyxwiz_domain::{Address, Amount};
use serde::Serialize;

use crate::Allocation;

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// It was taken now.
    Done {
        /// The transaction.
        signature: String,
    },
    /// It had been taken before.
    Found,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done { .. } => "created",
            Self::Found => "found",
        })
    }
}

/// One allocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AllocationReport {
    /// What the command line calls it.
    pub key: String,
    /// For people.
    pub name: String,
    /// Its share of the supply, in hundredths.
    pub percent: u8,
    /// How much it is.
    pub amount: Amount,
    /// The wallet that may claim.
    pub beneficiary: Address,
    /// Where the allocation lives.
    pub vesting: Address,
    /// Where its tokens lie.
    pub vault: Address,
    /// Seconds from the start before which nothing vests.
    pub cliff_seconds: u64,
    /// Seconds from the start after which all has vested.
    pub duration_seconds: u64,
    /// What became of it.
    #[serde(flatten)]
    pub step: Step,
}

impl AllocationReport {
    pub(crate) fn new(part: &Allocation, new: &NewVesting, step: Step) -> Self {
        let vesting = new.address();
        Self {
            key: part.key.clone(),
            name: part.name.clone(),
            percent: part.percent,
            amount: new.total,
            beneficiary: new.beneficiary,
            vesting,
            vault: pda::vesting_vault(vesting),
            cliff_seconds: new.cliff_seconds,
            duration_seconds: new.duration_seconds,
            step,
        }
    }
}

/// A token and its allocations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The token.
    pub mint: Address,
    /// Who made it.
    pub funder: Address,
    /// Places after the point.
    pub decimals: u32,
    /// How much there is.
    pub supply: Amount,
    /// What every schedule counts from.
    pub start: DateTime<Utc>,
    /// What became of the mint.
    #[serde(flatten)]
    pub step: Step,
    /// In the order of the plan.
    pub allocations: Vec<AllocationReport>,
}

impl Report {
    /// The report as a table.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_header([
            "allocation",
            "%",
            "CYXWIZ",
            "cliff",
            "vested by",
            "beneficiary",
            "account",
            "",
        ]);
        for part in &self.allocations {
            table.add_row([
                part.name.clone(),
                part.percent.to_string(),
                part.amount.to_string(),
                self.date(part.cliff_seconds),
                self.date(part.duration_seconds),
                part.beneficiary.to_string(),
                part.vesting.to_string(),
                part.step.to_string(),
            ]);
        }
        let (mint, supply, step) = (self.mint, self.supply, &self.step);
        format!("mint {mint}: {supply} CYXWIZ, no more ({step})\n{table}")
    }

    fn date(&self, seconds: u64) -> String {
        let later = i64::try_from(seconds)
            .ok()
            .and_then(TimeDelta::try_seconds)
            .and_then(|later| self.start.checked_add_signed(later));
        later.map_or_else(|| "never".to_owned(), |at| at.date_naive().to_string())
    }
}
