//! Who gets how much of the supply, and when: the file of allocations.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use cyxwiz_domain::{Address, Amount};
use serde::Deserialize;

use crate::SUPPLY;

/// Seconds in a day.
const DAY: u64 = 86_400;

/// Why a file of allocations cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not TOML, or not the fields it should have.
    #[error("the allocations cannot be read: {0}")]
    Format(String),
    /// The shares do not add up.
    #[error("the allocations add up to {0} %: change them until they are 100 %")]
    Percent(u32),
    /// A share of nothing.
    #[error("'{0}' gets 0 %: remove it, or give it a share")]
    Empty(String),
    /// Two allocations of one id or key.
    #[error("'{0}' comes twice: every allocation has an id and a key of its own")]
    Twice(String),
    /// A cliff after the end.
    #[error("the cliff of '{0}' lies after its end: shorten it")]
    Cliff(String),
    /// A beneficiary for an allocation that is not there.
    #[error("there is no allocation '{0}': its key is the word before the = of --beneficiary")]
    Unknown(String),
    /// An allocation without a wallet.
    #[error("'{0}' has no beneficiary: pass --beneficiary {0}=ADDRESS")]
    NoBeneficiary(String),
}

/// One part of the supply.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allocation {
    /// Tells it from the others on the chain.
    pub id: u64,
    /// What the command line calls it.
    pub key: String,
    /// For people.
    pub name: String,
    /// Its share of the supply, in hundredths.
    pub percent: u8,
    /// Days from the start before which nothing vests.
    pub cliff_days: u32,
    /// Days from the start after which all has vested; with 0, all vests at the start.
    pub duration_days: u32,
    /// The wallet that may claim.
    pub beneficiary: Option<Address>,
}

impl Allocation {
    /// How much it is.
    pub const fn amount(&self) -> Amount {
        Amount(SUPPLY.0 / 100 * self.percent as u64)
    }

    /// Seconds from the start before which nothing vests.
    pub const fn cliff_seconds(&self) -> u64 {
        self.cliff_days as u64 * DAY
    }

    /// Seconds from the start after which all has vested.
    pub const fn duration_seconds(&self) -> u64 {
        self.duration_days as u64 * DAY
    }
}

/// Parts that make up the whole supply.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What every schedule counts from.
    pub start: DateTime<Utc>,
    /// The parts.
    #[serde(rename = "allocation")]
    pub allocations: Vec<Allocation>,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// [`PlanError`], unless the shares make up the whole supply and every allocation has an id and a key of its
    /// own.
    pub fn parse(toml: &str) -> Result<Self, PlanError> {
        let plan: Self =
            toml::from_str(toml).map_err(|error| PlanError::Format(error.to_string()))?;
        plan.validate()?;
        Ok(plan)
    }

    fn validate(&self) -> Result<(), PlanError> {
        let percent = self.allocations.iter().map(|part| u32::from(part.percent));
        let percent = percent.sum();
        if percent != 100 {
            return Err(PlanError::Percent(percent));
        }
        let (mut ids, mut keys) = (BTreeSet::new(), BTreeSet::new());
        for part in &self.allocations {
            if part.percent == 0 {
                return Err(PlanError::Empty(part.key.clone()));
            }
            if !ids.insert(part.id) || !keys.insert(&part.key) {
                return Err(PlanError::Twice(part.key.clone()));
            }
            if part.cliff_days > part.duration_days {
                return Err(PlanError::Cliff(part.key.clone()));
            }
        }
        Ok(())
    }

    /// Names the wallet of an allocation.
    ///
    /// # Errors
    /// [`PlanError::Unknown`].
    pub fn assign(&mut self, key: &str, beneficiary: Address) -> Result<(), PlanError> {
        let part = self.allocations.iter_mut().find(|part| part.key == key);
        let part = part.ok_or_else(|| PlanError::Unknown(key.to_owned()))?;
        part.beneficiary = Some(beneficiary);
        Ok(())
    }

    /// The allocations with their wallets.
    ///
    /// # Errors
    /// [`PlanError::NoBeneficiary`] for the first without one.
    pub fn assigned(&self) -> Result<Vec<(&Allocation, Address)>, PlanError> {
        let wallet = |part: &Allocation| {
            part.beneficiary
                .ok_or_else(|| PlanError::NoBeneficiary(part.key.clone()))
        };
        let parts = self.allocations.iter();
        parts.map(|part| Ok((part, wallet(part)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str = include_str!("../../../config/allocations.toml");

    #[test]
    fn the_committed_plan_is_the_whole_supply_in_five_parts() {
        let plan = Plan::parse(COMMITTED).expect("a plan");
        let shares: Vec<u8> = plan.allocations.iter().map(|part| part.percent).collect();
        assert_eq!(shares, [30, 25, 20, 15, 10]);
        let sum: u64 = plan.allocations.iter().map(|part| part.amount().0).sum();
        assert_eq!(Amount(sum), SUPPLY);
        assert_eq!(SUPPLY, Amount::tokens(1_000_000_000));
        let years = plan.allocations.iter().map(|part| part.duration_days / 365);
        assert_eq!(years.collect::<Vec<_>>(), [5, 3, 4, 4, 0]);
        assert_eq!(plan.allocations[2].cliff_seconds(), 365 * 86_400);
        assert_eq!(plan.start.timestamp(), 1_798_761_600);
    }

    #[test]
    fn plans_that_do_not_add_up_are_refused() {
        let refused = |from: &str, to: &str| Plan::parse(&COMMITTED.replacen(from, to, 1));
        let key = |text: &str| text.to_owned();
        for (from, to, error) in [
            ("percent = 30", "percent = 31", PlanError::Percent(101)),
            ("id = 2", "id = 1", PlanError::Twice(key("nodes"))),
            (
                "key = \"nodes\"",
                "key = \"community\"",
                PlanError::Twice(key("community")),
            ),
            (
                "cliff_days = 365",
                "cliff_days = 1461",
                PlanError::Cliff(key("development")),
            ),
        ] {
            assert_eq!(refused(from, to), Err(error), "{to}");
        }
        let nothing = COMMITTED
            .replacen("percent = 30", "percent = 0", 1)
            .replacen("percent = 25", "percent = 55", 1);
        assert_eq!(
            Plan::parse(&nothing),
            Err(PlanError::Empty(key("community")))
        );
        let misspelt = refused("cliff_days", "clif_days");
        assert!(matches!(misspelt, Err(PlanError::Format(_))));
    }

    #[test]
    fn every_allocation_needs_a_wallet() {
        let mut plan = Plan::parse(COMMITTED).expect("a plan");
        let wallet = Address([7; 32]);
        assert_eq!(
            plan.assign("team", wallet),
            Err(PlanError::Unknown("team".into()))
        );
        for key in ["community", "nodes", "development", "ecosystem"] {
            plan.assign(key, wallet).expect("it is there");
        }
        let missing = PlanError::NoBeneficiary("liquidity".into());
        assert_eq!(plan.assigned(), Err(missing));
        plan.assign("liquidity", wallet).expect("it is there");
        assert_eq!(plan.assigned().map(|parts| parts.len()), Ok(5));
    }
}
