use cyxwiz_economics::escrow::Split;

use crate::{
    Evidence, Fault, Job, Market, Party, Phase, Reason, Reasons, Rules, Seconds, Shown,
    escrow::StakeEnd,
};

impl Market {
    /// The node commits, and nobody has the challenge drawn in time.
    pub(crate) fn lose(&mut self, by: Party, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned], self.is_node_of(by, id));
        let job = &mut self.jobs[usize::from(id)];
        let asked = job.evidence != Evidence::None && job.shown == Shown::Nothing;
        no.unless(asked, Reason::Evidence);
        no.unless(self.now <= job.deadline, Reason::TooLate);
        if no.none() {
            job.shown = Shown::Lost;
        }
        no
    }

    pub(crate) fn decline(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Assigned], self.is_node_of(by, id));
        let job = &self.jobs[usize::from(id)];
        if job.shown != Shown::Lost {
            no.unless(job.shown == Shown::Nothing, Reason::Evidence);
            let held = job.is_work_held() && !rules.has(Fault::DeclinedWorkHeld);
            no.unless(!held, Reason::WorkHeld);
            no.unless(self.now <= job.declinable_until(rules), Reason::TooLate);
        }
        self.guard_settlement(rules, id, &mut no);
        if no.none() {
            let all = Split {
                user: self.jobs[usize::from(id)].amount,
                ..Split::default()
            };
            let split = if rules.has(Fault::DeclinePays) {
                self.by_held(rules, id)
            } else {
                Some(all)
            };
            let stake = if rules.has(Fault::DeclineCounts) {
                StakeEnd::Failed
            } else {
                StakeEnd::Unlock
            };
            self.settle(rules, id, Phase::Refunded, split, stake);
        }
        no
    }

    /// What handing a job back did that it may not do; `None` where it was not, or did nothing of it.
    pub(crate) fn broken_decline(&self, after: &Self, id: usize) -> Option<String> {
        let (job, ended) = (&self.jobs[id], &after.jobs[id]);
        let node = usize::from(job.node?);
        if job.phase != Phase::Assigned || ended.phase != Phase::Refunded {
            return None;
        }
        let committed = match job.shown {
            Shown::Nothing => job.is_work_held(),
            Shown::Lost => false,
            Shown::Proof | Shown::FalseProof => true,
        };
        // long after the assignment a node knows how the training went
        let late = job.shown == Shown::Nothing && 2 * (self.now - job.assigned_at) > job.timeout;
        let (before, now) = (&self.nodes[node], &after.nodes[node]);
        let unharmed = (before.stake, before.vault, before.failures, before.banned)
            == (now.stake, now.vault, now.failures, now.banned)
            && before.suspended_until == now.suspended_until;
        if committed {
            Some(format!(
                "job {id} was handed back though work is held or shown: {job:?}"
            ))
        } else if late {
            Some(format!(
                "job {id} was handed back after half of its time: {job:?}"
            ))
        } else if !unharmed {
            Some(format!(
                "node {node} was punished for handing job {id} back: {now:?}"
            ))
        } else {
            None
        }
    }
}

impl Job {
    // A receipt alone is the user's word, a checkpoint alone the node's.
    fn is_work_held(&self) -> bool {
        self.held > 0 && self.checkpoint > 0
    }

    /// The last moment to hand it back, unless no proof is possible any more.
    pub(crate) fn declinable_until(&self, rules: &Rules) -> Seconds {
        if rules.has(Fault::DeclinedLate) {
            return self.deadline;
        }
        self.assigned_at + rules.decline_window.min(self.timeout / 2)
    }
}
