//! The same random lives of a market in the pure model and on the real programs: both accept the same
//! actions, refuse the others for a reason that the model knows, and hold the same money and books after
//! each. At the end of a life everybody but one party is gone, and that one gets the money out on the
//! real programs in the way that the model knows.
//!
//! `CYXWIZ_LIVES` is how many lives each test takes (`just differential` takes many), `CYXWIZ_SEED` from
//! where they are drawn.

use std::{cell::RefCell, collections::BTreeMap, time::Instant};

use cyxwiz_tests_model::{
    Action, Clock, Draw, Fault, Market, Party, Rules, Scope, Seconds,
    exits::{Item, way_out},
};
use cyxwiz_tests_onchain::model::{Chain, REQUIRED_EPOCHS};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed, TestError, TestRunner},
};

const LIVES: u64 = 1_000;
const STEPS: usize = 60;
const YEAR: Seconds = 365 * 86_400;

/// One life: chain and model, and what happened so far.
struct Life {
    chain: Chain,
    market: Market,
    rules: Rules,
    story: Vec<String>,
}

impl Life {
    fn begin(chain: &Chain, rules: &Rules) -> Self {
        Self {
            chain: chain.fork(),
            market: Chain::market(),
            rules: *rules,
            story: Vec::new(),
        }
    }

    /// Takes `action` in both, which must agree about it and after it.
    fn take(&mut self, action: Action) -> Result<bool, TestCaseError> {
        let action = match action {
            Action::Assign { by, job, node, .. } => {
                let tier = self.chain.tier(node);
                Action::Assign {
                    by,
                    job,
                    node,
                    tier,
                }
            }
            other => other,
        };
        let expected = self.market.attempt(&self.rules, &action);
        let seen = self.chain.take(&action);
        self.story.push(format!(
            "{action}: {expected}",
            expected = match &expected {
                Ok(_) => "ok".to_owned(),
                Err(reasons) => format!("refused, {reasons:?}"),
            }
        ));
        match (&expected, &seen) {
            (Ok(market), Ok(())) => self.market = *market,
            (Err(reasons), Err(refused)) if refused.is_one_of(*reasons) => {}
            (_, Ok(())) => return Err(self.failed("the chain accepts it")),
            (_, Err(refused)) => {
                let said = format!(
                    "the chain refuses it: {:?}\n{}",
                    refused.reason, refused.logs
                );
                return Err(self.failed(&said));
            }
        }
        let mut differences = self.chain.differences(&self.market);
        differences.extend(self.market.broken_invariant());
        if differences.is_empty() {
            Ok(expected.is_ok())
        } else {
            Err(self.failed(&differences.join("\n")))
        }
    }

    fn failed(&self, why: &str) -> TestCaseError {
        TestCaseError::fail(format!("{}\n=> {why}", self.story.join("\n")))
    }

    /// Everybody but `party` is gone: it gets the money out of `item`, and does not take a year.
    fn leave(&mut self, party: Party, item: Item) -> Result<(), TestCaseError> {
        let scope = Scope {
            users: 2,
            nodes: 2,
            amount: 0,
            timeout: 0,
            stake: 0,
            evidence: &[],
            receipts: &[],
            grow: false,
            diamond: false,
            again: false,
            disputes: true,
            unstake: true,
            pause: false,
            clock: Clock::Events,
        };
        let out = way_out(&self.market, &self.rules, &scope, party, item);
        let Some(out) = out else {
            return Err(self.failed(&format!("{party} alone does not get out of {item:?}")));
        };
        self.story
            .push(format!("only {party} is left, for {item:?}"));
        for action in &out.actions {
            if !self.take(*action)? {
                return Err(self.failed("the way out is closed"));
            }
        }
        let done = !item.is_funded(&self.market) && out.seconds < YEAR;
        if done {
            Ok(())
        } else {
            Err(self.failed("the money did not get out within a year"))
        }
    }
}

/// What was met over all lives.
#[derive(Debug, Default)]
struct Met {
    lives: u32,
    exits: u32,
    /// How often each kind of action was accepted and refused.
    actions: BTreeMap<String, [u32; 2]>,
}

impl Met {
    fn note(&mut self, action: &Action, accepted: bool) {
        let text = format!("{action:?}");
        let kind = text.split([' ', '(']).next().unwrap_or_default();
        self.actions.entry(kind.to_owned()).or_default()[usize::from(!accepted)] += 1;
    }

    /// Every action there is, the clock and the admin's aside, must have been taken and have been refused.
    fn assert_whole(&self) {
        assert_eq!(
            self.actions.len(),
            30,
            "an action was never tried: {:?}",
            self.actions
        );
        for (kind, [accepted, refused]) in &self.actions {
            let always = ["Wait", "Pause"].contains(&kind.as_str());
            assert!(
                *accepted > 0 && (always || *refused > 0),
                "{kind}: {accepted}, {refused}"
            );
        }
    }
}

fn live(chain: &Chain, rules: &Rules, seeds: &[u64], met: &mut Met) -> Result<(), TestCaseError> {
    let mut life = Life::begin(chain, rules);
    for seed in seeds {
        let action = life.market.pick(&life.rules, &mut Draw::new(*seed));
        met.note(&action, life.take(action)?);
    }
    // whoever paused it is gone too
    if seeds.len().is_multiple_of(2) {
        life.take(Action::Pause(true))?;
    }
    for (turn, item) in Item::ALL.into_iter().enumerate() {
        if !item.is_funded(&life.market) {
            continue;
        }
        let party = match item {
            Item::Stake(node) => Party::Node(node),
            Item::Escrow(_) => Party::ALL[(seeds.len() + turn) % Party::ALL.len()],
        };
        life.leave(party, item)?;
        met.exits += 1;
    }
    met.lives += 1;
    Ok(())
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().expect("a number"))
}

/// Takes that many lives, and says in what chain and model differ first, where they do, and what led there:
/// little, after that many attempts to do without.
fn lives(rules: &Rules, part: u64, lives: u64, shrink: u32) -> Result<Met, String> {
    let chain = Chain::new();
    let config = Config {
        cases: u32::try_from(lives).expect("fewer lives"),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(number("CYXWIZ_SEED", 20_261_120).wrapping_add(part)),
        max_shrink_iters: shrink,
        ..Config::default()
    };
    let steps = prop::collection::vec(any::<u64>().no_shrink(), 1..STEPS);
    let met = RefCell::new(Met::default());
    let mut runner = TestRunner::new(config);
    let result = runner.run(&steps, |seeds| {
        live(&chain, rules, &seeds, &mut met.borrow_mut())
    });
    match result {
        Ok(()) => Ok(met.into_inner()),
        Err(TestError::Fail(why, _)) => Err(why.to_string()),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn documented() -> Rules {
    Rules {
        required_epochs: REQUIRED_EPOCHS,
        ..Rules::default()
    }
}

fn agree(part: u64) {
    let began = Instant::now();
    match lives(&documented(), part, number("CYXWIZ_LIVES", LIVES), 4_000) {
        Ok(met) => {
            eprintln!("{met:?} in {:.1} s", began.elapsed().as_secs_f64());
            met.assert_whole();
        }
        Err(why) => panic!("chain and model differ:\n{why}"),
    }
}

#[test]
fn chain_and_model_agree() {
    agree(0);
}

#[test]
fn chain_and_model_agree_elsewhere_too() {
    agree(1);
}

/// A model that is off by the least that there is does not pass.
#[test]
fn a_model_of_another_market_is_told_apart() {
    let right = documented();
    let wrong = [
        Rules {
            cancel_fee_bps: right.cancel_fee_bps + 1,
            ..right
        },
        Rules {
            slash_failures_bps: right.slash_failures_bps - 1,
            ..right
        },
        Rules {
            receipt_window: right.receipt_window + 1,
            ..right
        },
        Rules {
            fault: Some(Fault::BondForgotten),
            ..right
        },
        Rules {
            fault: Some(Fault::OnlyNodeSettlesCancel),
            ..right
        },
    ];
    for rules in wrong {
        let difference = lives(&rules, 2, LIVES, 0);
        let difference = difference.expect_err("the programs follow docs/PROTOCOL.md");
        eprintln!("{difference}\n");
    }
}
