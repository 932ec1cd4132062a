//! That money gets out: from every state some party, alone, while everybody else is gone and the clock
//! moves a bounded time.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    fmt,
};

use crate::{
    Action, Market, Party, Rules, Scope, Seconds,
    explore::{Counterexample, Edge, Exploration},
};

/// A place where money waits for one party's action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// A job's funds and its bond.
    Escrow(u8),
    /// A node's stake.
    Stake(u8),
}

impl Item {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Escrow(0),
        Self::Escrow(1),
        Self::Stake(0),
        Self::Stake(1),
    ];

    /// Whether there is money in it.
    pub fn is_funded(self, market: &Market) -> bool {
        match self {
            Self::Escrow(id) => {
                let job = &market.jobs[usize::from(id)];
                job.held_units() != Some(0) || job.bond > 0
            }
            Self::Stake(id) => market.nodes[usize::from(id)].stake > 0,
        }
    }

    // Nobody but its owner takes stake out: that one must be there.
    fn needs(self, party: Party) -> bool {
        matches!(self, Self::Stake(node) if party == Party::Node(node))
    }
}

/// Which of [`Item::ALL`] hold money, a bit each.
pub(crate) fn funded(market: &Market) -> u8 {
    let items = Item::ALL.iter().enumerate();
    items.fold(0, |bits, (bit, item)| {
        bits | u8::from(item.is_funded(market)) << bit
    })
}

/// The longest that money waits, over all states of an exploration.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// When nobody need be gone: the quickest party's way out.
    pub escrow: Seconds,
    /// The same for a node's stake, by its owner.
    pub stake: Seconds,
    /// For a job's money, when this party is gone, in the order of [`Party::ALL`].
    pub escrow_without: [Seconds; 8],
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a job's money is out within {}, stake within {}",
            self.escrow, self.stake
        )?;
        for (party, seconds) in Party::ALL.iter().zip(self.escrow_without) {
            write!(f, "; without {party} {seconds}")?;
        }
        Ok(())
    }
}

const NEVER: u32 = u32::MAX;

impl Exploration {
    /// How long money in `items` waits at most, or a state from which some of it does not get out when
    /// one party is gone. Only a complete exploration can tell.
    pub fn exits(&self, items: &[Item]) -> Result<Bounds, Box<Counterexample>> {
        assert!(
            self.complete,
            "states that were not left have no steps out of them"
        );
        let into = StepsInto::new(&self.edges, self.states());
        let mut bounds = Bounds::default();
        for (bit, item) in Item::ALL.iter().enumerate() {
            let holds = |state: usize| self.funded[state] & 1 << bit != 0;
            if !items.contains(item) || !(0..self.states()).any(holds) {
                continue;
            }
            let waits = Party::ALL.map(|party| into.waits(1 << party.index(), &holds));
            for state in (0..self.states()).filter(|state| holds(*state)) {
                let alone = waits.each_ref().map(|waits| waits[state]);
                self.note(&mut bounds, *item, state, alone)?;
            }
        }
        Ok(bounds)
    }

    fn note(
        &self,
        bounds: &mut Bounds,
        item: Item,
        state: usize,
        alone: [u32; 8],
    ) -> Result<(), Box<Counterexample>> {
        for gone in Party::ALL.into_iter().filter(|party| !item.needs(*party)) {
            let others = alone
                .iter()
                .enumerate()
                .filter(|(party, _)| *party != gone.index());
            let quickest = others.map(|(_, wait)| *wait).min().unwrap_or(NEVER);
            if quickest == NEVER {
                let broken = format!("without {gone}, nobody gets the money out of {item:?}");
                return Err(Box::new(self.counterexample(broken, state as u32, None)));
            }
            if matches!(item, Item::Escrow(_)) {
                let bound = &mut bounds.escrow_without[gone.index()];
                *bound = quickest.max(*bound as u32).into();
            }
        }
        let quickest = alone.into_iter().min().map_or(0, Seconds::from);
        match item {
            Item::Escrow(_) => bounds.escrow = bounds.escrow.max(quickest),
            Item::Stake(_) => bounds.stake = bounds.stake.max(quickest),
        }
        Ok(())
    }
}

// The steps of an exploration, by where they lead.
struct StepsInto<'a> {
    edges: &'a [Edge],
    order: Vec<u32>,
    starts: Vec<u32>,
}

impl<'a> StepsInto<'a> {
    fn new(edges: &'a [Edge], states: usize) -> Self {
        let mut starts = vec![0u32; states + 1];
        for edge in edges {
            starts[edge.to as usize + 1] += 1;
        }
        for state in 0..states {
            starts[state + 1] += starts[state];
        }
        let mut free = starts.clone();
        let mut order = vec![0; edges.len()];
        for (index, edge) in edges.iter().enumerate() {
            let slot = &mut free[edge.to as usize];
            order[*slot as usize] = index as u32;
            *slot += 1;
        }
        Self {
            edges,
            order,
            starts,
        }
    }

    fn into(&self, state: u32) -> impl Iterator<Item = &Edge> {
        let range = self.starts[state as usize] as usize..self.starts[state as usize + 1] as usize;
        self.order[range]
            .iter()
            .map(|index| &self.edges[*index as usize])
    }

    // Dijkstra, backwards from all states without money: how long each state waits when only `who` acts.
    fn waits(&self, who: u8, holds: &dyn Fn(usize) -> bool) -> Vec<u32> {
        let states = self.starts.len() - 1;
        let mut waits: Vec<u32> = (0..states)
            .map(|s| if holds(s) { NEVER } else { 0 })
            .collect();
        let empty = (0..states as u32).filter(|state| waits[*state as usize] == 0);
        let mut queue: BinaryHeap<_> = empty.map(|state| Reverse((0u32, state))).collect();
        while let Some(Reverse((wait, state))) = queue.pop() {
            if wait > waits[state as usize] {
                continue;
            }
            for edge in self
                .into(state)
                .filter(|edge| edge.who == 0 || edge.who & who != 0)
            {
                let total = wait.saturating_add(edge.seconds);
                if total < waits[edge.from as usize] {
                    waits[edge.from as usize] = total;
                    queue.push(Reverse((total, edge.from)));
                }
            }
        }
        waits
    }
}

/// What a party does to get money out, and how long that takes.
#[derive(Clone, Debug, Default)]
pub struct WayOut {
    /// Its actions, and the times it waits.
    pub actions: Vec<Action>,
    /// All waiting together.
    pub seconds: Seconds,
}

/// The quickest way in which `party` alone gets the money out of `item`, where there is one.
pub fn way_out(
    market: &Market,
    rules: &Rules,
    scope: &Scope,
    party: Party,
    item: Item,
) -> Option<WayOut> {
    // states by number, with the step that led there
    let mut states = vec![(*market, None::<(usize, Action)>)];
    let mut best = HashMap::from([(market.essence(rules), 0)]);
    let mut queue = BinaryHeap::from([Reverse((0, 0))]);
    while let Some(Reverse((seconds, number))) = queue.pop() {
        let state = states[number].0;
        if !item.is_funded(&state) {
            return Some(WayOut {
                actions: path(&states, number),
                seconds,
            });
        }
        for action in scope
            .actions(&state, rules)
            .into_iter()
            .filter(|action| action.is_open_to(party))
        {
            let Ok(after) = state.attempt(rules, &action) else {
                continue;
            };
            let total = match action {
                Action::Wait(wait) => seconds + wait,
                _ => seconds,
            };
            let known = best.entry(after.essence(rules)).or_insert(Seconds::MAX);
            if total < *known {
                *known = total;
                queue.push(Reverse((total, states.len())));
                states.push((after, Some((number, action))));
            }
        }
    }
    None
}

fn path(states: &[(Market, Option<(usize, Action)>)], mut number: usize) -> Vec<Action> {
    let mut actions = Vec::new();
    while let Some((parent, action)) = states[number].1 {
        actions.push(action);
        number = parent;
    }
    actions.reverse();
    actions
}
