//! The command line: flags and their help, nothing else.

mod dispute;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use cyxwiz_domain::{Amount, JobId};

pub use self::dispute::{DisputeCommand, SettleArgs};

/// Exit codes, shown by `--help`.
const AFTER_HELP: &str = "\
Settings come from flags, then CYXWIZ_* variables, then the config.toml of a local stack (--dev-dir), then
~/.config/cyxwiz/config.toml.

Exit codes:
  0    done
  1    failed
  2    the command line is wrong
  3    refused by the chain, the coordinator or the node
  4    the chain, the coordinator or the node cannot be reached
  5    the job ended without a result that was paid for
  130  interrupted by Ctrl-C, or by a no";

/// GPU training on an open market: jobs are escrowed on Solana, trained by staked nodes, paid on delivery.
#[derive(Debug, Parser)]
#[command(name = "cyxwiz", version, after_help = AFTER_HELP, propagate_version = true)]
pub struct Cli {
    /// Where to find things and how to print.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Global {
    /// Solana JSON-RPC address
    #[arg(long, global = true, env = "CYXWIZ_RPC_URL", value_name = "URL")]
    pub rpc_url: Option<String>,
    /// gRPC address of the coordinator
    #[arg(long, global = true, env = "CYXWIZ_COORDINATOR", value_name = "URL")]
    pub coordinator: Option<String>,
    /// Key pair file of the wallet
    #[arg(long, global = true, env = "CYXWIZ_WALLET", value_name = "FILE")]
    pub wallet: Option<PathBuf>,
    /// Directory for journals, certificates and weights of jobs
    #[arg(long, global = true, env = "CYXWIZ_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Directory of a local stack made by `dev up`; its settings apply while it exists [default: .cyxwiz/dev]
    #[arg(long, global = true, env = "CYXWIZ_DEV_DIR", value_name = "DIR")]
    pub dev_dir: Option<PathBuf>,
    /// Print results as JSON, one object on the last line
    #[arg(long, global = true)]
    pub json: bool,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// Groups of commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Keys and balances
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Training jobs
    #[command(subcommand)]
    Job(JobCommand),
    /// Disputed results, for those who decide them
    #[command(subcommand)]
    Dispute(DisputeCommand),
    /// Server nodes
    #[command(subcommand)]
    Node(NodeCommand),
    /// A complete market on this machine, for development
    #[command(subcommand)]
    Dev(DevCommand),
}

/// `cyxwiz wallet`.
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Draw a new key and write it to the wallet file; an existing file is never overwritten
    New,
    /// Show address and balances
    Show {
        /// Only the address, without asking the chain
        #[arg(long)]
        address: bool,
    },
    /// Ask a development chain for SOL
    Airdrop {
        /// How much, in SOL
        #[arg(long, default_value_t = 10, value_name = "SOL", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        sol: u64,
    },
}

/// `cyxwiz job`.
#[derive(Debug, Subcommand)]
pub enum JobCommand {
    /// Check a job and its data and ask for the price; nothing is paid or kept
    Estimate {
        /// Job file (TOML or JSON)
        file: PathBuf,
    },
    /// Run a job to the end: escrow, training, weights, payment
    ///
    /// A run that was interrupted goes on where it stopped when the same job is run again.
    Run(RunArgs),
    /// Escrow a job and return once it is funded; `job watch` does the rest
    Submit(SubmitArgs),
    /// Go on with a job of this machine to its end: metrics, receipts, weights, payment
    Watch {
        /// The job
        id: JobId,
        /// Where the weights go [default: in the data directory]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Do not pay once the weights are here; repeated without it, this pays
        #[arg(long)]
        hold: bool,
        /// Repeat the training here before paying; of jobs in integers (tier zk-exact)
        #[arg(long)]
        replay: bool,
    },
    /// Repeat the training of a job in integers on this machine and compare every step with the node's, to the bit
    ///
    /// A proof recomputes a few steps that nobody could foresee; this recomputes all of them, which takes
    /// seconds, and finds even a single false one. It needs the dataset where it was, and the job's directory; where
    /// the transcript that came with the weights is gone, the end alone is compared.
    Replay {
        /// The job
        id: JobId,
    },
    /// What coordinator and chain say about a job
    Status {
        /// The job
        id: JobId,
    },
    /// Your jobs, newest first
    List {
        /// How many at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
    },
    /// Give the node of a running job more time
    Extend {
        /// The job
        id: JobId,
        /// How much more: seconds, or like 90m, 2h, 1d; 30 days from the assignment at most in all
        #[arg(value_parser = values::seconds)]
        time: u32,
    },
    /// Raise what a job pays that is not delivered yet; what is not earned comes back
    TopUp {
        /// The job
        id: JobId,
        /// How much more, in CYXWIZ
        #[arg(value_parser = values::positive)]
        amount: Amount,
    },
    /// Contest the result of a delivered job before its payment may be released
    ///
    /// Costs a bond of 5 % of the job's amount (as the chain's configuration says), out of the wallet and
    /// at once. It comes back with the money, or with your share of it, unless the dispute authority decides
    /// for the node, who gets it then. Results of Diamond nodes are final. Fetch the weights first, with
    /// `job run --hold` or `job watch --hold`.
    Dispute {
        /// The job
        id: JobId,
        /// What the authority will be shown; its SHA-256 goes to the chain, the file stays here [default: none]
        #[arg(long, value_name = "FILE")]
        evidence: Option<PathBuf>,
    },
    /// Stop a job and take the money back; epochs you signed for are paid, proven or not
    ///
    /// A job that asks for a proof pays nothing without one, unless you cancel it: then your receipts count. So
    /// this says first what it would pay, and asks. Where no proof can be made any more, it says until when to
    /// wait; past the deadline it takes everything back.
    Cancel {
        /// The job
        id: JobId,
        /// Do not ask: pay for work that is not proven
        #[arg(long, short)]
        yes: bool,
        /// How long to wait for the node's last word, in seconds
        #[arg(long, default_value_t = 30, value_name = "SECONDS")]
        wait: u64,
    },
    /// Fetch weights of a job from its node and verify them
    Download {
        /// The job
        id: JobId,
        /// Checkpoint of this epoch instead of the final weights
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        epoch: Option<u32>,
        /// Where they go [default: in the data directory]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Rate the node of a job that you paid
    Rate {
        /// The job
        id: JobId,
        /// 1 (bad) to 5 (good)
        #[arg(value_parser = clap::value_parser!(u8).range(1..=5))]
        stars: u8,
    },
}

/// `cyxwiz job run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// What to submit.
    #[command(flatten)]
    pub submit: SubmitArgs,
    /// Do not pay once the weights are here: look at them, then `job watch` pays or `job dispute` contests
    #[arg(long)]
    pub hold: bool,
    /// Where the weights go [default: in the data directory]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Repeat the training here before paying; of jobs in integers (tier zk-exact)
    #[arg(long)]
    pub replay: bool,
}

/// `cyxwiz job submit`.
#[derive(Debug, Clone, Args)]
pub struct SubmitArgs {
    /// Job file (TOML or JSON)
    pub file: PathBuf,
    /// Refuse a price above this, in CYXWIZ
    #[arg(long, value_name = "AMOUNT")]
    pub max_price: Option<Amount>,
    /// Start a new job even if this one was begun and not finished
    #[arg(long)]
    pub new: bool,
}

/// `cyxwiz node`.
#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Nodes that are online and what they offer
    List,
}

/// `cyxwiz dev`.
#[derive(Debug, Subcommand)]
pub enum DevCommand {
    /// Start chain, database, coordinator and nodes; what runs already is left alone
    Up(StackArgs),
    /// Stop everything that `dev up` started
    Down {
        /// The stack's directory [default: --dev-dir]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Remove the directory with chain, database, wallets and jobs
        #[arg(long)]
        wipe: bool,
    },
    /// What runs
    Status {
        /// The stack's directory [default: --dev-dir]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Start a stack, run a job on it, show the balances, stop the stack
    Demo {
        /// The stack.
        #[command(flatten)]
        stack: StackArgs,
        /// Job file
        #[arg(long, default_value = "examples/digits/job.toml", value_name = "FILE")]
        job: PathBuf,
        /// Leave the stack running
        #[arg(long)]
        keep: bool,
    },
}

/// How a local stack is made.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// Directory for everything the stack writes [default: --dev-dir]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Directory of the built programs (*.so) [default: target/deploy]
    #[arg(long, env = "CYXWIZ_PROGRAMS", value_name = "DIR")]
    pub programs: Option<PathBuf>,
    /// Directory of the other binaries [default: beside this one]
    #[arg(long, env = "CYXWIZ_BIN_DIR", value_name = "DIR")]
    pub bin_dir: Option<PathBuf>,
    /// Use the chain at this JSON-RPC address, where the programs are deployed, instead of starting one
    #[arg(long, value_name = "URL", conflicts_with = "time_travel")]
    pub chain_url: Option<String>,
    /// Number of server nodes
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub nodes: u32,
    /// Let tests move the chain's clock (cyxwiz_advanceTime)
    #[arg(long)]
    pub time_travel: bool,
    /// Seconds that each process may take to become ready
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub start_timeout: u64,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }
}
