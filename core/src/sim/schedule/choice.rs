//! Who decides which of the movable actors moves.
//!
//! A person decides with [`World::step_actor`] alone. Everybody else is a [`Choice`]: a script of
//! actors, a seeded generator, or all orders in turn. Each sees nothing but the list of who can
//! move, so what it decided can be written down as a script and run again.

use std::collections::VecDeque;

use crate::random::Random;
use crate::sim::fact::Fact;
use crate::sim::schedule::Actor;
use crate::sim::world::World;

/// A source of decisions.
#[derive(Clone, Debug)]
pub enum Choice {
    /// These, in this order; it ends where one of them cannot move.
    Script(VecDeque<Actor>),
    /// Any, with equal chance.
    Seeded(Random),
    /// All orders, one after the other.
    Exhaustive(Orders),
}

impl Choice {
    /// One of them, none when nobody can move or the script says no more.
    pub fn choose(&mut self, movable: &[Actor]) -> Option<Actor> {
        match self {
            Self::Script(script) => {
                let actor = script.pop_front()?;
                movable.contains(&actor).then_some(actor)
            }
            Self::Seeded(random) => {
                let index = random.below(movable.len() as u64);
                movable.get(usize::try_from(index).unwrap_or(usize::MAX)).copied()
            }
            Self::Exhaustive(orders) => {
                let index = orders.decide(movable.len())?;
                movable.get(index).copied()
            }
        }
    }
}

/// All ways through a tree of decisions, depth first. Run the world from its beginning for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// What is decided at each place, and of how many.
    path: Vec<(usize, usize)>,
    /// The next place.
    next: usize,
}

impl Orders {
    fn decide(&mut self, ways: usize) -> Option<usize> {
        if ways == 0 {
            return None;
        }
        if self.next == self.path.len() {
            self.path.push((0, ways));
        }
        let (way, _) = self.path[self.next];
        self.next += 1;
        Some(way)
    }

    /// Goes to the next order and its beginning. False when all were run.
    pub fn advance(&mut self) -> bool {
        self.next = 0;
        while let Some((way, ways)) = self.path.pop() {
            if way + 1 < ways {
                self.path.push((way + 1, ways));
                return true;
            }
        }
        false
    }
}

impl World {
    /// Lets one actor move, whom `choice` picks. Nothing when nobody moves; an actor that was
    /// picked and had nothing to do counts as a step that is not told.
    pub fn step_chosen(&mut self, choice: &mut Choice) -> Option<(Actor, Option<Fact>)> {
        let actor = choice.choose(&self.movable())?;
        Some((actor, self.step_actor(actor)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::schedule::Place;
    use crate::units::ClientId;

    /// Two clients with two and three commands: 5! / (2! 3!) orders, each once.
    #[test]
    fn all_orders_are_as_many_as_a_closed_form_says() {
        let mut choice = Choice::Exhaustive(Orders::default());
        let mut seen = Vec::new();
        loop {
            let mut left = [2, 3];
            let mut order = Vec::new();
            loop {
                let movable: Vec<Actor> = (0..2_u64)
                    .zip(left)
                    .filter(|(_, left)| *left > 0)
                    .map(|(client, _)| Actor::Client(ClientId(client)))
                    .collect();
                let Some(actor) = choice.choose(&movable) else { break };
                let Actor::Client(ClientId(client)) = actor else { panic!("{actor:?}") };
                left[usize::try_from(client).expect("small")] -= 1;
                order.push(client);
            }
            seen.push(order);
            let Choice::Exhaustive(orders) = &mut choice else { panic!("it was one") };
            if !orders.advance() {
                break;
            }
        }
        assert_eq!(seen.len(), 10);
        seen.dedup();
        assert_eq!(seen.len(), 10);
        assert!(seen.iter().all(|order| order.len() == 5));
    }

    #[test]
    fn a_script_ends_where_it_cannot_be_followed() {
        let mut choice = Choice::Script([Actor::Child, Actor::Timer].into());
        assert_eq!(choice.choose(&[Actor::Parent, Actor::Child]), Some(Actor::Child));
        assert_eq!(choice.choose(&[Actor::Works(Place::Sync)]), None);
        assert_eq!(choice.choose(&[Actor::Timer]), None);
    }
}
