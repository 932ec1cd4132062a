//! gRPC statuses become errors that say who refused what.

use tonic::{Code, Request, Status, metadata::MetadataValue};

use crate::error::Error;

/// Metadata key of the stable code that services put into their refusals.
const CODE_KEY: &str = "cyxwiz-code";

/// The error of a failed call to `who` at `address`.
pub fn error(who: &'static str, address: &str, what: &'static str, status: &Status) -> Error {
    let code = code(status).to_owned();
    // A service that is up says why it is unavailable by a code; a transport has none.
    if code.is_empty() && is_transport(status) {
        return Error::Unreachable {
            who,
            address: address.to_owned(),
            reason: reason(status),
        };
    }
    Error::Refused {
        who,
        what,
        code,
        message: status.message().to_owned(),
        passing: is_transient(status),
    }
}

/// The stable code in a refusal, empty where there is none.
pub fn code(status: &Status) -> &str {
    let value = status.metadata().get(CODE_KEY);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Whether the call may not have arrived at all.
pub fn is_transport(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Unknown | Code::Cancelled
    )
}

/// Whether the same call may succeed soon.
pub fn is_transient(status: &Status) -> bool {
    is_transport(status) || matches!(status.code(), Code::Aborted | Code::ResourceExhausted)
}

/// A request that carries `token`.
///
/// # Panics
/// Never with a token that came over gRPC: those are ASCII.
pub fn authorized<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    if let Ok(value) = MetadataValue::try_from(format!("Bearer {token}")) {
        request.metadata_mut().insert("authorization", value);
    }
    request
}

/// The innermost cause of a status.
fn reason(status: &Status) -> String {
    let mut error: &dyn std::error::Error = status;
    while let Some(source) = error.source() {
        error = source;
    }
    let text = if std::ptr::addr_eq(error, status as &dyn std::error::Error) {
        status.message().to_owned()
    } else {
        error.to_string()
    };
    // Some libraries append a link to their manual.
    text.split(": https://")
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_refuses_is_told_from_one_that_is_not_there() {
        let gone = error(
            "the coordinator",
            "http://x",
            "price",
            &Status::unavailable("refused"),
        );
        assert!(matches!(gone, Error::Unreachable { .. }));
        let mut status = Status::unavailable("the chain does not answer");
        status
            .metadata_mut()
            .insert(CODE_KEY, MetadataValue::from_static("chain_unavailable"));
        let busy = error("the coordinator", "http://x", "price", &status);
        assert!(matches!(busy, Error::Refused { code, .. } if code == "chain_unavailable"));
        assert!(is_transient(&status));
    }
}
