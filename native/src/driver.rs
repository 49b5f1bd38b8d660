//! The engine and its environment under one handle: the only place that calls the pump.

use aof_core::engine::Engine;
use aof_core::event::Event;
use aof_core::pump::pump;
use aof_core::trace::pump_recorded;

use crate::host::Host;
use crate::record::Recording;

/// An engine that performs what follows from each event.
#[derive(Debug)]
pub struct Driver {
    engine: Engine,
    host: Host,
    recording: Option<Recording>,
}

impl Driver {
    /// Joins them.
    #[must_use]
    pub fn new(engine: Engine, host: Host, recording: Option<Recording>) -> Self {
        let mut driver = Self { engine, host, recording };
        driver.follow_output_limit();
        driver
    }

    /// Lets the host report backlogs in steps of the limit that the engine judges by.
    pub fn follow_output_limit(&mut self) {
        self.host.output_limit = self.engine.config().client_output_buffer_limit.normal;
    }

    /// Handles one event and performs all that follows.
    pub fn handle(&mut self, event: Event<'_>) {
        match &mut self.recording {
            None => pump(&mut self.engine, &mut self.host, event),
            Some(recording) => {
                pump_recorded(&mut self.engine, &mut self.host, recording.recorder(), event);
            }
        }
    }

    /// Keeps what was recorded in this turn. A recording that cannot be kept ends here: a trace
    /// with a hole could not be replayed.
    pub fn keep_recording(&mut self) {
        let Some(recording) = &mut self.recording else { return };
        if let Err(error) = recording.keep(&self.engine) {
            tracing::warn!("The recording ends here: {error}");
            self.recording = None;
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Memory of all that waits for clients to read, in bytes.
    #[must_use]
    pub fn unsent_bytes(&self) -> u64 {
        self.host.unsent_bytes()
    }

    /// The environment.
    pub fn host(&mut self) -> &mut Host {
        &mut self.host
    }
}
