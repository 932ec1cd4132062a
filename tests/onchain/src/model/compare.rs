//! Whether chain and model say the same.

use cyxwiz_tests_model::{Job as ModelJob, Market, Node as ModelNode, Phase, Units};
use job_escrow::State;
use node_registry::JobLock;
use solana_signer::Signer;
use spl_associated_token_account_interface::address::get_associated_token_address;

use super::Chain;
use crate::{address, world::key};

impl Chain {
    /// Everything in which chain and model differ, in words; empty where they agree.
    pub fn differences(&self, market: &Market) -> Vec<String> {
        let mut found = Differences::default();
        found.compare("the clock", self.world.now(), market.now);
        self.compare_money(market, &mut found);
        for (id, job) in market.jobs.iter().enumerate() {
            self.compare_job(id, job, &mut found);
        }
        for (id, node) in market.nodes.iter().enumerate() {
            self.compare_node(id, node, &mut found);
        }
        found.0
    }

    fn compare_money(&self, market: &Market, found: &mut Differences) {
        let world = &self.world;
        let token_of = |name: &str| get_associated_token_address(&key(name).pubkey(), &world.mint);
        let stake = |id: usize| address::stake_vault(&address::node(&self.nodes[id].pubkey()));
        // in the order of `Market::balances`, which ends with what was burned
        let accounts = [
            self.users[0].token,
            self.users[1].token,
            self.nodes[0].token,
            self.nodes[1].token,
            self.jobs[0].vault,
            self.jobs[1].vault,
            stake(0),
            stake(1),
            address::platform_vault(),
            address::insurance_vault(),
            address::reward_vault(),
            token_of("development"),
            token_of("liquidity"),
        ];
        let balances = market.balances();
        for (account, (name, model)) in accounts.iter().zip(balances) {
            found.compare(name, world.balance(account), model);
        }
        let burned = market.pools.burned;
        found.compare("the supply", world.supply(), market.minted - burned);
    }

    fn compare_job(&self, id: usize, model: &ModelJob, found: &mut Differences) {
        let job = &self.jobs[id];
        let there = self.world.exists(&job.escrow);
        found.compare(
            &format!("job {id} exists"),
            there,
            model.phase != Phase::Absent,
        );
        self.compare_lock(id, model, found);
        if !there {
            return;
        }
        let chain = self.world.escrow_of(job);
        found.compare(
            &format!("job {id}'s state"),
            phase(chain.state),
            model.phase,
        );
        let node = model.node.map_or_else(Default::default, |node| {
            self.nodes[usize::from(node)].pubkey()
        });
        found.compare(&format!("job {id}'s node"), chain.node, node);
        let window_ends = match model.phase {
            Phase::Submitted => chain.release_at,
            Phase::Cancelling => chain.cancel_at,
            Phase::Disputed => chain.dispute_ends_at,
            _ => model.window_ends,
        };
        let acceptance = i64::from(chain.acceptance_seconds);
        let units: [(&str, Units, Units); 9] = [
            ("amount", chain.amount, model.amount),
            ("paid_node", chain.paid_node, model.paid_node),
            ("paid_user", chain.paid_user, model.paid_user),
            ("paid_platform", chain.paid_platform, model.paid_platform),
            ("bond", chain.bond, model.bond),
            ("receipt_seen", chain.receipt_seen.into(), model.seen.into()),
            ("receipt_held", chain.receipt_held.into(), model.held.into()),
            (
                "checkpoint_epoch",
                chain.checkpoint_epoch.into(),
                model.checkpoint.into(),
            ),
            ("fee_bps", chain.fee_bps.into(), model.fee_bps.into()),
        ];
        let times = [
            ("created_at", chain.created_at, model.created_at),
            ("assigned_at", chain.assigned_at, model.assigned_at),
            ("deadline", chain.deadline, model.deadline),
            ("settled_at", chain.settled_at, model.settled_at),
            ("acceptance_seconds", acceptance, model.acceptance),
            ("end of window", window_ends, model.window_ends),
        ];
        for (name, chain, model) in units {
            found.compare(&format!("job {id}'s {name}"), chain, model);
        }
        for (name, chain, model) in times {
            found.compare(&format!("job {id}'s {name}"), chain, model);
        }
    }

    fn compare_lock(&self, id: usize, model: &ModelJob, found: &mut Differences) {
        let address = address::lock(&self.jobs[id].escrow);
        let there = self.world.exists(&address);
        found.compare(
            &format!("job {id}'s lock exists"),
            there,
            model.lock.is_some(),
        );
        if let Some(lock) = model.lock.filter(|_| there) {
            let chain: JobLock = self.world.read(&address);
            let chain = (chain.amount, chain.stake_at_assignment, chain.job_amount);
            let model = (lock.amount, lock.stake_at_assignment, lock.job_amount);
            found.compare(&format!("job {id}'s lock"), chain, model);
        }
    }

    fn compare_node(&self, id: usize, model: &ModelNode, found: &mut Differences) {
        let chain = self.world.node_of(&self.nodes[id]);
        let units = [
            ("stake", chain.stake, model.stake),
            ("locked", chain.locked, model.locked),
            (
                "active_jobs",
                chain.active_jobs.into(),
                model.active_jobs.into(),
            ),
            ("unstake_amount", chain.unstake_amount, model.unstake),
            ("reward_accrued", chain.reward_accrued, model.reward),
            ("banned", chain.banned.into(), model.banned.into()),
        ];
        let times = [
            ("unstake_at", chain.unstake_at, model.unstake_at),
            ("locked_until", chain.locked_until, model.locked_until),
            (
                "suspended_until",
                chain.suspended_until,
                model.suspended_until,
            ),
            ("staked_since", chain.staked_since, model.staked_since),
            ("last_slash_at", chain.last_slash_at, model.slashed_at),
            (
                "reward_accrued_at",
                chain.reward_accrued_at,
                model.reward_at,
            ),
        ];
        for (name, chain, model) in units {
            found.compare(&format!("node {id}'s {name}"), chain, model);
        }
        for (name, chain, model) in times {
            found.compare(&format!("node {id}'s {name}"), chain, model);
        }
        let failures = model.failures.map(|failure| failure.unwrap_or(0));
        found.compare(&format!("node {id}'s failures"), chain.failures, failures);
    }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, chain: T, model: T) {
        if chain != model {
            self.0.push(format!(
                "{what}: {chain:?} on the chain, {model:?} in the model"
            ));
        }
    }
}

fn phase(state: State) -> Phase {
    match state {
        State::Open => Phase::Open,
        State::Assigned => Phase::Assigned,
        State::Submitted => Phase::Submitted,
        State::Cancelling => Phase::Cancelling,
        State::Disputed => Phase::Disputed,
        State::Paid => Phase::Paid,
        State::Refunded => Phase::Refunded,
        State::TimedOut => Phase::TimedOut,
        State::Cancelled => Phase::Cancelled,
        State::Failed => Phase::Failed,
        State::Resolved => Phase::Resolved,
    }
}
