//! Breadth first through every state that moves can reach.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// What is searched.
pub(crate) trait Space {
    type State: Clone;
    type Move: Clone + fmt::Debug;
    type Violation: Copy + Ord + fmt::Debug;

    /// Every way on from a state: the state it leads to, or what is wrong on the way. Nothing for
    /// an end.
    fn ways(&mut self, state: &Self::State) -> Ways<Self>;

    /// What is wrong with a state from which nothing more comes by itself.
    fn at_rest(&mut self, state: &Self::State) -> Result<(), Self::Violation>;

    /// Equal for states with the same future.
    fn digest(&self, state: &Self::State) -> u128;
}

/// The ways on from one state.
pub(crate) type Ways<S> =
    Vec<(<S as Space>::Move, Result<<S as Space>::State, <S as Space>::Violation>)>;

/// A shortest way to something wrong.
#[derive(Clone, Debug)]
pub(crate) struct Trace<M> {
    pub(crate) moves: Vec<M>,
}

/// What a search found.
#[derive(Debug)]
pub(crate) struct Report<S: Space + ?Sized> {
    /// Different states.
    pub(crate) states: usize,
    /// Moves between them.
    pub(crate) moves: usize,
    /// Moves on the longest of the shortest ways.
    pub(crate) depth: usize,
    /// The first of each kind.
    pub(crate) violations: BTreeMap<S::Violation, Trace<S::Move>>,
    /// The search was ended before its end.
    pub(crate) is_cut: bool,
}

impl<S: Space + ?Sized> Report<S> {
    /// The kinds that were found.
    pub(crate) fn kinds(&self) -> Vec<S::Violation> {
        self.violations.keys().copied().collect()
    }
}

/// When a search ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    /// At the first violation.
    pub(crate) first: bool,
    /// At so many states.
    pub(crate) states: usize,
}

impl Until {
    pub(crate) const EVERYTHING: Self = Self { first: false, states: usize::MAX };
    pub(crate) const FIRST: Self = Self { first: true, states: usize::MAX };
}

/// Visits every state once, nearest first. A state that is wrong is not followed further.
pub(crate) fn search<S: Space>(space: &mut S, start: S::State, until: Until) -> Report<S> {
    let mut report =
        Report { states: 1, moves: 0, depth: 0, violations: BTreeMap::new(), is_cut: false };
    let mut seen = BTreeSet::from([space.digest(&start)]);
    // By the number of a state: the state before it, the move between, and how far it is.
    let mut parents: Vec<(usize, Option<S::Move>, usize)> = vec![(0, None, 0)];
    let mut queue = VecDeque::from([(0_usize, start)]);
    while let Some((number, state)) = queue.pop_front() {
        let far = parents[number].2;
        report.depth = report.depth.max(far);
        if let Err(violation) = space.at_rest(&state) {
            let trace = Trace { moves: way_to(&parents, number) };
            report.violations.entry(violation).or_insert(trace);
            if until.first {
                return report;
            }
            continue;
        }
        for (by, led) in space.ways(&state) {
            report.moves += 1;
            match led {
                Ok(next) => {
                    if seen.insert(space.digest(&next)) {
                        parents.push((number, Some(by), far + 1));
                        queue.push_back((parents.len() - 1, next));
                        report.states += 1;
                    }
                }
                Err(violation) => {
                    let mut moves = way_to(&parents, number);
                    moves.push(by);
                    report.violations.entry(violation).or_insert(Trace { moves });
                    if until.first {
                        return report;
                    }
                }
            }
        }
        if report.states >= until.states {
            report.is_cut = true;
            return report;
        }
    }
    report
}

fn way_to<M: Clone>(parents: &[(usize, Option<M>, usize)], number: usize) -> Vec<M> {
    let mut moves = Vec::new();
    let mut at = number;
    while let (before, Some(by), _) = &parents[at] {
        moves.push(by.clone());
        at = *before;
    }
    moves.reverse();
    moves
}

/// In how many orders the moves can be made, from a state to an end, without visiting any state
/// twice: the ways on from a state are counted once. Gives the orders, and the states.
pub(crate) fn count_orders<S: Space>(space: &mut S, start: &S::State) -> (u128, usize) {
    let mut known = BTreeMap::new();
    let orders = orders_from(space, start, &mut known);
    (orders, known.len())
}

fn orders_from<S: Space>(
    space: &mut S,
    state: &S::State,
    known: &mut BTreeMap<u128, u128>,
) -> u128 {
    let digest = space.digest(state);
    if let Some(orders) = known.get(&digest) {
        return *orders;
    }
    if let Err(violation) = space.at_rest(state) {
        panic!("{violation:?}");
    }
    let ways = space.ways(state);
    let mut orders = u128::from(ways.is_empty());
    for (by, led) in ways {
        let next = led.unwrap_or_else(|violation| panic!("{by:?} leads to {violation:?}"));
        orders += orders_from(space, &next, known);
    }
    known.insert(digest, orders);
    orders
}

/// In how many ways some of these can be chosen.
pub(crate) fn binomial(of: u128, chosen: u128) -> u128 {
    (0..chosen).fold(1, |ways, k| ways * (of - k) / (k + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three that count on their own, each to its end: a lattice, in which everything is known.
    struct Counters {
        ends: [u8; 3],
        /// Nobody may come here.
        forbidden: Option<[u8; 3]>,
    }

    impl Space for Counters {
        type State = [u8; 3];
        type Move = usize;
        type Violation = &'static str;

        fn ways(&mut self, state: &[u8; 3]) -> Ways<Self> {
            let mut ways: Ways<Self> = Vec::new();
            for who in 0..3 {
                if state[who] < self.ends[who] {
                    let mut next = *state;
                    next[who] += 1;
                    let is_forbidden = self.forbidden == Some(next);
                    ways.push((who, if is_forbidden { Err("forbidden") } else { Ok(next) }));
                }
            }
            ways
        }

        fn at_rest(&mut self, _: &[u8; 3]) -> Result<(), &'static str> {
            Ok(())
        }

        fn digest(&self, state: &[u8; 3]) -> u128 {
            state.iter().fold(0, |sum, &count| sum * 100 + u128::from(count))
        }
    }

    #[test]
    fn a_lattice_has_the_states_and_orders_that_it_must_have() {
        for ends in [[0, 0, 0], [4, 0, 0], [3, 4, 0], [3, 4, 5], [10, 10, 0]] {
            let mut space = Counters { ends, forbidden: None };
            let report = search(&mut space, [0; 3], Until::EVERYTHING);
            let [a, b, c] = ends.map(u128::from);
            assert_eq!(report.states as u128, (a + 1) * (b + 1) * (c + 1));
            assert_eq!(report.depth as u128, a + b + c);
            assert!(report.violations.is_empty());
            let (orders, states) = count_orders(&mut space, &[0; 3]);
            assert_eq!(orders, binomial(a + b + c, a) * binomial(b + c, b));
            assert_eq!(states, report.states);
        }
    }

    #[test]
    fn the_way_to_what_is_wrong_is_a_shortest_one() {
        let mut space = Counters { ends: [5, 5, 5], forbidden: Some([2, 1, 3]) };
        let report = search(&mut space, [0; 3], Until::FIRST);
        let mut moves = report.violations["forbidden"].moves.clone();
        assert_eq!(moves.len(), 6);
        moves.sort_unstable();
        assert_eq!(moves, [0, 0, 1, 2, 2, 2]);
        let report = search(&mut space, [0; 3], Until::EVERYTHING);
        assert_eq!(report.states, 6 * 6 * 6 - 1, "all others");
    }
}
