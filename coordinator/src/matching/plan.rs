//! Filters and score.

use std::cmp::Reverse;

use cyxwiz_chain::required_stake;
use cyxwiz_domain::{Amount, Digest, pricing::PriceRequest};
use cyxwiz_statement::Registered;

use super::model::{Candidate, Match, Plan, Problem, Rejection};

/// A node without any history takes jobs below this amount, to earn its way.
const NEWCOMER_LIMIT: Amount = Amount::tokens(10);

/// A node that has handed back so many jobs within a day comes last for everybody: it may be choosing
/// its jobs, or be after their datasets.
const OFTEN: u32 = 3;

/// Parts of the score. They add up to 1000.
const PRICE_POINTS: u128 = 500;
const REPUTATION_POINTS: u128 = 350;
const LOAD_POINTS: u128 = 150;

/// What follows from the job alone.
struct Job {
    /// Thousandths of a second that it takes on the reference machine.
    reference_millis: u32,
    /// What it is proven with; absent without a proof.
    circuit: Option<&'static Registered>,
    /// Name and hash of the runtime class that it must be trained in; absent where any will do.
    class: Option<(&'static str, Digest)>,
}

/// Ranks all nodes for the job.
pub fn plan(problem: &Problem<'_>) -> Plan {
    // Computed once: walking the model for each of thousands of nodes would be
    // most of the work.
    let job = Job {
        reference_millis: problem.spec.estimated_seconds(problem.rows, 0.001),
        circuit: problem.spec.circuit(),
        class: (problem.spec.runtime_class()).map(|class| (class.name(), class.hash())),
    };
    let mut plan = Plan::default();
    let mut fitting = Vec::new();
    for node in problem.nodes {
        match fit(problem, &job, node) {
            Ok(found) => fitting.push((node, found)),
            Err(rejection) => plan.rejected.push((node.owner, rejection)),
        }
    }
    let cheapest = fitting.iter().map(|(_, found)| found.price.amount.0).min();
    let cheapest = cheapest.unwrap_or_default();
    // Two that have just failed to work together try others first, and everybody tries those first
    // that keep their jobs. The address breaks ties, so that the order of the input does not.
    fitting.sort_by_cached_key(|(node, found)| {
        let often = node.handed_back >= OFTEN;
        let apart = problem.handed_back.contains(&node.owner);
        (
            often,
            apart,
            Reverse(score(cheapest, node, found)),
            node.owner,
        )
    });
    plan.ranked = fitting.into_iter().map(|(_, found)| found).collect();
    plan
}

/// What the job would be on `node`, or the first reason why not.
fn fit(problem: &Problem<'_>, job: &Job, node: &Candidate) -> Result<Match, Rejection> {
    let refuse_if = |refused: bool, rejection: Rejection| match refused {
        true => Err(rejection),
        false => Ok(()),
    };
    let wants = &problem.spec.resources;
    refuse_if(!node.online, Rejection::Offline)?;
    refuse_if(node.banned, Rejection::Banned)?;
    let suspended = problem.now < node.suspended_until;
    refuse_if(suspended, Rejection::Suspended(node.suspended_until))?;
    refuse_if(problem.user == Some(node.owner), Rejection::OwnNode)?;
    refuse_if(node.busy, Rejection::Busy)?;
    if !device_fits(&wants.gpu, &node.device) {
        return Err(Rejection::Device(node.device.clone()));
    }
    if wants
        .region
        .as_ref()
        .is_some_and(|region| !region.eq_ignore_ascii_case(&node.region))
    {
        return Err(Rejection::Region(node.region.clone()));
    }
    refuse_if(
        node.vram_mib < wants.vram_mib,
        Rejection::Vram(node.vram_mib),
    )?;
    refuse_if(node.ram_mib < wants.ram_mib, Rejection::Ram(node.ram_mib))?;
    if let Some(circuit) = job.circuit
        && !node.circuits.contains(&Digest(circuit.id))
    {
        return Err(Rejection::Circuit(circuit.name));
    }
    if let Some((name, hash)) = job.class
        && !node.runtime_classes.contains(&hash)
    {
        return Err(Rejection::RuntimeClass(name));
    }
    refuse_if(node.tier() < wants.min_tier, Rejection::Tier(node.tier()))?;

    let found = terms(problem, job.reference_millis, node)?;
    let amount = problem.budget.unwrap_or(found.price.amount);
    let newcomer = node.reputation == 0;
    refuse_if(
        newcomer && amount >= NEWCOMER_LIMIT,
        Rejection::TooNew(amount),
    )?;
    let (free, needed) = (node.free_stake, required_stake(amount));
    refuse_if(free < needed, Rejection::Stake { free, needed })?;
    refuse_if(
        found.price.amount > amount,
        Rejection::Price(found.price.amount),
    )?;
    Ok(found)
}

/// Price and times of the job on `node`.
fn terms(
    problem: &Problem<'_>,
    reference_millis: u32,
    node: &Candidate,
) -> Result<Match, Rejection> {
    let seconds = u64::from(reference_millis).div_ceil(u64::from(node.rate_milli.max(1)));
    let timeout = problem.timeouts.of(problem.spec, seconds);
    let timeout_seconds = timeout.map_err(Rejection::TooSlow)?;
    // Fits: it is at most the timeout.
    let estimated_seconds =
        u32::try_from(seconds.max(1)).map_err(|_| Rejection::TooSlow(seconds))?;
    let wants = &problem.spec.resources;
    let price = problem
        .prices
        .price(&PriceRequest {
            device: &node.device,
            vram_mib: wants.vram_mib,
            ram_mib: wants.ram_mib,
            seconds: estimated_seconds,
            priority: wants.priority,
            tier: node.tier(),
        })
        .ok_or(Rejection::PriceOverflow)?;
    Ok(Match {
        owner: node.owner,
        price,
        estimated_seconds,
        timeout_seconds,
    })
}

fn device_fits(wanted: &str, device: &str) -> bool {
    let any = wanted.is_empty() || wanted.eq_ignore_ascii_case("any");
    any || device.to_lowercase().contains(&wanted.to_lowercase())
}

/// 0 to 1000: cheap, reputable, idle. `cheapest` is at most the price.
fn score(cheapest: u64, node: &Candidate, found: &Match) -> u128 {
    let price = u128::from(found.price.amount.0.max(1));
    let by_price = PRICE_POINTS * u128::from(cheapest) / price;
    let by_reputation = REPUTATION_POINTS * u128::from(node.reputation.min(1000)) / 1000;
    let by_load = LOAD_POINTS / (1 + u128::from(node.active_jobs));
    by_price + by_reputation + by_load
}
