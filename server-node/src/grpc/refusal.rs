//! Errors as engines get them: a gRPC code, a message for people, and a stable
//! code for machines in the metadata.

use cyxwiz_chain::ChainError;
use cyxwiz_domain::{dataset::ManifestError, id::IdError};
use cyxwiz_pki::token::TokenError;
use tonic::{Code, Status, metadata::MetadataValue};

use crate::jobs::{JobError, Refusal, UseError};

/// Metadata key of the machine-readable code.
pub const CODE_KEY: &str = "cyxwiz-code";

/// An error with its machine-readable code.
pub(super) fn refuse(code: Code, machine: &'static str, message: impl Into<String>) -> Status {
    let mut status = Status::new(code, message);
    let value = MetadataValue::from_static(machine);
    status.metadata_mut().insert(CODE_KEY, value);
    status
}

pub(super) fn token(error: &TokenError) -> Status {
    let machine = match error {
        TokenError::Invalid(_) => "token_invalid",
        TokenError::Expired => "token_expired",
        TokenError::Audience => "token_wrong_audience",
        TokenError::Issuer => "token_wrong_issuer",
        TokenError::Certificate => "token_wrong_certificate",
        TokenError::Job => "token_wrong_job",
        TokenError::Replayed => "token_replayed",
    };
    refuse(Code::Unauthenticated, machine, error.to_string())
}

pub(super) fn used(error: &UseError) -> Status {
    match error {
        UseError::Replayed(error) => token(error),
        UseError::Disk(error) => job(error),
    }
}

pub(super) fn malformed(error: &IdError) -> Status {
    refuse(Code::InvalidArgument, "malformed", error.to_string())
}

pub(super) fn manifest(error: &ManifestError) -> Status {
    refuse(Code::InvalidArgument, "bad_manifest", error.to_string())
}

pub(super) fn chain(error: &ChainError) -> Status {
    let message = format!("the node cannot read the chain: {error}; try again");
    refuse(Code::Unavailable, "chain_unavailable", message)
}

pub(super) fn job(error: &JobError) -> Status {
    let (code, machine) = match error {
        JobError::Chunk(_) => (Code::InvalidArgument, "bad_chunk"),
        JobError::Manifest { .. } => (Code::InvalidArgument, "wrong_dataset_root"),
        JobError::TooLarge { .. } => (Code::InvalidArgument, "dataset_too_large"),
        JobError::NoManifest => (Code::FailedPrecondition, "no_manifest"),
        JobError::File { .. }
        | JobError::Log { .. }
        | JobError::Spec(_)
        | JobError::Inconsistent { .. } => {
            // Paths of this machine are nobody else's business.
            tracing::error!(%error, "failed to serve an engine");
            return refuse(
                Code::Internal,
                "node_fault",
                "the node cannot use its disk; its operator has to look at its log",
            );
        }
    };
    refuse(code, machine, error.to_string())
}

pub(super) fn receipt(error: &Refusal) -> Status {
    match error {
        Refusal::Job(error) => job(error),
        error => refuse(Code::InvalidArgument, "bad_receipt", error.to_string()),
    }
}
