//! Why a spec is refused.

/// Why a spec is refused, with the place in the document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// Not a document of the format at all.
    #[error("the job spec is not valid {format}: {message}")]
    Syntax {
        /// TOML or JSON.
        format: &'static str,
        /// What the parser says, with line and column.
        message: String,
    },
    /// A field is missing, unknown or of another type.
    #[error("job spec, at `{path}`: {message}")]
    Field {
        /// Like `optimizer.lr`.
        path: String,
        /// What was expected.
        message: String,
    },
    /// A layer type that does not exist.
    #[error("job spec, at `{path}`: unknown layer '{layer}'; the layers are {}", known.join(", "))]
    UnknownLayer {
        /// Like `model.layers[2]`.
        path: String,
        /// The type as written.
        layer: String,
        /// All types that exist.
        known: &'static [&'static str],
    },
    /// A value out of its range, or parts that do not fit each other.
    #[error("job spec, at `{path}`: {problem}")]
    Invalid {
        /// Like `model.layers[2]`.
        path: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl SpecError {
    pub(super) fn invalid(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            path: path.into(),
            problem: problem.into(),
        }
    }
}
