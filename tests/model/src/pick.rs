//! Actions drawn at random, so that long lives of a market come about, with mistakes in them.

use std::mem::discriminant;

use cyxwiz_economics::CYXWIZ;

use crate::{Action, Clock, Evidence, Market, Party, Rules, Scope, Seconds, Tier, Units, Verdict};

const DAY: Seconds = 86_400;

/// Numbers that follow from a seed.
#[derive(Clone, Copy, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The numbers of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    // splitmix64
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn party(&mut self) -> Party {
        self.of(&Party::ALL)
    }

    fn half(&mut self) -> u8 {
        self.below(2) as u8
    }

    // around the limits of the stake tiers, where rounding shows, and out of all bounds
    fn amount(&mut self) -> Units {
        let round = self.of(&[1, 2, 10, 50, 200]) * CYXWIZ;
        match self.below(8) {
            0 => self.below(30),
            1 => round - 1,
            2 => self.of(&[0, u64::MAX]),
            3 => round + self.below(CYXWIZ),
            _ => self.below(9 * CYXWIZ) + 1,
        }
    }

    fn stake(&mut self) -> Units {
        self.of(&[50, 51, 200, 1_000, 2_999]) * CYXWIZ + self.below(100)
    }

    fn timeout(&mut self) -> Seconds {
        self.of(&[60, 61, 3_600, DAY, 30 * DAY])
    }

    fn wait(&mut self) -> Seconds {
        match self.below(4) {
            0 => self.of(&[0, 1]),
            1 => self.below(2 * DAY as u64) as Seconds,
            2 => self.below(120 * DAY as u64) as Seconds,
            _ => self.of(&[60, 900, 3_600, 3_601, DAY, 14 * DAY]),
        }
    }

    fn evidence(&mut self) -> Evidence {
        self.of(&[
            Evidence::None,
            Evidence::None,
            Evidence::Exact,
            Evidence::Audited,
        ])
    }

    fn verdict(&mut self) -> Verdict {
        match self.below(3) {
            0 => Verdict::ForUser {
                insurance_payout: self.amount(),
            },
            1 => Verdict::ForNode,
            _ => Verdict::Shared {
                node_bps: self.below(10_003) as u16,
            },
        }
    }

    fn receipt(&mut self, rules: &Rules) -> (u32, u32) {
        let end = u64::from(rules.required_epochs) + 1;
        let seen = self.below(end) as u32;
        (seen, self.below(u64::from(seen) + 1) as u32)
    }
}

impl Market {
    /// What happens next: mostly something that is allowed, so that the market gets somewhere, else
    /// anything by anybody.
    pub fn pick(&self, rules: &Rules, draw: &mut Draw) -> Action {
        match draw.below(16) {
            0..4 => return self.pick_any(rules, draw),
            // long enough for what takes a while
            4..6 => {
                let events = self.events(rules);
                if !events.is_empty() {
                    return Action::Wait(draw.of(&events));
                }
            }
            _ => {}
        }
        let receipts = [draw.receipt(rules), draw.receipt(rules)];
        let evidence = [draw.evidence()];
        let scope = Scope {
            users: 2,
            nodes: 2,
            amount: draw.amount(),
            timeout: draw.timeout(),
            stake: draw.stake(),
            evidence: &evidence,
            receipts: &receipts,
            grow: true,
            diamond: false,
            again: true,
            disputes: true,
            unstake: true,
            pause: self.paused,
            clock: Clock::Events,
        };
        let mut actions = scope.actions(self, rules);
        actions.retain(|action| self.attempt(rules, action).is_ok());
        // first what kind, so that what comes in many forms does not crowd out the rest; and mostly what
        // brings a job on
        let rare = draw.below(4) == 0;
        if actions.iter().any(brings_on) && !rare {
            actions.retain(brings_on);
        }
        let mut kinds: Vec<_> = actions.iter().map(discriminant).collect();
        kinds.dedup();
        if kinds.is_empty() {
            return self.pick_any(rules, draw);
        }
        let kind = draw.of(&kinds);
        actions.retain(|action| discriminant(action) == kind);
        draw.of(&actions)
    }

    fn pick_any(&self, rules: &Rules, draw: &mut Draw) -> Action {
        let (by, job, node) = (draw.party(), draw.half(), draw.half());
        let free = self.nodes[usize::from(node)].free();
        match draw.below(32) {
            0 => Action::Pause(draw.below(4) == 0),
            1 => Action::Create {
                job,
                amount: draw.amount(),
                timeout: draw.timeout() - 1,
                evidence: draw.evidence(),
            },
            2 => Action::TopUp {
                by: draw.half(),
                job,
                amount: draw.amount(),
            },
            3 => Action::Assign {
                by,
                job,
                node,
                tier: Tier::Bronze,
            },
            4 => Action::Assign {
                by: Party::Coordinator,
                job,
                node,
                tier: Tier::Bronze,
            },
            5 => Action::Extend {
                by,
                job,
                extra: draw.timeout(),
            },
            6 => {
                let (seen, held) = (draw.below(23) as u32, draw.below(23) as u32);
                Action::Present { job, seen, held }
            }
            7 => Action::Submit { by, job },
            8 => Action::Accept { by, job },
            9 => Action::Release { by, job },
            10 => Action::Cancel { by, job },
            11 => Action::SettleCancel { by, job },
            12 => Action::Fail { by, job },
            13 => Action::TimeoutRefund { by, job },
            14 => Action::ExpireUnassigned { job },
            15 => Action::OpenDispute { by, job },
            16 => Action::SettleDispute {
                by,
                job,
                verdict: draw.verdict(),
            },
            17 => Action::SettleDispute {
                by: Party::Authority,
                job,
                verdict: draw.verdict(),
            },
            18 => Action::ExpireDispute { by, job },
            19 => Action::Close { by, job },
            20 => Action::Distribute,
            21 => Action::Stake {
                node,
                amount: draw.of(&[0, 1, free, 50 * CYXWIZ, u64::MAX]),
            },
            22 => {
                let amount = draw.of(&[0, 1, free / 2, free, free.saturating_add(1)]);
                Action::RequestUnstake {
                    by: draw.of(&[by, Party::Node(node)]),
                    node,
                    amount,
                }
            }
            23 => Action::Withdraw { by, node },
            24 => Action::ClaimReward {
                by: draw.of(&[by, Party::Node(node)]),
                node,
            },
            25 => Action::Gift {
                job,
                amount: draw.below(100) + 1,
            },
            26 => {
                let epoch = draw.below(u64::from(rules.required_epochs) + 3) as u32;
                let node = self.jobs[usize::from(job)].node.map_or(by, Party::Node);
                Action::Anchor {
                    by: draw.of(&[by, node]),
                    job,
                    epoch,
                }
            }
            27 => {
                let node = self.jobs[usize::from(job)].node.map_or(by, Party::Node);
                Action::Prove {
                    by: draw.of(&[by, node]),
                    job,
                    valid: draw.below(2) == 0,
                }
            }
            28 => Action::SettleRefuted { by, job },
            29 => Action::Decline { by, job },
            30 => Action::Lose { by, job },
            _ => Action::Wait(draw.wait()),
        }
    }
}

fn brings_on(action: &Action) -> bool {
    !matches!(
        action,
        Action::Wait(_)
            | Action::Cancel { .. }
            | Action::Decline { .. }
            | Action::Stake { .. }
            | Action::RequestUnstake { .. }
            | Action::Withdraw { .. }
            | Action::Distribute
    )
}
