//! Who may move next, where a choice decides and not the clock.
//!
//! The order of [`crate::sim::world`] is fixed: by time, so that the same inputs give the same
//! run. Whoever wants other orders asks [`World::movable`] and decides with
//! [`World::step_actor`].

use crate::effect::{Lane, Pipe};
use crate::sim::fact::Fact;
use crate::sim::world::World;
use crate::units::ClientId;

/// Something that can take a step of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// A client: its next command arrives and is executed.
    Client(ClientId),
    /// The server's loop: its next effect, or the end of its turn with what follows from it.
    Parent,
    /// The server's loop hears from this pipe.
    Hears(Pipe),
    /// The rewrite child.
    Child,
    /// The oldest job of this background thread takes effect.
    Works(Place),
    /// The server's loop hears that the oldest job of this thread that took effect has ended.
    Ended(Place),
    /// The server's timer: it looks for children that have ended, and does what is due.
    Timer,
    /// The kernel writes old changes back.
    Kernel,
}

/// A background thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// [`Lane::Sync`].
    Sync,
    /// [`Lane::Slow`].
    Slow,
}

impl Place {
    /// The thread of a lane, none for the loop.
    #[must_use]
    pub const fn of(lane: Lane) -> Option<Self> {
        match lane {
            Lane::Inline => None,
            Lane::Sync => Some(Self::Sync),
            Lane::Slow => Some(Self::Slow),
        }
    }
}

impl World {
    /// Everybody who can take a step now, in a fixed order.
    #[must_use]
    pub fn movable(&self) -> Vec<Actor> {
        Vec::new()
    }

    /// Lets one of [`Self::movable`] take its step. Nothing if it cannot.
    pub fn step_actor(&mut self, _actor: Actor) -> Option<Fact> {
        None
    }
}
