//! What can go wrong, and the exit code that says so to scripts.

use std::{io, path::PathBuf};

use cyxwiz_chain::ChainError;
use cyxwiz_domain::{Address, Amount, Digest, JobId};
use cyxwiz_pki::{certificate::CertificateError, transport::ConnectError, wallet::WalletError};

use crate::flow::{ending::Ending, proof::Replay};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments or the configuration contradict themselves.
    #[error("{0}")]
    Usage(String),
    /// A file of ours cannot be read or written.
    #[error("{what} {path}: {source}")]
    File {
        /// What the file is for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{what} {path}: {problem}")]
    Content {
        /// What the file is for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The wallet cannot be used.
    #[error("{0}; make one with `cyxwiz wallet new` or name it with --wallet")]
    Wallet(#[from] WalletError),
    /// The certificate of a job cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The wallet does not hold what it is asked to pay.
    #[error(
        "{what} {amount} CYXWIZ but {wallet} holds {balance}: get {missing} more first; nothing was sent"
    )]
    AmountAboveBalance {
        /// Subject and verb, like `the job costs`.
        what: &'static str,
        /// What it costs.
        amount: Amount,
        /// What the wallet holds.
        balance: Amount,
        /// The difference.
        missing: Amount,
        /// The user's wallet.
        wallet: Address,
    },
    /// The wallet has no SOL for fees and rent.
    #[error(
        "{wallet} holds {lamports} lamports of SOL; transactions and the escrow's rent need about {needed}: \
         send it some SOL (on a development chain: `cyxwiz wallet airdrop`)"
    )]
    NoSol {
        /// The user's wallet.
        wallet: Address,
        /// What it holds.
        lamports: u64,
        /// What is needed.
        needed: u64,
    },
    /// Dearer than the user allows.
    #[error("the job costs {amount} CYXWIZ, above --max-price {limit}; nothing was paid")]
    PriceAboveLimit {
        /// Price of the job.
        amount: Amount,
        /// What the user allows.
        limit: Amount,
    },
    /// The chain does not do it, or does not answer.
    #[error("{0}")]
    Chain(#[from] ChainError),
    /// The coordinator or a node says no.
    #[error("{who} refused to {what}: {message}")]
    Refused {
        /// `the coordinator` or `the node`.
        who: &'static str,
        /// The call, as a verb phrase.
        what: &'static str,
        /// Stable code, empty where there is none.
        code: String,
        /// Its words.
        message: String,
        /// Whether the same call may succeed soon.
        passing: bool,
    },
    /// No answer.
    #[error("{who} at {address} cannot be reached: {reason}")]
    Unreachable {
        /// `the coordinator` or `the node`.
        who: &'static str,
        /// Where.
        address: String,
        /// The innermost reason.
        reason: String,
    },
    /// The node's certificate or address is unusable.
    #[error("{0}")]
    Connect(#[from] ConnectError),
    /// The other side broke the protocol.
    #[error("{who} answered nonsense: {problem}")]
    Protocol {
        /// `the coordinator` or `the node`.
        who: &'static str,
        /// What was wrong with the answer.
        problem: String,
    },
    /// The node shows something else than it should; nothing is signed for it.
    #[error("the node's results do not fit together ({problem}){}", after_dishonesty(*.job, *.paid))]
    Dishonest {
        /// The job.
        job: JobId,
        /// What does not fit.
        problem: String,
        /// The job is paid already.
        paid: bool,
        /// What repeating the training has shown, where that is how it was found.
        replay: Option<Box<Replay>>,
    },
    /// The node keeps to itself what it has to deliver.
    #[error(
        "the node does not show the {what} ({reason}). Nothing is accepted without. Run this again later; a result \
         that is not paid yet is contested with `cyxwiz job dispute {job}` before it is paid by itself"
    )]
    Withheld {
        /// The job.
        job: JobId,
        /// `weights` or `transcript of its work`.
        what: &'static str,
        /// The node's words.
        reason: String,
    },
    /// Downloaded weights are not those that were promised.
    #[error("the weights at {path} have SHA-256 {actual}, expected {expected}; not accepted")]
    WeightsMismatch {
        /// The file.
        path: PathBuf,
        /// Of the bytes received.
        actual: Digest,
        /// Of the chain.
        expected: Digest,
    },
    /// No such job here.
    #[error("job {0} is unknown here; `cyxwiz job list` shows what the coordinator knows")]
    UnknownJob(JobId),
    /// Another process is driving the job.
    #[error(
        "another cyxwiz process on this machine drives job {job} (a `job run`, `submit`, `watch` or `cancel`); \
         wait for it, or stop it with Ctrl-C and repeat this command"
    )]
    Busy {
        /// The job.
        job: JobId,
    },
    /// The job is over and no result was paid for.
    #[error("{0}")]
    Ended(Box<Ending>),
    /// A process of the local stack does not run.
    #[error("{process} {problem}{}", log_tail(.tail))]
    Process {
        /// Its name.
        process: String,
        /// What happened.
        problem: String,
        /// Last lines of its log.
        tail: String,
    },
    /// The user pressed Ctrl-C, or answered with no.
    #[error("{0}")]
    Interrupted(String),
}

/// What the user of a dishonest node can do.
fn after_dishonesty(job: JobId, paid: bool) -> String {
    if paid {
        return format!(
            ", and job {job} is paid: nothing of that comes back. Do not use the weights, keep what lies here, and tell \
             others with `cyxwiz job rate {job} 1`"
        );
    }
    format!(
        ": nothing more is signed for it; `cyxwiz job cancel {job}` pays it only for the epochs signed so far (where a \
         proof is asked for, waiting for the deadline pays it nothing), and a result on the chain is contested with \
         `cyxwiz job dispute {job}`"
    )
}

fn log_tail(tail: &str) -> String {
    if tail.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = tail.lines().map(|line| format!("  | {line}")).collect();
    format!("; its log ends with:\n{}", lines.join("\n"))
}

/// What the process tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Done.
    Success = 0,
    /// Something failed here.
    Failure = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The chain, the coordinator or the node said no.
    Refused = 3,
    /// Somebody does not answer.
    Unreachable = 4,
    /// The job is over without a result that was paid for.
    Ended = 5,
    /// Ctrl-C, or a no.
    Interrupted = 130,
}

impl Error {
    /// The exit code of this error.
    pub fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Usage(_) => ExitStatus::Usage,
            Self::Refused { .. } | Self::PriceAboveLimit { .. } => ExitStatus::Refused,
            Self::Chain(error) if error.is_transient() => ExitStatus::Unreachable,
            Self::Chain(ChainError::Refused { .. }) => ExitStatus::Refused,
            Self::Unreachable { .. } | Self::Connect(_) => ExitStatus::Unreachable,
            Self::Ended(_) => ExitStatus::Ended,
            Self::Interrupted(_) => ExitStatus::Interrupted,
            _ => ExitStatus::Failure,
        }
    }

    /// Stable name of the kind, for `--json`.
    pub fn kind(&self) -> &'static str {
        match self.exit_status() {
            ExitStatus::Usage => "usage",
            ExitStatus::Refused => "refused",
            ExitStatus::Unreachable => "unreachable",
            ExitStatus::Ended => "ended",
            ExitStatus::Interrupted => "interrupted",
            ExitStatus::Failure | ExitStatus::Success => "failed",
        }
    }

    /// Whether trying again soon may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Refused { passing: true, .. } => true,
            Self::Connect(error) => matches!(error, ConnectError::Unreachable { .. }),
            Self::Chain(error) => error.is_transient(),
            _ => false,
        }
    }

    /// Turns an I/O error into one that names the file.
    pub fn file(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { what, path, source }
    }

    /// Makes an [`Error::Refused`] for what the chain would refuse in its present state, known before
    /// anything is sent.
    pub fn would_refuse(what: &'static str, code: &str, message: String) -> Self {
        Self::Refused {
            who: "the chain",
            what,
            code: code.to_owned(),
            message,
            passing: false,
        }
    }

    /// Makes an [`Error::Dishonest`] of a job that is not paid.
    pub fn dishonest(job: JobId, problem: &str) -> Self {
        Self::Dishonest {
            job,
            problem: problem.to_owned(),
            paid: false,
            replay: None,
        }
    }

    /// The same error where `job` is paid already.
    #[must_use]
    pub fn after_payment(self, job: JobId) -> Self {
        match self {
            Self::Dishonest {
                problem, replay, ..
            } => Self::Dishonest {
                job,
                problem,
                paid: true,
                replay,
            },
            Self::WeightsMismatch {
                actual, expected, ..
            } => {
                let problem = format!(
                    "it told the chain of weights with the SHA-256 {expected}, but delivered {actual}"
                );
                Self::dishonest(job, &problem).after_payment(job)
            }
            other => other,
        }
    }

    /// Makes a [`Error::Content`].
    pub fn content(what: &'static str, path: impl Into<PathBuf>, problem: impl ToString) -> Self {
        Self::Content {
            what,
            path: path.into(),
            problem: problem.to_string(),
        }
    }
}

/// Result of most functions here.
pub type Result<T, E = Error> = std::result::Result<T, E>;
