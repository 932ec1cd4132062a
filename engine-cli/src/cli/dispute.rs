//! `cyxwiz dispute`: its flags.

use clap::{Args, Subcommand};
use cyxwiz_chain::instructions::escrow::Verdict;
use cyxwiz_domain::{Address, Amount};

/// `cyxwiz dispute`.
#[derive(Debug, Subcommand)]
pub enum DisputeCommand {
    /// Disputes on the chain that wait for a decision, the most urgent first; needs no wallet
    List,
    /// Decide a dispute, signed by the dispute authority that the chain's configuration names (--wallet)
    Settle(SettleArgs),
    /// End a dispute that nobody has decided in time: the money is split by the epochs the user holds
    Expire {
        /// The disputed job's escrow, as `dispute list` shows it
        escrow: Address,
    },
}

/// `cyxwiz dispute settle`.
#[derive(Debug, Clone, Args)]
pub struct SettleArgs {
    /// The disputed job's escrow, as `dispute list` shows it
    pub escrow: Address,
    /// Who is right.
    #[command(flatten)]
    pub decision: Decision,
    /// With --for-user: so many CYXWIZ more for the user out of the insurance, within the chain's bounds
    // What a present flag excludes is not required, so the other two verdicts are named too.
    #[arg(long, requires = "for_user", conflicts_with_all = ["for_node", "share"], value_name = "AMOUNT")]
    pub insurance: Option<Amount>,
}

/// Exactly one of the three verdicts.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Decision {
    /// The node did not deliver: the user gets amount, bond and half of the slash, and the node is banned
    #[arg(long)]
    pub for_user: bool,
    /// The node delivered: it is paid as if the user had accepted, and gets the bond
    #[arg(long)]
    pub for_node: bool,
    /// The node has earned this part, in basis points (6000 is 60 %); the user gets the rest and the bond
    #[arg(long, value_name = "BPS", value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub share: Option<u16>,
}

impl SettleArgs {
    /// What the flags mean to the chain.
    pub fn verdict(&self) -> Verdict {
        match self.decision.share {
            Some(node_bps) => Verdict::Shared(node_bps),
            None if self.decision.for_node => Verdict::ForNode,
            None => Verdict::ForUser(self.insurance.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn a_dispute_is_settled_by_exactly_one_verdict() {
        let escrow = Address::default().to_string();
        let parse = |verdict: &[&str]| {
            let line = ["cyxwiz", "dispute", "settle", &escrow];
            let cli = Cli::try_parse_from(line.iter().chain(verdict)).ok()?;
            match cli.command {
                Command::Dispute(DisputeCommand::Settle(args)) => Some(args.verdict()),
                _ => None,
            }
        };
        assert_eq!(parse(&["--for-user"]), Some(Verdict::ForUser(Amount::ZERO)));
        let insured = parse(&["--for-user", "--insurance", "1.5"]);
        assert_eq!(insured, Some(Verdict::ForUser(Amount(1_500_000_000))));
        assert_eq!(parse(&["--for-node"]), Some(Verdict::ForNode));
        assert_eq!(parse(&["--share", "0"]), Some(Verdict::Shared(0)));
        assert_eq!(parse(&["--share", "10000"]), Some(Verdict::Shared(10_000)));
        let contradictions: [&[&str]; 7] = [
            &[],
            &["--share", "10001"],
            &["--for-user", "--for-node"],
            &["--for-user", "--share", "1"],
            &["--for-node", "--share", "1"],
            &["--insurance", "1"],
            &["--for-node", "--insurance", "1"],
        ];
        for contradiction in contradictions {
            assert_eq!(parse(contradiction), None, "{contradiction:?}");
        }
    }
}
