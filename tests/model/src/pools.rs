use cyxwiz_economics::{portion, stake};

use crate::{Market, Node, Party, Reason, Reasons, Rules, Seconds};

impl Market {
    // What rounding leaves is for the rewards.
    pub(crate) fn distribute(&mut self, rules: &Rules) -> Reasons {
        let mut no = Reasons::default();
        let fees = self.pools.platform;
        no.unless(fees > 0, Reason::NothingDue);
        if no.none() {
            let share = |bps| portion(fees, bps).expect("a part of the fees");
            let [_, development, liquidity, burned] = rules.fee_split_bps.map(share);
            self.pools.rewards += fees - development - liquidity - burned;
            self.pools.development += development;
            self.pools.liquidity += liquidity;
            self.pools.burned += burned;
            self.pools.platform = 0;
        }
        no
    }

    pub(crate) fn claim_reward(&mut self, rules: &Rules, by: Party, id: u8) -> Reasons {
        let mut no = Reasons::default();
        let node = &mut self.nodes[usize::from(id)];
        node.accrue(rules, self.now);
        no.unless(by == Party::Node(id), Reason::WrongSigner);
        no.unless(node.reward > 0, Reason::NothingDue);
        no.unless(self.pools.rewards > 0, Reason::Funds);
        if no.none() {
            let paid = node.reward.min(self.pools.rewards);
            node.reward -= paid;
            self.pools.rewards -= paid;
            self.node_wallets[usize::from(id)] += paid;
        }
        no
    }
}

impl Node {
    // Counts the reward up to now for the stake as it was until now.
    pub(crate) fn accrue(&mut self, rules: &Rules, now: Seconds) {
        let earns_from = self.staked_since.max(self.slashed_at) + rules.reward_after;
        let seconds = now - self.reward_at.max(earns_from);
        if !self.banned && seconds > 0 {
            self.reward += stake::reward(self.stake - self.unstake, rules.reward_bps, seconds);
        }
        self.reward_at = now;
    }
}
