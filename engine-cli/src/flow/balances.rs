//! Token balances of a job's four parties, before and after.

use cyxwiz_chain::{Chain, pda};
use cyxwiz_domain::{Address, Amount};
use serde::{Deserialize, Serialize};

use crate::error::Result;

/// Balances in base units at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Balances {
    /// The user's wallet.
    pub user: u64,
    /// The node's wallet.
    pub node: u64,
    /// The platform's vault.
    pub platform: u64,
    /// The job's escrow.
    pub escrow: u64,
}

impl Balances {
    /// Reads them from the chain.
    ///
    /// # Errors
    /// [`crate::error::Error::Chain`].
    pub async fn read(
        chain: &Chain,
        mint: Address,
        user: Address,
        node: Address,
        escrow: Address,
    ) -> Result<Self> {
        let units = |amount: Amount| amount.0;
        Ok(Self {
            user: chain.token_balance(user, mint).await.map(units)?,
            node: chain.token_balance(node, mint).await.map(units)?,
            platform: chain
                .vault_balance(pda::platform_vault())
                .await
                .map(units)?,
            escrow: chain
                .vault_balance(pda::escrow_vault(escrow))
                .await
                .map(units)?,
        })
    }

    /// Names and values in the order they are shown.
    pub fn rows(&self) -> [(&'static str, u64); 4] {
        [
            ("user", self.user),
            ("node", self.node),
            ("platform", self.platform),
            ("escrow", self.escrow),
        ]
    }

    /// All four together.
    pub fn total(&self) -> u128 {
        self.rows()
            .iter()
            .map(|(_, units)| u128::from(*units))
            .sum()
    }
}

/// Balances around a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BalanceChange {
    /// Before the escrow was funded.
    pub before: Balances,
    /// After the payment.
    pub after: Balances,
    /// Whether nothing came from or went anywhere else, to the unit.
    pub conserved: bool,
}

impl BalanceChange {
    /// Compares.
    pub fn new(before: Balances, after: Balances) -> Self {
        Self {
            before,
            after,
            conserved: before.total() == after.total(),
        }
    }

    /// The table for people, in CYXWIZ with a line of sums.
    pub fn table(&self) -> String {
        let mut table = crate::printer::table(&["CYXWIZ", "before", "after", "change"]);
        for ((name, before), (_, after)) in self.before.rows().into_iter().zip(self.after.rows()) {
            table.add_row(row(name, before.into(), after.into()));
        }
        table.add_row(row("sum", self.before.total(), self.after.total()));
        for index in 1..4 {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(comfy_table::CellAlignment::Right);
            }
        }
        table.trim_fmt()
    }
}

fn row(name: &str, before: u128, after: u128) -> [String; 4] {
    let change = match after.cmp(&before) {
        std::cmp::Ordering::Less => format!("-{}", tokens(before - after)),
        std::cmp::Ordering::Equal => "0".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", tokens(after - before)),
    };
    [name.to_owned(), tokens(before), tokens(after), change]
}

/// All nine decimal places, so that the points stand below each other.
fn tokens(units: u128) -> String {
    const UNIT: u128 = cyxwiz_domain::amount::UNITS_PER_TOKEN as u128;
    format!("{}.{:09}", units / UNIT, units % UNIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_adds_up_to_the_unit() {
        let before = Balances {
            user: 10_000_000_000,
            node: 5,
            platform: 0,
            escrow: 0,
        };
        let after = Balances {
            user: 9_000_000_000,
            node: 900_000_005,
            platform: 100_000_000,
            escrow: 0,
        };
        let change = BalanceChange::new(before, after);
        assert!(change.conserved);
        let text = change.table();
        for expected in [
            "-1.000000000",
            "+0.900000000",
            "+0.100000000",
            "10.000000005",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        let lost = Balances { node: 5, ..after };
        assert!(!BalanceChange::new(before, lost).conserved);
    }
}
