use cyxwiz_economics::escrow::Split;

use crate::{
    Evidence, Fault, Job, Lock, Market, Party, Phase, Reason, Reasons, Rules, Seconds, Shown, Tier,
    Units,
};

/// What becomes of the node's stake when its job ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StakeEnd {
    Unlock,
    Failed,
    TimedOut,
    InvalidProof,
    DisputeLost { payout: Units },
}

impl Market {
    pub(crate) fn create(
        &mut self,
        rules: &Rules,
        id: u8,
        amount: Units,
        timeout: Seconds,
        evidence: Evidence,
    ) -> Reasons {
        let (mut no, index) = (Reasons::default(), usize::from(id));
        no.unless(!self.paused, Reason::Paused);
        no.unless(amount > 0, Reason::Argument);
        let timeouts = rules.min_timeout..=rules.max_timeout;
        no.unless(timeouts.contains(&timeout), Reason::Argument);
        no.unless(self.jobs[index].phase == Phase::Absent, Reason::Exists);
        no.unless(amount <= self.user_wallets[index], Reason::Funds);
        if no.none() {
            self.user_wallets[index] -= amount;
            self.jobs[index] = Job {
                phase: Phase::Open,
                amount,
                vault: amount,
                timeout,
                created_at: self.now,
                evidence,
                ..Job::default()
            };
        }
        no
    }

    pub(crate) fn top_up(&mut self, by: u8, id: u8, amount: Units) -> Reasons {
        let (mut no, payer) = (Reasons::default(), usize::from(by));
        let job = self.jobs[usize::from(id)];
        no.unless(job.phase != Phase::Absent, Reason::Missing);
        no.unless(!self.paused, Reason::Paused);
        no.unless(amount > 0, Reason::Argument);
        let takes_more = matches!(job.phase, Phase::Open | Phase::Assigned);
        no.unless(takes_more, Reason::WrongState);
        no.unless(amount <= self.user_wallets[payer], Reason::Funds);
        no.unless(job.amount.checked_add(amount).is_some(), Reason::Overflow);
        if no.none() {
            self.user_wallets[payer] -= amount;
            let job = &mut self.jobs[usize::from(id)];
            job.amount += amount;
            job.vault += amount;
        }
        no
    }

    pub(crate) fn assign(
        &mut self,
        rules: &Rules,
        by: Party,
        id: u8,
        node_id: u8,
        tier: Tier,
    ) -> Reasons {
        let mut no = Reasons::default();
        let (index, now) = (usize::from(id), self.now);
        let job = self.jobs[index];
        let node = self.nodes[usize::from(node_id)];
        let stake = (rules.required_stake)(job.amount);
        no.unless(job.phase != Phase::Absent, Reason::Missing);
        no.unless(by == Party::Coordinator, Reason::WrongSigner);
        no.unless(!self.paused, Reason::Paused);
        no.unless(job.phase == Phase::Open, Reason::WrongState);
        no.unless(job.lock.is_none(), Reason::Exists);
        no.unless(now <= job.created_at + rules.assign_window, Reason::TooLate);
        no.unless(!node.banned, Reason::Banned);
        no.unless(now >= node.suspended_until, Reason::Suspended);
        no.unless(stake <= node.free(), Reason::Stake);
        if !no.none() {
            return no;
        }
        let job = &mut self.jobs[index];
        job.phase = Phase::Assigned;
        job.node = Some(node_id);
        job.assigned_at = now;
        job.deadline = now + job.timeout;
        let window = match job.evidence {
            // audits have their time, whoever the node is
            Evidence::Audited => Tier::Bronze,
            Evidence::None | Evidence::Exact => tier,
        };
        job.acceptance = rules.acceptance[window as usize];
        job.fee_bps = match tier {
            Tier::Diamond => rules.fee_bps_diamond,
            Tier::Bronze | Tier::Silver | Tier::Gold => rules.fee_bps,
        };
        job.lock = Some(Lock {
            amount: stake,
            stake_at_assignment: node.stake,
            job_amount: job.amount,
        });
        let node = &mut self.nodes[usize::from(node_id)];
        node.locked += stake;
        node.active_jobs += 1;
        node.locked_until = node.locked_until.max(now + rules.lock_per_job);
        no
    }

    pub(crate) fn extend(&mut self, rules: &Rules, by: Party, id: u8, extra: Seconds) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned], by == Party::User(id));
        let job = &mut self.jobs[usize::from(id)];
        no.unless(self.now <= job.deadline, Reason::TooLate);
        let total = job.deadline + extra - job.assigned_at;
        no.unless(extra > 0 && total <= rules.max_timeout, Reason::Argument);
        if no.none() {
            job.deadline += extra;
        }
        no
    }

    pub(crate) fn present(&mut self, rules: &Rules, id: u8, seen: u32, held: u32) -> Reasons {
        let running = [
            Phase::Assigned,
            Phase::Submitted,
            Phase::Cancelling,
            Phase::Disputed,
        ];
        let mut no = self.run_by(id, &running, true);
        let job = &mut self.jobs[usize::from(id)];
        no.unless(
            held <= seen && seen <= rules.required_epochs,
            Reason::Argument,
        );
        no.unless(seen > job.seen || held > job.held, Reason::Stale);
        if no.none() {
            job.seen = job.seen.max(seen);
            job.held = job.held.max(held);
        }
        no
    }

    pub(crate) fn anchor(&mut self, rules: &Rules, by: Party, id: u8, epoch: u32) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned], self.is_node_of(by, id));
        let job = &mut self.jobs[usize::from(id)];
        let grows = epoch > job.checkpoint && epoch <= rules.required_epochs;
        no.unless(grows, Reason::Argument);
        if no.none() {
            job.checkpoint = epoch;
        }
        no
    }

    pub(crate) fn prove(&mut self, by: Party, id: u8, valid: bool) -> Reasons {
        let from = [Phase::Assigned, Phase::Cancelling];
        let mut no = self.run_by(id, &from, self.is_node_of(by, id));
        let job = &mut self.jobs[usize::from(id)];
        let asked = job.evidence != Evidence::None && job.shown == Shown::Nothing;
        no.unless(asked, Reason::Evidence);
        no.unless(
            self.now <= job.deadline || job.phase != Phase::Assigned,
            Reason::TooLate,
        );
        if no.none() {
            job.shown = if valid {
                Shown::Proof
            } else {
                Shown::FalseProof
            };
        }
        no
    }

    pub(crate) fn submit(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned], self.is_node_of(by, id));
        let job = &mut self.jobs[usize::from(id)];
        let shown = job.evidence == Evidence::None || job.shown == Shown::Proof;
        no.unless(
            shown || rules.has(Fault::SubmittedUnproven),
            Reason::Evidence,
        );
        no.unless(self.now <= job.deadline, Reason::TooLate);
        if no.none() {
            job.phase = Phase::Submitted;
            job.window_ends = self.now + job.acceptance;
        }
        no
    }

    pub(crate) fn accept(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Submitted], by == Party::User(id));
        let job = &self.jobs[usize::from(id)];
        let audited = job.evidence != Evidence::Audited || self.now >= job.window_ends;
        no.unless(audited, Reason::TooEarly);
        self.guard_settlement(rules, id, &mut no);
        if no.none() {
            self.pay_in_full(rules, id);
        }
        no
    }

    pub(crate) fn release(&mut self, rules: &Rules, _by: Party, id: u8) -> Reasons {
        let again = rules.has(Fault::DoubleRelease);
        let from: &[Phase] = if again {
            &[Phase::Submitted, Phase::Paid]
        } else {
            &[Phase::Submitted]
        };
        let mut no = self.run_by(id, from, true);
        no.unless(
            self.now >= self.jobs[usize::from(id)].window_ends,
            Reason::TooEarly,
        );
        if !again {
            self.guard_settlement(rules, id, &mut no);
        }
        if no.none() {
            self.pay_in_full(rules, id);
        }
        no
    }

    pub(crate) fn cancel(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let from = [Phase::Open, Phase::Assigned];
        let mut no = self.run_by(id, &from, by == Party::User(id));
        let job = &mut self.jobs[usize::from(id)];
        if job.phase == Phase::Open {
            no.unless(
                !(rules.has(Fault::PauseBlocksExits) && self.paused),
                Reason::Paused,
            );
            if no.none() {
                self.refund(id);
            }
            return no;
        }
        no.unless(self.now <= job.deadline, Reason::TooLate);
        if no.none() {
            job.phase = Phase::Cancelling;
            job.window_ends = self.now + rules.receipt_window;
        }
        no
    }

    pub(crate) fn settle_cancel(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Cancelling], true);
        let job = self.jobs[usize::from(id)];
        let over = self.now >= job.window_ends && !rules.has(Fault::OnlyNodeSettlesCancel);
        no.unless(self.is_node_of(by, id) || over, Reason::TooEarly);
        self.guard_settlement(rules, id, &mut no);
        if no.none() {
            let split = Split::cancelled(
                job.amount,
                job.seen,
                rules.required_epochs,
                job.fee_bps,
                rules.cancel_fee_bps,
            );
            self.settle(rules, id, Phase::Cancelled, split, StakeEnd::Unlock);
        }
        no
    }

    pub(crate) fn fail(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned], self.is_node_of(by, id));
        no.unless(!self.is_refuted(id), Reason::Evidence);
        self.guard_settlement(rules, id, &mut no);
        if no.none() {
            let split = self.by_held(rules, id);
            self.settle(rules, id, Phase::Failed, split, StakeEnd::Failed);
        }
        no
    }

    pub(crate) fn timeout_refund(&mut self, rules: &Rules, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned], true);
        no.unless(
            self.now > self.jobs[usize::from(id)].deadline,
            Reason::TooEarly,
        );
        no.unless(!self.is_refuted(id), Reason::Evidence);
        self.guard_settlement(rules, id, &mut no);
        if no.none() {
            let split = self.by_held(rules, id);
            self.settle(rules, id, Phase::TimedOut, split, StakeEnd::TimedOut);
        }
        no
    }

    pub(crate) fn settle_refuted(&mut self, rules: &Rules, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned, Phase::Cancelling], true);
        let settles = !rules.has(Fault::NobodySettlesRefuted);
        no.unless(self.is_refuted(id) && settles, Reason::Evidence);
        self.guard_settlement(rules, id, &mut no);
        if no.none() {
            let all = Split {
                user: self.jobs[usize::from(id)].amount,
                ..Split::default()
            };
            self.settle(rules, id, Phase::Failed, Some(all), StakeEnd::InvalidProof);
        }
        no
    }

    pub(crate) fn expire_unassigned(&mut self, rules: &Rules, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Open], true);
        let window_end = self.jobs[usize::from(id)].created_at + rules.assign_window;
        no.unless(self.now > window_end, Reason::TooEarly);
        no.unless(
            !(rules.has(Fault::PauseBlocksExits) && self.paused),
            Reason::Paused,
        );
        if no.none() {
            self.refund(id);
        }
        no
    }

    pub(crate) fn close(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = Reasons::default();
        let index = usize::from(id);
        let job = self.jobs[index];
        no.unless(job.phase != Phase::Absent, Reason::Missing);
        no.unless(job.phase.is_settled(), Reason::WrongState);
        // when they were created tells apart what lies at one address
        no.unless(self.now > job.created_at, Reason::TooEarly);
        let free_for_all = self.now >= job.settled_at + rules.close_after;
        no.unless(by == Party::User(id) || free_for_all, Reason::TooEarly);
        if no.none() {
            self.user_wallets[index] += job.vault;
            self.jobs[index] = Job::default();
        }
        no
    }

    pub(crate) fn gift(&mut self, id: u8, amount: Units) -> Reasons {
        let (mut no, index) = (Reasons::default(), usize::from(id));
        no.unless(self.jobs[index].phase != Phase::Absent, Reason::Missing);
        no.unless(amount <= self.user_wallets[index], Reason::Funds);
        if no.none() {
            self.user_wallets[index] -= amount;
            self.jobs[index].vault += amount;
            self.jobs[index].gifts += amount;
        }
        no
    }

    // What stands against an action on a job in one of `phases`, by a party that may take it or not.
    pub(crate) fn run_by(&self, id: u8, phases: &[Phase], allowed: bool) -> Reasons {
        let mut no = Reasons::default();
        let job = &self.jobs[usize::from(id)];
        no.unless(job.phase != Phase::Absent, Reason::Missing);
        no.unless(phases.contains(&job.phase), Reason::WrongState);
        no.unless(allowed, Reason::WrongSigner);
        no
    }

    // The stake's lock is an account that every settlement takes.
    pub(crate) fn guard_settlement(&self, rules: &Rules, id: u8, no: &mut Reasons) {
        no.unless(self.jobs[usize::from(id)].lock.is_some(), Reason::Missing);
        no.unless(
            !(rules.has(Fault::PauseBlocksExits) && self.paused),
            Reason::Paused,
        );
    }

    pub(crate) fn is_node_of(&self, party: Party, id: u8) -> bool {
        let node = self.jobs[usize::from(id)].node;
        node.is_some_and(|node| party == Party::Node(node))
    }

    pub(crate) fn by_held(&self, rules: &Rules, id: u8) -> Option<Split> {
        let job = &self.jobs[usize::from(id)];
        let unproven = job.evidence != Evidence::None && job.phase == Phase::Assigned;
        let held = if unproven && !rules.has(Fault::PaidUnproven) {
            0
        } else {
            job.held
        };
        Split::held(job.amount, held, rules.required_epochs, job.fee_bps)
    }

    fn is_refuted(&self, id: u8) -> bool {
        self.jobs[usize::from(id)].shown == Shown::FalseProof
    }

    fn pay_in_full(&mut self, rules: &Rules, id: u8) {
        let job = &self.jobs[usize::from(id)];
        let split = Split::paid(job.amount, job.fee_bps);
        self.settle(rules, id, Phase::Paid, split, StakeEnd::Unlock);
    }

    fn refund(&mut self, id: u8) {
        let index = usize::from(id);
        let job = &mut self.jobs[index];
        job.phase = Phase::Refunded;
        job.paid_user = job.amount;
        job.vault -= job.amount;
        job.settled_at = self.now;
        self.user_wallets[index] += job.amount;
    }

    // Pays a split of the whole amount and ends the stake's lock; the bond is the caller's.
    pub(crate) fn settle(
        &mut self,
        rules: &Rules,
        id: u8,
        phase: Phase,
        split: Option<Split>,
        stake: StakeEnd,
    ) {
        let split = split.expect("amounts are far from overflowing, and every job has epochs");
        let index = usize::from(id);
        let job = &mut self.jobs[index];
        let node = job.node.expect("a settled job was assigned");
        job.phase = phase;
        job.paid_node += split.node;
        job.paid_user += split.user;
        job.paid_platform += split.platform;
        // wraps only in a broken model, which the invariants find
        job.vault = job
            .vault
            .wrapping_sub(split.node + split.user + split.platform);
        job.settled_at = self.now;
        self.node_wallets[usize::from(node)] += split.node;
        self.user_wallets[index] += split.user;
        self.pools.platform += split.platform;
        self.end_stake(rules, id, node, stake);
    }
}
