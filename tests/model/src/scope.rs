use crate::{
    Action, Evidence, JOBS, Job, Market, NODES, Party, Rules, Seconds, Tier, Units, Verdict,
};

/// Which part of the market an exploration looks at.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    /// How many users fund jobs.
    pub users: u8,
    /// How many nodes work.
    pub nodes: u8,
    /// What every job pays.
    pub amount: Units,
    /// How long every job may take.
    pub timeout: Seconds,
    /// What a node stakes, at once and again whenever some is gone.
    pub stake: Units,
    /// What jobs must be shown to be.
    pub evidence: &'a [Evidence],
    /// Receipts (seen, held) that users sign.
    pub receipts: &'a [(u32, u32)],
    /// Whether jobs are topped up and extended, and their checkpoints anchored, by one.
    pub grow: bool,
    /// Whether a node may be Diamond.
    pub diamond: bool,
    /// Whether settled escrows are closed and their users fund another.
    pub again: bool,
    /// Whether users dispute.
    pub disputes: bool,
    /// Whether nodes take stake out and put it in again.
    pub unstake: bool,
    /// Whether the admin pauses and resumes.
    pub pause: bool,
    /// How far one step of the clock goes.
    pub clock: Clock,
}

/// How the clock moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// One second, always: nothing can be missed.
    Ticks,
    /// To the next time at which anything changes, and one second past it.
    Events,
}

impl Scope<'_> {
    /// Everything that may be tried in `market`, refused or not.
    pub fn actions(&self, market: &Market, rules: &Rules) -> Vec<Action> {
        let mut actions = Vec::with_capacity(64);
        self.push_time(market, rules, &mut actions);
        for job in 0..self.users {
            self.push_job(market, rules, job, &mut actions);
        }
        for node in 0..self.nodes {
            self.push_node(market, node, &mut actions);
        }
        if self.pause {
            actions.push(Action::Pause(!market.paused));
        }
        actions.push(Action::Distribute);
        actions
    }

    fn push_time(&self, market: &Market, rules: &Rules, actions: &mut Vec<Action>) {
        match self.clock {
            Clock::Ticks => actions.push(Action::Wait(1)),
            Clock::Events => actions.extend(market.next_event(rules).map(Action::Wait)),
        }
    }

    fn push_job(&self, market: &Market, rules: &Rules, job: u8, actions: &mut Vec<Action>) {
        let user = Party::User(job);
        let current = &market.jobs[usize::from(job)];
        actions.extend(self.evidence.iter().map(|&evidence| Action::Create {
            job,
            amount: self.amount,
            timeout: self.timeout,
            evidence,
        }));
        actions.extend([
            Action::Accept { by: user, job },
            Action::Release {
                by: Party::Stranger,
                job,
            },
            Action::Cancel { by: user, job },
            Action::SettleCancel {
                by: Party::Stranger,
                job,
            },
            Action::TimeoutRefund {
                by: Party::Stranger,
                job,
            },
            Action::ExpireUnassigned { job },
        ]);
        if self.again {
            let parties = [user, Party::Stranger];
            actions.extend(parties.map(|by| Action::Close { by, job }));
        }
        for node in 0..self.nodes {
            let by = Party::Coordinator;
            actions.push(Action::Assign {
                by,
                job,
                node,
                tier: Tier::Bronze,
            });
            if self.diamond {
                actions.push(Action::Assign {
                    by,
                    job,
                    node,
                    tier: Tier::Diamond,
                });
            }
        }
        if let Some(node) = current.node.map(Party::Node) {
            actions.extend([
                Action::Submit { by: node, job },
                Action::SettleCancel { by: node, job },
                Action::Decline { by: node, job },
                Action::Fail { by: node, job },
            ]);
            if current.evidence != Evidence::None {
                let prove = |valid| Action::Prove {
                    by: node,
                    job,
                    valid,
                };
                actions.extend([true, false].map(prove));
                actions.push(Action::Lose { by: node, job });
                actions.push(Action::SettleRefuted {
                    by: Party::Stranger,
                    job,
                });
            }
        }
        let receipts = self.receipts.iter();
        actions.extend(receipts.map(|&(seen, held)| Action::Present { job, seen, held }));
        if self.grow && current.amount == self.amount {
            actions.push(Action::TopUp {
                by: job,
                job,
                amount: 1,
            });
        }
        if let Some(node) = current.node.filter(|_| self.grow) {
            let (by, epoch) = (Party::Node(node), current.checkpoint + 1);
            actions.push(Action::Anchor { by, job, epoch });
        }
        if self.grow {
            actions.push(Action::Extend {
                by: user,
                job,
                extra: 1,
            });
        }
        if self.disputes {
            self.push_dispute(market, rules, job, actions);
        }
    }

    fn push_dispute(&self, market: &Market, rules: &Rules, job: u8, actions: &mut Vec<Action>) {
        let by = Party::Authority;
        actions.push(Action::OpenDispute {
            by: Party::User(job),
            job,
        });
        actions.push(Action::ExpireDispute {
            by: Party::Stranger,
            job,
        });
        let verdicts = [
            Verdict::ForUser {
                insurance_payout: market.largest_payout(rules, job),
            },
            Verdict::ForNode,
            Verdict::Shared { node_bps: 5_000 },
        ];
        actions.extend(verdicts.map(|verdict| Action::SettleDispute { by, job, verdict }));
    }

    fn push_node(&self, market: &Market, id: u8, actions: &mut Vec<Action>) {
        let node = &market.nodes[usize::from(id)];
        let missing = self.stake.saturating_sub(node.stake);
        if missing > 0 && (self.unstake || node.stake == 0) {
            actions.push(Action::Stake {
                node: id,
                amount: missing,
            });
        }
        if self.unstake {
            let by = Party::Node(id);
            actions.push(Action::RequestUnstake {
                by,
                node: id,
                amount: node.free().max(1),
            });
            actions.push(Action::Withdraw { by, node: id });
            actions.push(Action::ClaimReward { by, node: id });
        }
    }
}

impl Market {
    /// Seconds until anything that was refused may be allowed, or the other way round; `None` when the
    /// clock changes nothing any more.
    pub fn next_event(&self, rules: &Rules) -> Option<Seconds> {
        self.events(rules).into_iter().min()
    }

    /// Seconds until each time at which something changes, and one more.
    pub(crate) fn events(&self, rules: &Rules) -> Vec<Seconds> {
        let jobs = self.jobs.iter().filter(|job| **job != Job::default());
        let jobs = jobs.flat_map(|job| {
            let closes = job
                .phase
                .is_settled()
                .then_some(job.settled_at + rules.close_after);
            let closable = job.phase.is_settled().then_some(job.created_at);
            let expires = job.created_at + rules.assign_window;
            let declinable =
                (job.phase == crate::Phase::Assigned).then(|| job.declinable_until(rules));
            [
                Some(expires),
                Some(job.deadline),
                Some(job.window_ends),
                declinable,
                closable,
                closes,
            ]
        });
        let nodes = self
            .nodes
            .iter()
            .flat_map(|node| [node.unstake_at, node.locked_until, node.suspended_until].map(Some));
        let times = jobs.chain(nodes).flatten();
        let seconds = times.flat_map(|time| [time - self.now, time + 1 - self.now]);
        seconds.filter(|seconds| *seconds > 0).collect()
    }

    /// What decides about the future, times told from now: markets that agree in it allow the same
    /// actions for ever. Left out is how much lies in wallets and pools.
    pub(crate) fn essence(&self, rules: &Rules) -> Self {
        let from_now = |time: Seconds| (time - self.now).max(-1) + 1;
        let mut essence = Self {
            now: 0,
            user_wallets: [0; JOBS],
            node_wallets: [0; NODES],
            pools: Default::default(),
            minted: 0,
            ..*self
        };
        for (job, now) in essence.jobs.iter_mut().zip(&self.jobs) {
            *job = match now.phase {
                crate::Phase::Absent => Job::default(),
                crate::Phase::Open => Job {
                    created_at: from_now(now.created_at + rules.assign_window),
                    ..*now
                },
                phase if phase.is_settled() => Job {
                    phase,
                    vault: now.vault,
                    created_at: from_now(now.created_at),
                    settled_at: from_now(now.settled_at + rules.close_after),
                    ..Job::default()
                },
                crate::Phase::Assigned => Job {
                    created_at: 0,
                    assigned_at: now.deadline - now.assigned_at,
                    deadline: from_now(now.deadline),
                    ..*now
                },
                _ => Job {
                    created_at: 0,
                    assigned_at: 0,
                    deadline: 0,
                    window_ends: from_now(now.window_ends),
                    ..*now
                },
            };
        }
        for (node, now) in essence.nodes.iter_mut().zip(&self.nodes) {
            let requested = if now.unstake > 0 {
                from_now(now.unstake_at)
            } else {
                0
            };
            // rewards decide about nothing but themselves
            (node.reward, node.reward_at) = (0, 0);
            (node.staked_since, node.slashed_at) = (0, 0);
            node.unstake_at = requested;
            node.locked_until = from_now(now.locked_until);
            node.suspended_until = from_now(now.suspended_until);
            node.failures = now.failures.map(|failure| {
                failure
                    .map(|at| self.now - at)
                    .filter(|age| *age <= rules.failure_window)
            });
        }
        essence
    }
}
