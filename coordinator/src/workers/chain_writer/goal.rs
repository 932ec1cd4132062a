//! What the escrow says about a chain write. Pure.

use cyxwiz_chain::{EscrowAccount, EscrowState};

use crate::db::chain_writes::{ChainWrite, Kind};

/// Whether a chain write still has to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// Yes, on this escrow.
    Open(Box<EscrowAccount>),
    /// No: what it was to bring about is so, whoever did it.
    Reached(Option<Box<EscrowAccount>>),
    /// It cannot be any more.
    Lost(String),
}

/// Compares what `write` wants with the escrow as it is.
pub fn standing(write: &ChainWrite, escrow: Option<EscrowAccount>) -> Standing {
    let Some(escrow) = escrow.map(Box::new) else {
        return match write.kind {
            Kind::AssignNode => Standing::Lost("the escrow is gone".into()),
            // Only a settled escrow can be closed.
            _ => Standing::Reached(None),
        };
    };
    let from = match write.kind {
        Kind::AssignNode | Kind::ExpireUnassigned => EscrowState::Open,
        Kind::Release => EscrowState::Submitted,
        Kind::TimeoutRefund => EscrowState::Assigned,
        Kind::SettleCancel => EscrowState::Cancelling,
    };
    if escrow.state == from {
        return Standing::Open(escrow);
    }
    let reached = match write.kind {
        Kind::AssignNode => escrow.node.is_some() && escrow.node == write.node,
        _ => escrow.state.is_settled(),
    };
    match reached {
        true => Standing::Reached(Some(escrow)),
        false => Standing::Lost(format!("the escrow is {} now", escrow.state.job_state())),
    }
}
