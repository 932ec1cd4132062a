use cyxwiz_economics::{BPS, escrow::Split, portion};

use crate::{
    Fault, Market, Party, Phase, Reason, Reasons, Rules, Units, Verdict, escrow::StakeEnd,
};

impl Market {
    pub(crate) fn open_dispute(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Submitted], by == Party::User(id));
        let index = usize::from(id);
        let job = &mut self.jobs[index];
        let bond = portion(job.amount, rules.dispute_bond_bps)
            .unwrap_or(0)
            .max(1);
        no.unless(self.now < job.window_ends, Reason::TooLate);
        no.unless(bond <= self.user_wallets[index], Reason::Funds);
        if no.none() {
            self.user_wallets[index] -= bond;
            job.vault += bond;
            job.bond = bond;
            job.phase = Phase::Disputed;
            job.window_ends = self.now + rules.dispute_window;
        }
        no
    }

    pub(crate) fn settle_dispute(
        &mut self,
        rules: &Rules,
        by: Party,
        id: u8,
        verdict: Verdict,
    ) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Disputed], by == Party::Authority);
        self.guard_settlement(rules, id, &mut no);
        let job = self.jobs[usize::from(id)];
        no.unless(self.now < job.window_ends, Reason::TooLate);
        match verdict {
            Verdict::ForUser { insurance_payout } => {
                let bound = self.largest_payout(rules, id);
                no.unless(insurance_payout <= bound, Reason::Insurance);
            }
            Verdict::ForNode => {}
            Verdict::Shared { node_bps } => no.unless(node_bps <= BPS, Reason::Argument),
        }
        if !no.none() {
            return no;
        }
        let (split, stake) = match verdict {
            Verdict::ForUser { insurance_payout } => {
                let all_back = Split {
                    user: job.amount,
                    ..Split::default()
                };
                let lost = StakeEnd::DisputeLost {
                    payout: insurance_payout,
                };
                (Some(all_back), lost)
            }
            Verdict::ForNode => (Split::paid(job.amount, job.fee_bps), StakeEnd::Unlock),
            Verdict::Shared { node_bps } => {
                let earned = portion(job.amount, node_bps).expect("a part of the amount");
                let paid = Split::paid(earned, job.fee_bps);
                let user = job.amount - earned;
                (paid.map(|paid| Split { user, ..paid }), StakeEnd::Unlock)
            }
        };
        self.return_bond(rules, id, verdict == Verdict::ForNode);
        self.settle(rules, id, Phase::Resolved, split, stake);
        no
    }

    pub(crate) fn expire_dispute(&mut self, rules: &Rules, id: u8) -> Reasons {
        let mut no = self.run_by(id, &[Phase::Disputed], true);
        let over = self.now >= self.jobs[usize::from(id)].window_ends;
        no.unless(over && !rules.has(Fault::NoExpireDispute), Reason::TooEarly);
        self.guard_settlement(rules, id, &mut no);
        if no.none() {
            let split = self.by_held(rules, id);
            self.return_bond(rules, id, false);
            self.settle(rules, id, Phase::Resolved, split, StakeEnd::Unlock);
        }
        no
    }

    /// What the insurance pool pays for this job at most.
    pub fn largest_payout(&self, rules: &Rules, id: u8) -> Units {
        let share = portion(self.pools.insurance, rules.insurance_payout_max_bps).unwrap_or(0);
        let job = self.jobs[usize::from(id)]
            .lock
            .map_or(0, |lock| lock.job_amount);
        share.min(job)
    }

    fn return_bond(&mut self, rules: &Rules, id: u8, to_node: bool) {
        let index = usize::from(id);
        let job = &mut self.jobs[index];
        let bond = std::mem::take(&mut job.bond);
        if rules.has(Fault::BondForgotten) {
            return;
        }
        job.vault -= bond;
        match job.node {
            Some(node) if to_node => self.node_wallets[usize::from(node)] += bond,
            _ => self.user_wallets[index] += bond,
        }
    }
}
