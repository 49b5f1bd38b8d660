//! The engine and its environment under one handle: the only place that calls the pump.

use aof_core::engine::Engine;
use aof_core::event::Event;
use aof_core::pump::pump;

use crate::host::Host;

/// An engine that performs what follows from each event.
#[derive(Debug)]
pub struct Driver {
    engine: Engine,
    host: Host,
}

impl Driver {
    /// Joins the two.
    #[must_use]
    pub fn new(engine: Engine, host: Host) -> Self {
        Self { engine, host }
    }

    /// Handles one event and performs all that follows.
    pub fn handle(&mut self, event: Event<'_>) {
        pump(&mut self.engine, &mut self.host, event);
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The environment.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }
}
