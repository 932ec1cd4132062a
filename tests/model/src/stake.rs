use cyxwiz_economics::portion;

use crate::{Fault, Lock, Market, Party, Phase, Reason, Reasons, Rules, Units, escrow::StakeEnd};

impl Market {
    pub(crate) fn stake(&mut self, rules: &Rules, id: u8, amount: Units) -> Reasons {
        let (mut no, index) = (Reasons::default(), usize::from(id));
        no.unless(amount > 0, Reason::Argument);
        no.unless(amount <= self.node_wallets[index], Reason::Funds);
        let sum = self.nodes[index].stake.checked_add(amount);
        no.unless(sum.is_some(), Reason::Overflow);
        if no.none() {
            self.node_wallets[index] -= amount;
            let node = &mut self.nodes[index];
            node.accrue(rules, self.now);
            if node.stake == 0 {
                node.staked_since = self.now;
            }
            node.stake += amount;
            node.vault += amount;
            node.locked_until = node.locked_until.max(self.now + rules.min_lock);
        }
        no
    }

    pub(crate) fn request_unstake(
        &mut self,
        rules: &Rules,
        by: Party,
        id: u8,
        amount: Units,
    ) -> Reasons {
        let mut no = Reasons::default();
        let node = &mut self.nodes[usize::from(id)];
        let free = if rules.has(Fault::UnstakeIgnoresLocks) {
            node.stake - node.unstake
        } else {
            node.free()
        };
        no.unless(by == Party::Node(id), Reason::WrongSigner);
        no.unless(amount > 0, Reason::Argument);
        no.unless(amount <= free, Reason::Stake);
        if no.none() {
            node.accrue(rules, self.now);
            node.unstake += amount;
            node.unstake_at = self.now + rules.cooldown;
        }
        no
    }

    pub(crate) fn withdraw(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = Reasons::default();
        let node = &mut self.nodes[usize::from(id)];
        no.unless(by == Party::Node(id), Reason::WrongSigner);
        no.unless(node.unstake > 0, Reason::NothingDue);
        let due = self.now >= node.unstake_at && self.now >= node.locked_until;
        no.unless(due, Reason::TooEarly);
        if no.none() {
            node.accrue(rules, self.now);
            let amount = std::mem::take(&mut node.unstake);
            node.stake -= amount;
            node.vault -= amount;
            self.node_wallets[usize::from(id)] += amount;
        }
        no
    }

    // Ends a job's lock, counts the failure if it is one, and slashes for it.
    pub(crate) fn end_stake(&mut self, rules: &Rules, id: u8, node_id: u8, end: StakeEnd) {
        let disputed = rules.has(Fault::DisputeKeepsLock) && end == StakeEnd::Unlock;
        if disputed && self.jobs[usize::from(id)].phase == Phase::Resolved {
            return;
        }
        let now = self.now;
        let Some(lock) = self.jobs[usize::from(id)].lock.take() else {
            return;
        };
        let node = &mut self.nodes[usize::from(node_id)];
        node.locked -= lock.amount;
        node.active_jobs -= 1;
        let third = match end {
            StakeEnd::InvalidProof if rules.has(Fault::FalseProofForgiven) => false,
            StakeEnd::Failed | StakeEnd::TimedOut | StakeEnd::InvalidProof => {
                let [_, second, third] = node.failures;
                node.failures = [second, third, Some(now)];
                let oldest = node.failures[0];
                oldest.is_some_and(|oldest| now - oldest <= rules.failure_window)
            }
            StakeEnd::Unlock | StakeEnd::DisputeLost { .. } => false,
        };
        if third {
            node.failures = [None; 3];
            node.suspended_until = now + rules.suspension;
        }
        match end {
            StakeEnd::Unlock => {}
            StakeEnd::Failed if third => {
                let cut = self.cut(rules, node_id, lock, rules.slash_failures_bps);
                self.burn_and_insure(rules, node_id, cut);
            }
            StakeEnd::Failed => {}
            StakeEnd::TimedOut | StakeEnd::InvalidProof => {
                let alone = if end == StakeEnd::TimedOut {
                    rules.slash_timeout_bps
                } else {
                    rules.slash_invalid_proof_bps
                };
                let worse = alone.max(rules.slash_failures_bps);
                let bps = if third { worse } else { alone };
                let cut = self.cut(rules, node_id, lock, bps);
                self.burn_and_insure(rules, node_id, cut);
            }
            StakeEnd::DisputeLost { payout } => {
                let cut = self.cut(rules, node_id, lock, rules.slash_dispute_bps);
                let to_user = cut / 2;
                let user = usize::from(id);
                self.nodes[usize::from(node_id)].vault -= to_user;
                self.user_wallets[user] += to_user + payout;
                self.pools.insurance -= payout;
                self.burn_and_insure(rules, node_id, cut - to_user);
                self.nodes[usize::from(node_id)].banned = true;
            }
        }
    }

    /// In what a job that its node has failed cost it less than giving the job up would have; `None` where it did
    /// not, or did not fail.
    pub(crate) fn broken_failure(&self, rules: &Rules, after: &Self, id: usize) -> Option<String> {
        let (job, ended) = (&self.jobs[id], &after.jobs[id]);
        let node = job.node?;
        if !job.is_running() || !matches!(ended.phase, Phase::Failed | Phase::TimedOut) {
            return None;
        }
        let mut instead = *self;
        instead.end_stake(rules, id as u8, node, StakeEnd::Failed);
        let node = usize::from(node);
        let (given_up, now) = (&instead.nodes[node], &after.nodes[node]);
        let dearer = now.stake <= given_up.stake
            && now.failures == given_up.failures
            && now.suspended_until == given_up.suspended_until;
        (!dearer).then(|| {
            format!("giving job {id} up would have cost node {node} more than this: {now:?}")
        })
    }

    // Takes a slash off the books of the stake; what it took is still in the vault.
    fn cut(&mut self, rules: &Rules, id: u8, lock: Lock, bps: u16) -> Units {
        let node = &mut self.nodes[usize::from(id)];
        let spared = if rules.has(Fault::SlashIgnoresLocks) {
            0
        } else {
            node.locked
        };
        let wanted = portion(lock.stake_at_assignment, bps).expect("a part of the stake");
        let cut = if rules.has(Fault::SlashBeyondStake) {
            wanted
        } else {
            wanted.min(node.stake.saturating_sub(spared))
        };
        node.stake = node.stake.saturating_sub(cut);
        node.unstake = node.unstake.min(node.stake.saturating_sub(node.locked));
        (node.reward, node.reward_at, node.slashed_at) = (0, self.now, self.now);
        cut
    }

    fn burn_and_insure(&mut self, rules: &Rules, id: u8, cut: Units) {
        let burned = portion(cut, rules.burn_bps).expect("a part of the slash");
        let node = &mut self.nodes[usize::from(id)];
        node.vault = node.vault.wrapping_sub(cut);
        if !rules.has(Fault::BurnForgotten) {
            self.pools.burned += burned;
        }
        self.pools.insurance += cut - burned;
    }
}
