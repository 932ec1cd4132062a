use anchor_lang::prelude::*;

/// How a job ended. Append only: the numbers are part of the interface.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Paid in full.
    Completed {
        /// Whether it kept to its estimate.
        on_time: bool,
        /// Whether a proof showed the work.
        proven: bool,
    },
    /// The node gave up.
    Failed,
    /// The node let the deadline pass.
    TimedOut,
    /// The user cancelled after assignment; no fault of the node.
    CancelledByUser,
    /// A dispute was settled for the user: the node's fault.
    DisputeLost,
    /// A dispute was settled for the node: paid in full, and the user's fault.
    DisputeWon {
        /// Whether it kept to its estimate.
        on_time: bool,
        /// Whether a proof showed the work.
        proven: bool,
    },
    /// A dispute ended without a verdict for either side; nobody's fault.
    DisputeUnresolved,
    /// The node signed a proof that does not show what it claims.
    InvalidProof,
    /// The node handed the job back before it had committed to anything, or when no proof was possible; nobody's
    /// fault.
    Declined,
}
