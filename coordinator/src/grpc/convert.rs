//! Domain values as messages.

use cyxwiz_domain::{Address, JobState, Tier, pricing::Price};
use cyxwiz_proto::job::v1 as pb;

use crate::{
    db::nodes::Listed,
    job::{Job, Terms},
    matching::{Match, Rejection},
};

pub fn job(job: Job) -> pb::Job {
    let state = pb::JobState::from(job.state);
    let words = [job.warning, job.message];
    let message = words.into_iter().filter(|words| !words.is_empty());
    let message = message.collect::<Vec<_>>().join("; ");
    pb::Job {
        job_id: job.submission.id.to_vec(),
        state: state.into(),
        user: job.submission.user.to_vec(),
        node: job.node.map(Address::to_vec).unwrap_or_default(),
        escrow: job.submission.escrow.to_vec(),
        amount: job.terms.amount.0,
        spec_hash: job.submission.spec_hash.to_vec(),
        dataset_root: job.submission.dataset_root.to_vec(),
        required_epochs: job.submission.required_epochs,
        epochs_done: job.epochs_done,
        estimated_seconds: job.terms.estimated_seconds,
        timeout_seconds: job.terms.timeout_seconds,
        created_at: job.created_at.timestamp(),
        reserved_until: job.reserved_until.timestamp(),
        assign_signature: job.assign_signature,
        message,
        name: job.submission.name,
    }
}

pub fn terms(found: &Match) -> Terms {
    Terms {
        amount: found.price.amount,
        estimated_seconds: found.estimated_seconds,
        timeout_seconds: found.timeout_seconds,
    }
}

/// What a job costs; the lines are missing where only the sum is stored.
pub fn estimate(terms: &Terms, price: Option<&Price>) -> pb::Estimate {
    let lines = price
        .map(|price| price.lines.as_slice())
        .unwrap_or_default();
    pb::Estimate {
        amount: terms.amount.0,
        estimated_seconds: terms.estimated_seconds,
        timeout_seconds: terms.timeout_seconds,
        lines: lines
            .iter()
            .map(|(label, value)| pb::PriceLine {
                label: (*label).to_owned(),
                value: value.clone(),
            })
            .collect(),
    }
}

pub fn refusals(rejected: &[(Address, Rejection)]) -> Vec<pb::Refusal> {
    rejected
        .iter()
        .map(|(node, rejection)| pb::Refusal {
            node: node.to_vec(),
            reason: rejection.to_string(),
        })
        .collect()
}

pub fn node(listed: Listed) -> pb::NodeInfo {
    let node = listed.candidate;
    let status = match (node.online, listed.holds) {
        (false, _) => "offline",
        (true, None) => "idle",
        (true, Some(JobState::Reserved | JobState::Funded)) => "reserved",
        (true, Some(_)) => "busy",
    };
    pb::NodeInfo {
        owner: node.owner.to_vec(),
        endpoint: listed.endpoint,
        region: node.region,
        device: node.device,
        vram_mib: node.vram_mib,
        ram_mib: node.ram_mib,
        rate_milli: node.rate_milli,
        stake: listed.stake.0,
        reputation: node.reputation.into(),
        tier: Tier::of_score(node.reputation).to_string(),
        status: status.to_owned(),
        last_seen: listed.last_seen.timestamp(),
        circuits: node.circuits.iter().map(|id| id.to_vec()).collect(),
        runtime_classes: node.runtime_classes.iter().map(|id| id.to_vec()).collect(),
    }
}
