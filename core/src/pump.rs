//! The one loop that moves effects to the outside and answers back. The server, the page, the
//! tests and the crash explorer all run this function and no other.
//!
//! The rule it keeps is *mutate once, then drain*: after an event every effect is performed
//! before the next event is handled, and a borrowed effect cannot outlive the state it points
//! into, because the borrow checker sees both.

use crate::effect::Effect;
use crate::engine::Engine;
use crate::event::Event;

/// What performing an effect came to.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// Done, and this is what it said. Effect and answer together are one step.
    Now(Event<'a>),
    /// Started; the answer is an event of its own, later.
    Later,
    /// Done, and there is nothing to say.
    Done,
}

/// The outside: the kernel and the sockets, or a model of them.
pub trait Environment {
    /// Performs one effect.
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_>;
}

/// Handles one event and performs all that follows from it.
pub fn pump<E: Environment>(engine: &mut Engine, environment: &mut E, event: Event<'_>) {
    engine.handle(event);
    drain(engine, environment);
}

/// Performs effects until the engine wants nothing more.
pub fn drain<E: Environment>(engine: &mut Engine, environment: &mut E) {
    while step(engine, environment) {}
}

/// Performs the next effect, if there is one: one step. The page calls this once a click.
pub fn step<E: Environment>(engine: &mut Engine, environment: &mut E) -> bool {
    let Some(effect) = engine.poll_effect() else { return false };
    if let Outcome::Now(event) = environment.perform(effect) {
        engine.handle(event);
    }
    true
}
