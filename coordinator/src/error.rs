//! Everything a call can be refused for, and how that looks on the wire: a gRPC
//! status with a sentence for people and, in the metadata key `cyxwiz-code`, a
//! stable name for machines.

use cyxwiz_chain::ChainError;
use cyxwiz_domain::{JobId, JobState, id::IdError, spec::SpecError};
use cyxwiz_pki::token::TokenError;
use tonic::{Code, Status, metadata::MetadataMap, metadata::MetadataValue};

use crate::{job::VERIFICATION, proof::TranscriptProblem};

/// Metadata key of the machine-readable code.
pub const CODE_KEY: &str = "cyxwiz-code";

/// Why a call is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No session token.
    #[error("sign in first, then send 'authorization: Bearer <session token>'")]
    SignInRequired,
    /// A session token that does not count.
    #[error("session: {0}")]
    Session(#[from] TokenError),
    /// No such challenge, or not any more.
    #[error("the challenge is unknown, used or expired; ask for a new one")]
    ChallengeUnknown,
    /// Signed by somebody else, or over something else.
    #[error("the signature is not this wallet's over the challenge's message")]
    SignatureInvalid,
    /// An id of the wrong length.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The spec does not hold together.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The spec is fine but written in another way than the one that is hashed.
    #[error("the spec is not in its canonical form; send the canonical JSON that is hashed")]
    SpecNotCanonical,
    /// Another argument is out of its range.
    #[error("{field} {problem}")]
    Argument {
        /// Name of the field.
        field: &'static str,
        /// What would be right.
        problem: String,
    },
    /// No such job of this caller.
    #[error("no job {0} of this wallet")]
    JobUnknown(JobId),
    /// The id belongs to another job already.
    #[error("job id {0} is taken by another job; draw a new one")]
    JobConflict(JobId),
    /// Too many jobs.
    #[error("this wallet has submitted {0} jobs in the last 24 hours, which is the limit")]
    DailyLimit(u32),
    /// Nothing to run the job on.
    #[error("no node fits this job now: {0}")]
    NoNode(String),
    /// Longer than the escrow program allows.
    #[error(
        "the job would need a timeout of {needed} s, and the chain allows {allowed} s; make it shorter"
    )]
    TooLong {
        /// Seconds.
        needed: u64,
        /// Seconds.
        allowed: u32,
    },
    /// The amount does not fit in 64 bits.
    #[error("the job costs more than there is CYXWIZ")]
    TooExpensive,
    /// The escrow account does not exist.
    #[error(
        "no escrow {0} on the chain yet; send create_escrow first, or wait until it is confirmed"
    )]
    EscrowMissing(String),
    /// The escrow account is for something else.
    #[error(
        "the escrow's {field} is {actual}, expected {expected}; cancel it to get the money back"
    )]
    EscrowMismatch {
        /// Which field.
        field: &'static str,
        /// On the chain.
        actual: String,
        /// Of the job.
        expected: String,
    },
    /// The job's transcript is for something else.
    #[error(transparent)]
    Transcript(#[from] TranscriptProblem),
    /// The job is not where the call needs it.
    #[error("the job is {state}; {needed}")]
    JobState {
        /// Where it is.
        state: JobState,
        /// What the call needs.
        needed: &'static str,
    },
    /// The caller's node is not on the chain.
    #[error("this wallet has no node in the registry; register and stake first")]
    NodeUnregistered,
    /// The caller's node did not announce itself.
    #[error("this node is unknown here; call Register first")]
    NodeUnknown,
    /// The job runs elsewhere.
    #[error("job {0} is not assigned to this node")]
    NotYourJob(JobId),
    /// A head of the transcript is another one than before.
    #[error(
        "another head is held for epoch {epoch} of job {job}; send the one that was sent first, or give the job up"
    )]
    HeadChanged {
        /// The job.
        job: JobId,
        /// From 1.
        epoch: u32,
    },
    /// The node has opened another heartbeat stream.
    #[error("another connection speaks for this node now; is it running twice?")]
    Superseded,
    /// The service is ending.
    #[error("the coordinator is shutting down; connect again")]
    ShuttingDown,
    /// The chain does not answer, or with nonsense.
    #[error("chain: {0}")]
    Chain(#[from] ChainError),
    /// The database does not answer, or a row contradicts itself.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that this version does not understand.
    #[error("a stored value is damaged: {0}")]
    Corrupt(String),
}

impl Error {
    /// gRPC code and stable name.
    pub fn code(&self) -> (Code, &'static str) {
        match self {
            Self::SignInRequired => (Code::Unauthenticated, "sign_in_required"),
            Self::Session(TokenError::Expired) => (Code::Unauthenticated, "session_expired"),
            Self::Session(_) => (Code::Unauthenticated, "session_invalid"),
            Self::ChallengeUnknown => (Code::Unauthenticated, "challenge_unknown"),
            Self::SignatureInvalid => (Code::Unauthenticated, "signature_invalid"),
            Self::Id(_) => (Code::InvalidArgument, "id_invalid"),
            Self::Spec(_) => (Code::InvalidArgument, "spec_invalid"),
            Self::SpecNotCanonical => (Code::InvalidArgument, "spec_not_canonical"),
            Self::Argument { .. } => (Code::InvalidArgument, "argument_invalid"),
            Self::JobUnknown(_) => (Code::NotFound, "job_unknown"),
            Self::JobConflict(_) => (Code::AlreadyExists, "job_conflict"),
            Self::DailyLimit(_) => (Code::ResourceExhausted, "daily_limit"),
            Self::NoNode(_) => (Code::ResourceExhausted, "no_node"),
            Self::TooLong { .. } => (Code::OutOfRange, "job_too_long"),
            Self::TooExpensive => (Code::OutOfRange, "job_too_expensive"),
            Self::EscrowMissing(_) => (Code::FailedPrecondition, "escrow_missing"),
            Self::EscrowMismatch {
                field: VERIFICATION,
                ..
            } => (Code::FailedPrecondition, "verification_mismatch"),
            Self::EscrowMismatch { .. } => (Code::FailedPrecondition, "escrow_mismatch"),
            Self::Transcript(problem) => (Code::FailedPrecondition, problem.code()),
            Self::JobState { .. } => (Code::FailedPrecondition, "job_state"),
            Self::NodeUnregistered => (Code::FailedPrecondition, "node_unregistered"),
            Self::NodeUnknown => (Code::FailedPrecondition, "node_unknown"),
            Self::NotYourJob(_) => (Code::PermissionDenied, "not_your_job"),
            Self::HeadChanged { .. } => (Code::FailedPrecondition, "head_changed"),
            Self::Superseded => (Code::Aborted, "superseded"),
            Self::ShuttingDown => (Code::Unavailable, "shutting_down"),
            Self::Chain(error) if error.is_transient() => (Code::Unavailable, "chain_unavailable"),
            Self::Chain(_) => (Code::Internal, "chain"),
            Self::Database(_) => (Code::Unavailable, "database"),
            Self::Corrupt(_) => (Code::Internal, "internal"),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, name) = error.code();
        let message = match &error {
            // What Postgres says is for the log, not for strangers.
            Error::Database(_) => "the database does not answer; try again".to_owned(),
            Error::Corrupt(_) => "internal error; please report the time of this call".to_owned(),
            error => error.to_string(),
        };
        if matches!(code, Code::Internal | Code::Unavailable) {
            tracing::error!(%error, code = name, "call failed");
        }
        let mut metadata = MetadataMap::new();
        metadata.insert(CODE_KEY, MetadataValue::from_static(name));
        Self::with_metadata(code, message, metadata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_carries_code_name_and_sentence() {
        let status = Status::from(Error::DailyLimit(10));
        assert_eq!(status.code(), Code::ResourceExhausted);
        let name = status.metadata().get(CODE_KEY).expect("a code");
        assert_eq!(name, "daily_limit");
        assert!(status.message().contains("10 jobs"));
    }

    #[test]
    fn what_the_database_says_stays_here() {
        let status = Status::from(Error::Database(sqlx::Error::Protocol("secret".into())));
        assert!(!status.message().contains("secret"));
    }
}
