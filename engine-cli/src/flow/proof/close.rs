//! Gives the rent of a transcript back.

use cyxwiz_chain::instructions::proof;
use cyxwiz_domain::Address;

use crate::engine::Engine;

/// Closes the transcript of a settled escrow if it is still there. The coordinator does the same, and nothing
/// depends on it: whatever goes wrong is only logged.
pub async fn close(engine: &Engine, escrow: Address) {
    let closed = async {
        let Some(transcript) = engine.chain.transcript(escrow).await? else {
            return Ok(());
        };
        let close = [proof::close(escrow, transcript.rent_payer)];
        let sent = engine.chain.execute(&close, &engine.signer, &[]).await;
        sent.map(|_| ())
    };
    if let Err::<(), cyxwiz_chain::ChainError>(error) = closed.await {
        tracing::debug!(%error, %escrow, "the transcript was not closed");
    }
}
