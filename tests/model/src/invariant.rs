use crate::{Evidence, JOBS, Job, Market, NODES, Phase, Rules, Shown, Units};

impl Market {
    /// What of the money is not as it must be in every state; `None` in a sound one.
    pub fn broken_invariant(&self) -> Option<String> {
        self.broken_conservation()
            .or_else(|| (0..JOBS).find_map(|job| self.broken_job(job)))
            .or_else(|| (0..NODES).find_map(|node| self.broken_node(node)))
    }

    /// What an action did that no action may do; `None` for a sound one. A settled escrow moves no more
    /// money than what strangers left in its vault.
    pub fn broken_step(&self, rules: &Rules, after: &Self) -> Option<String> {
        self.jobs
            .iter()
            .zip(&after.jobs)
            .enumerate()
            .find_map(|(id, (before, after))| {
                let settled = before.phase.is_settled();
                let still = books(before) == books(after) && before.phase == after.phase;
                let closed = *after == Job::default();
                (settled && !still && !closed)
                    .then(|| format!("settled job {id} was changed again"))
            })
            .or_else(|| (0..JOBS).find_map(|id| self.broken_decline(after, id)))
            .or_else(|| (0..JOBS).find_map(|id| self.broken_failure(rules, after, id)))
    }

    fn broken_conservation(&self) -> Option<String> {
        let sum: u128 = self
            .balances()
            .iter()
            .map(|(_, units)| u128::from(*units))
            .sum();
        let minted = u128::from(self.minted);
        (sum != minted).then(|| format!("{minted} base units were minted, but there are {sum}"))
    }

    fn broken_job(&self, id: usize) -> Option<String> {
        let job = &self.jobs[id];
        let Some(held) = job.held_units() else {
            return Some(format!(
                "job {id} paid more than it was funded with: {job:?}"
            ));
        };
        let exact = job.vault == held + job.bond + job.gifts;
        let emptied = !job.phase.is_settled() || held + job.bond == 0;
        let locked = job.lock.is_some() == job.is_running();
        let asked = job.evidence != Evidence::None;
        let delivered = matches!(job.phase, Phase::Submitted | Phase::Disputed | Phase::Paid);
        let unproven = asked && delivered && job.shown != Shown::Proof;
        // a user who cancels takes the work as it is
        let ended = matches!(job.phase, Phase::Failed | Phase::TimedOut);
        let given_away = asked && ended && job.paid_node > 0;
        let refunded = job.phase != Phase::Refunded || job.paid_user == job.amount;
        if !exact {
            Some(format!(
                "the vault of job {id} holds something else than its books say: {job:?}"
            ))
        } else if !emptied {
            Some(format!("job {id} is settled and holds money: {job:?}"))
        } else if !refunded {
            Some(format!("job {id} was refunded, but not in whole: {job:?}"))
        } else if !locked {
            Some(format!(
                "stake is locked for job {id} though it does not run, or not locked: {job:?}"
            ))
        } else if unproven {
            Some(format!("job {id} was delivered without its proof: {job:?}"))
        } else if given_away {
            Some(format!(
                "job {id} paid for work that was never proven: {job:?}"
            ))
        } else {
            None
        }
    }

    fn broken_node(&self, id: usize) -> Option<String> {
        let node = &self.nodes[id];
        let locks = self
            .jobs
            .iter()
            .filter(|job| job.node == Some(id as u8))
            .filter_map(|job| job.lock);
        let (count, sum) = locks.fold((0, 0), |(count, sum): (u32, Units), lock| {
            (count + 1, sum + lock.amount)
        });
        if (count, sum) != (node.active_jobs, node.locked) {
            Some(format!(
                "node {id}'s jobs lock {sum} in {count}, its books say otherwise: {node:?}"
            ))
        } else if node.vault != node.stake {
            Some(format!(
                "node {id}'s vault holds something else than its stake: {node:?}"
            ))
        } else if node.locked + node.unstake > node.stake {
            Some(format!(
                "node {id}'s locks and requests exceed its stake: {node:?}"
            ))
        } else {
            None
        }
    }
}

fn books(job: &Job) -> [Units; 4] {
    [job.paid_node, job.paid_user, job.paid_platform, job.bond]
}
