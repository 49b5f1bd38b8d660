//! Positions of one engine and positions of the world.
//!
//! An engine counts from the length of the log that it loaded. After a rewrite that is less than
//! what was ever logged, so a server that starts again from a rewritten file counts from another
//! number. The world goes on counting: all its positions stand in the log of everything that any
//! server in it has logged.

use crate::units::Lsn;

/// How the two go together in the life of one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    /// What the engine calls the end of what was loaded.
    pub engine: u64,
    /// What the world calls it.
    pub world: u64,
}

impl Positions {
    /// The world's word for a position of the engine.
    #[must_use]
    pub const fn of(self, lsn: Lsn) -> u64 {
        if lsn.0 >= self.engine {
            self.world.saturating_add(lsn.0 - self.engine)
        } else {
            self.world.saturating_sub(self.engine - lsn.0)
        }
    }
}
