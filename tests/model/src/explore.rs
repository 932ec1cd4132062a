//! Breadth first through every state that can be reached.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    time::{Duration, Instant},
};

use crate::{Action, Market, Party, Rules, Scope};

/// A step between two states of an exploration.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Number of the state it starts from.
    pub from: u32,
    /// Number of the state it leads to.
    pub to: u32,
    /// Who may take it, a bit each in the order of [`Party::ALL`]; 0 where only time passes.
    pub who: u8,
    /// How long it takes.
    pub seconds: u32,
}

/// What was found: all states, numbered in the order they were reached, and all steps between them.
pub struct Exploration {
    /// The first state.
    pub start: Market,
    /// The rules that were explored.
    pub rules: Rules,
    /// For every state but the first, from which and how it was reached first.
    parents: Vec<(u32, Action)>,
    /// Steps that lead elsewhere than where they start.
    pub edges: Vec<Edge>,
    /// For every state, which of [`crate::exits::Item::ALL`] hold money, a bit each.
    pub funded: Vec<u8>,
    /// How many of the states are paused.
    pub paused: usize,
    /// How many actions were tried, refused ones included.
    pub tried: u64,
    /// Steps from the first state to the farthest.
    pub depth: u32,
    /// Whether every state was reached before the limit.
    pub complete: bool,
    /// How long it took.
    pub elapsed: Duration,
}

/// A way to a state that must not exist.
#[derive(Debug)]
pub struct Counterexample {
    /// What is wrong with it.
    pub broken: String,
    /// The first state.
    pub start: Market,
    /// The rules.
    pub rules: Rules,
    /// What leads there.
    pub trace: Vec<Action>,
}

// Two sound hashes of 64 bits: among ten million states, two share both with odds of one in 10^24.
fn fingerprint(essence: &Market) -> u128 {
    let half = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        essence.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// Takes every action of `scope` from every state that can be reached from `start`, up to `limit`
/// states, and checks every state and step.
pub fn explore(
    start: Market,
    rules: &Rules,
    scope: &Scope,
    limit: usize,
) -> Result<Exploration, Box<Counterexample>> {
    let began = Instant::now();
    let mut known = HashMap::from([(fingerprint(&start.essence(rules)), 0u32)]);
    let mut found = Exploration {
        start,
        rules: *rules,
        parents: Vec::new(),
        edges: Vec::new(),
        funded: vec![crate::exits::funded(&start)],
        paused: 0,
        tried: 0,
        depth: 0,
        complete: true,
        elapsed: Duration::ZERO,
    };
    let mut frontier = vec![(0u32, start)];
    while !frontier.is_empty() && found.complete {
        let mut next = Vec::new();
        for (from, market) in &frontier {
            for action in scope.actions(market, rules) {
                found.tried += 1;
                let Ok(after) = market.attempt(rules, &action) else {
                    continue;
                };
                let broken = market
                    .broken_step(rules, &after)
                    .or_else(|| after.broken_invariant());
                if let Some(broken) = broken {
                    return Err(Box::new(found.counterexample(broken, *from, Some(action))));
                }
                let fresh = found.funded.len() as u32;
                let to = match known.entry(fingerprint(&after.essence(rules))) {
                    Entry::Occupied(entry) => *entry.get(),
                    Entry::Vacant(entry) => *entry.insert(fresh),
                };
                if to == fresh {
                    found.parents.push((*from, action));
                    found.funded.push(crate::exits::funded(&after));
                    found.paused += usize::from(after.paused);
                    next.push((to, after));
                }
                if to != *from {
                    found.edges.push(edge(*from, to, &action));
                }
            }
            if found.funded.len() >= limit {
                found.complete = false;
                break;
            }
        }
        found.depth += u32::from(!next.is_empty());
        frontier = next;
    }
    found.elapsed = began.elapsed();
    Ok(found)
}

fn edge(from: u32, to: u32, action: &Action) -> Edge {
    let seconds = match action {
        Action::Wait(seconds) => u32::try_from(*seconds).unwrap_or(u32::MAX),
        _ => 0,
    };
    let who = match action.party() {
        None => 0,
        Some(Party::Stranger) => u8::MAX,
        Some(party) => 1 << party.index(),
    };
    Edge {
        from,
        to,
        who,
        seconds,
    }
}

impl Exploration {
    /// How many states there are.
    pub fn states(&self) -> usize {
        self.funded.len()
    }

    /// The market of a state.
    pub fn market(&self, state: u32) -> Market {
        let mut market = self.start;
        for action in self.counterexample(String::new(), state, None).trace {
            market.take(&self.rules, &action);
        }
        market
    }

    /// The way to a state that turned out to be wrong.
    pub fn counterexample(
        &self,
        broken: String,
        state: u32,
        last: Option<Action>,
    ) -> Counterexample {
        let mut trace: Vec<Action> = last.into_iter().collect();
        let mut state = state;
        while state > 0 {
            let (parent, action) = self.parents[state as usize - 1];
            trace.push(action);
            state = parent;
        }
        trace.reverse();
        Counterexample {
            broken,
            start: self.start,
            rules: self.rules,
            trace,
        }
    }
}

impl fmt::Display for Exploration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (states, steps) = (self.states(), self.edges.len());
        write!(
            f,
            "{states} states ({} paused), {steps} steps between them, {} actions tried, depth {}, {:.1} s{}",
            self.paused,
            self.tried,
            self.depth,
            self.elapsed.as_secs_f64(),
            if self.complete {
                ""
            } else {
                "; not all states"
            },
        )
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.broken)?;
        let mut market = self.start;
        for (step, action) in self.trace.iter().enumerate() {
            let before = market.balances();
            market.take(&self.rules, action);
            write!(f, "{:4}. {action}", step + 1)?;
            let moves = before.iter().zip(market.balances());
            for ((name, old), (_, new)) in moves.filter(|((_, old), (_, new))| old != new) {
                write!(f, "; {name} {old} -> {new}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
