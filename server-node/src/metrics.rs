//! The node's metrics: all their names, and how they are counted. What is only
//! looked up when somebody asks is in [`crate::operated`].

use cyxwiz_chain::ChainError;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

/// Jobs held, by phase.
pub const JOBS: &str = "cyxwiz_node_jobs";
/// Epochs by which the receipts of a running job lag behind, at most.
pub const RECEIPT_LAG: &str = "cyxwiz_node_receipt_lag_epochs";
/// Stake in CYXWIZ, by part.
pub const STAKE: &str = "cyxwiz_node_stake_cyxwiz";
/// CYXWIZ in the wallet.
pub const BALANCE: &str = "cyxwiz_node_balance_cyxwiz";
/// SOL in the wallet.
pub const BALANCE_SOL: &str = "cyxwiz_node_balance_sol";
/// Whether the line to the coordinator is up.
pub const LINE_UP: &str = "cyxwiz_node_coordinator_up";
/// Whether the chain answered when last asked for these metrics.
pub const CHAIN_UP: &str = "cyxwiz_node_chain_up";
const EPOCHS: &str = "cyxwiz_node_epochs_total";
const EPOCH_SECONDS: &str = "cyxwiz_node_epoch_seconds";
const PROOFS: &str = "cyxwiz_node_proofs_total";
const PROOF_SECONDS: &str = "cyxwiz_node_proof_seconds";
const RECEIVED: &str = "cyxwiz_node_received_bytes_total";
const SENT: &str = "cyxwiz_node_sent_bytes_total";
const CHAIN_ERRORS: &str = "cyxwiz_node_chain_errors_total";
/// All kinds of [`CHAIN_ERRORS`].
const CHAIN_ERROR_KINDS: [&str; 5] = ["unreachable", "refused", "expired", "account", "key"];

/// Tells the recorder what the metrics mean, and lets counters be seen before they
/// count. Call it once, after the recorder is there.
pub fn describe() {
    describe_gauge!(JOBS, "Jobs held, by phase");
    describe_gauge!(
        RECEIPT_LAG,
        "Epochs done without a receipt, of the unsettled job with the most"
    );
    describe_gauge!(
        STAKE,
        "CYXWIZ in the registry: all that is staked, locked by jobs, free for another"
    );
    describe_gauge!(BALANCE, "CYXWIZ in the owner's token account");
    describe_gauge!(BALANCE_SOL, "SOL in the owner's wallet");
    describe_gauge!(LINE_UP, "1 while the coordinator hears from the node");
    describe_gauge!(
        CHAIN_UP,
        "1 if stake and balances are as of this scrape, 0 if the chain does not answer"
    );
    describe_counter!(EPOCHS, "Epochs trained");
    describe_histogram!(EPOCH_SECONDS, "Seconds that epochs were trained");
    describe_counter!(PROOFS, "Proofs made");
    describe_gauge!(
        PROOF_SECONDS,
        "Seconds that the last proof took, 0 before the first"
    );
    gauge!(PROOF_SECONDS).set(0.0);
    describe_counter!(RECEIVED, "Bytes of datasets received from engines");
    describe_counter!(SENT, "Bytes of weights sent to engines");
    describe_counter!(CHAIN_ERRORS, "Requests to the chain that failed, by kind");
    for name in [EPOCHS, PROOFS, RECEIVED, SENT] {
        counter!(name).absolute(0);
    }
    for kind in CHAIN_ERROR_KINDS {
        counter!(CHAIN_ERRORS, "kind" => kind).absolute(0);
    }
}

/// An epoch was trained in so many seconds.
pub fn count_epoch(seconds: f64) {
    counter!(EPOCHS).increment(1);
    histogram!(EPOCH_SECONDS).record(seconds);
}

/// A proof was made in so many seconds.
pub fn count_proof(seconds: f64) {
    counter!(PROOFS).increment(1);
    gauge!(PROOF_SECONDS).set(seconds);
}

/// Bytes of a dataset came in.
pub fn count_received(bytes: usize) {
    counter!(RECEIVED).increment(bytes as u64);
}

/// Bytes of weights went out.
pub fn count_sent(bytes: usize) {
    counter!(SENT).increment(bytes as u64);
}

/// The chain did not do what it was asked.
pub fn count_chain_error(error: &ChainError) {
    let [unreachable, refused, expired, account, key] = CHAIN_ERROR_KINDS;
    let kind = match error {
        ChainError::Rpc(_) => unreachable,
        ChainError::Refused { .. } => refused,
        ChainError::Expired => expired,
        ChainError::Account { .. } => account,
        ChainError::Key(_) => key,
    };
    counter!(CHAIN_ERRORS, "kind" => kind).increment(1);
}
