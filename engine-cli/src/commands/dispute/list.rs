//! `cyxwiz dispute list`.

use cyxwiz_chain::{Chain, EscrowAccount, EscrowState};
use cyxwiz_domain::{Address, Digest, JobId};
use serde::Serialize;

use crate::{
    error::Result,
    printer::{Printer, table, utc},
    settings::Settings,
};

/// A dispute as it is printed; amounts in base units, times in Unix seconds.
#[derive(Serialize)]
struct Dispute {
    escrow: Address,
    job_id: JobId,
    user: Address,
    node: Option<Address>,
    amount: u64,
    bond: u64,
    epochs: u32,
    epochs_seen: u32,
    epochs_held: u32,
    weights_sha256: Digest,
    submitted_at: i64,
    dispute_ends_at: i64,
    /// Whether the time to decide is over.
    over: bool,
}

impl Dispute {
    fn new(escrow: &EscrowAccount, now: i64) -> Self {
        Self {
            escrow: escrow.address,
            job_id: escrow.job_id,
            user: escrow.user,
            node: escrow.node,
            amount: escrow.amount.0,
            bond: escrow.bond.0,
            epochs: escrow.required_epochs,
            epochs_seen: escrow.receipt_seen,
            epochs_held: escrow.receipt_held,
            weights_sha256: escrow.weights_hash,
            submitted_at: escrow.submitted_at,
            dispute_ends_at: escrow.dispute_ends_at,
            over: now >= escrow.dispute_ends_at,
        }
    }
}

/// Lists the disputes on the chain, the one with the least time left first. Needs no wallet.
///
/// # Errors
/// [`crate::error::Error::Chain`].
pub async fn run(settings: &Settings, printer: Printer) -> Result<()> {
    let chain = Chain::new(&settings.rpc_url);
    let authority = chain.escrow_config().await?.dispute_authority;
    let now = chain.unix_time().await?;
    let mut escrows = chain.all_escrows().await?;
    escrows.retain(|escrow| escrow.state == EscrowState::Disputed);
    escrows.sort_by_key(|escrow| (escrow.dispute_ends_at, escrow.address.0));
    let disputes: Vec<Dispute> = escrows.iter().map(|e| Dispute::new(e, now)).collect();
    printer.result(&disputes, || {
        let mut rows = table(&[
            "escrow",
            "user",
            "node",
            "CYXWIZ",
            "bond",
            "held",
            "decide by",
        ]);
        for escrow in &escrows {
            let node = escrow.node.map_or("-".to_owned(), |node| node.to_string());
            let over = if now >= escrow.dispute_ends_at {
                " (over)"
            } else {
                ""
            };
            rows.add_row([
                escrow.address.to_string(),
                escrow.user.to_string(),
                node,
                escrow.amount.to_string(),
                escrow.bond.to_string(),
                format!("{}/{}", escrow.receipt_held, escrow.required_epochs),
                format!("{}{over}", utc(escrow.dispute_ends_at)),
            ]);
        }
        rows.trim_fmt()
    });
    printer.note(format_args!("the dispute authority is {authority}"));
    Ok(())
}
