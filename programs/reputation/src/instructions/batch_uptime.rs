use anchor_lang::prelude::*;

use crate::{
    Config, Reputation, ReputationError,
    events::{NodeUptime, UptimeRecorded},
};

/// Nodes in one batch: as many accounts as a transaction may lock, with the signer, the config, this
/// program and the compute budget's.
pub const MAX_BATCH: usize = 60;

/// What the coordinator saw of a node since the last report, asking it every 30 seconds.
#[derive(AnchorSerialize, AnchorDeserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub struct UptimeSample {
    /// Samples that found it up; at most `total`.
    pub up: u8,
    /// All samples, 1 to 120.
    pub total: u8,
}

/// Accounts of `batch_uptime`; the nodes' records follow as remaining accounts, in the order of the samples.
#[derive(Accounts)]
pub struct BatchUptime<'info> {
    pub coordinator: Signer<'info>,
    #[account(
        has_one = coordinator @ ReputationError::NotCoordinator,
        constraint = !config.paused @ ReputationError::Paused,
    )]
    pub config: Box<Account<'info, Config>>,
}

/// Counts the samples of up to [`MAX_BATCH`] nodes. All or none: a node that was reported on less than an
/// hour ago, or comes twice, refuses the batch.
pub fn batch_uptime<'info>(
    ctx: Context<'info, BatchUptime<'info>>,
    samples: Vec<UptimeSample>,
) -> Result<()> {
    let records = ctx.remaining_accounts;
    require!(
        (1..=MAX_BATCH).contains(&samples.len()) && samples.len() == records.len(),
        ReputationError::InvalidBatch
    );
    let clock = Clock::get()?;
    let mut nodes = Vec::with_capacity(samples.len());
    for (record, sample) in records.iter().zip(&samples) {
        let record = AccountLoader::<Reputation>::try_from(record)?;
        let mut node = record.load_mut()?;
        node.sample_uptime(sample.up, sample.total, clock.unix_timestamp)?;
        nodes.push(NodeUptime {
            node: node.owner,
            score: node.score,
            seq: node.seq,
        });
    }
    emit!(UptimeRecorded {
        nodes,
        slot: clock.slot,
        unix_timestamp: clock.unix_timestamp,
    });
    Ok(())
}
