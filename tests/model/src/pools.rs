use cyxwiz_economics::portion;

use crate::{Market, Reason, Reasons, Rules};

impl Market {
    // What rounding leaves stays for the next time.
    pub(crate) fn distribute(&mut self, rules: &Rules) -> Reasons {
        let mut no = Reasons::default();
        let fees = self.pools.platform;
        no.unless(fees > 0, Reason::NothingDue);
        if no.none() {
            let share = |bps| portion(fees, bps).expect("a part of the fees");
            let [rewards, development, liquidity, burned] = rules.fee_split_bps.map(share);
            self.pools.rewards += rewards;
            self.pools.development += development;
            self.pools.liquidity += liquidity;
            self.pools.burned += burned;
            self.pools.platform -= rewards + development + liquidity + burned;
        }
        no
    }
}
