//! Collects a trace while a run goes on.

use crate::effect::Effect;
use crate::engine::Engine;
use crate::event::Event;
use crate::pump::{Environment, Outcome};
use crate::trace::record::{EffectSummary, Header};
use crate::trace::{MAGIC, RECORD_LIMIT_BYTES, VERSION, wire};

/// Pieces of the log are cut to this.
const LOG_PIECE_BYTES: usize = 1024 * 1024;

/// A trace being written. The host takes the bytes away and keeps them.
#[derive(Clone, Debug)]
pub struct Recorder {
    bytes: Vec<u8>,
    digest_interval: u32,
    steps_until_digest: u32,
    skipped: u64,
}

impl Recorder {
    /// A trace of a run that begins like this, with the digest of every step.
    #[must_use]
    pub fn new(header: &Header) -> Self {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        let mut recorder = Self { bytes, digest_interval: 1, steps_until_digest: 1, skipped: 0 };
        recorder.record(wire::HEADER, |out| wire::header(header, out));
        recorder
    }

    /// Takes a digest only every so many steps, 0 for never. A digest looks at the whole dataset,
    /// so a server with a large one cannot afford it at every step.
    #[must_use]
    pub fn with_digest_interval(mut self, steps: u32) -> Self {
        self.digest_interval = steps;
        self.steps_until_digest = steps;
        self
    }

    /// Changes how often a digest is taken from now on, 0 for never.
    pub fn set_digest_interval(&mut self, steps: u32) {
        if self.digest_interval != steps {
            self.digest_interval = steps;
            self.steps_until_digest = steps;
        }
    }

    /// A piece of the log that was loaded, so that the trace stands alone. Before any event.
    pub fn log(&mut self, piece: &[u8]) {
        for piece in piece.chunks(LOG_PIECE_BYTES) {
            self.record(wire::LOG, |out| out.extend_from_slice(piece));
        }
    }

    /// An event from outside, before it is handled.
    pub fn event(&mut self, event: &Event<'_>) {
        self.record(wire::EVENT, |out| wire::event(*event, out));
    }

    /// What an effect returned at once, before it is handled.
    pub fn answer(&mut self, event: &Event<'_>) {
        self.record(wire::ANSWER, |out| wire::event(*event, out));
    }

    /// An effect, before it is performed.
    pub fn effect(&mut self, effect: &Effect<'_>) {
        let summary = EffectSummary::from(effect);
        self.record(wire::EFFECT, |out| wire::effect(&summary, out));
    }

    /// Whether the digest of this step is wanted. To be asked once a step.
    pub fn wants_digest(&mut self) -> bool {
        if self.digest_interval == 0 {
            return false;
        }
        self.steps_until_digest -= 1;
        let wanted = self.steps_until_digest == 0;
        if wanted {
            self.steps_until_digest = self.digest_interval;
        }
        wanted
    }

    /// The digest of the engine after a step.
    pub fn step(&mut self, digest: u128) {
        self.record(wire::STEP, |out| out.extend_from_slice(&digest.to_le_bytes()));
    }

    /// Bytes collected and not taken yet.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets the collected bytes, after the host has kept them.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Records that were too long and are missing: the trace cannot be replayed if there are any.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    fn record(&mut self, kind: u8, body: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0, 0, 0, 0, kind]);
        body(&mut self.bytes);
        let length = self.bytes.len() - start - 4;
        match u32::try_from(length) {
            Ok(length) if length <= RECORD_LIMIT_BYTES => {
                self.bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
            }
            _ => {
                self.bytes.truncate(start);
                self.skipped += 1;
            }
        }
    }
}

/// [`crate::pump::pump`], recorded: handles one event and performs all that follows from it.
pub fn pump_recorded<E: Environment>(
    engine: &mut Engine,
    environment: &mut E,
    recorder: &mut Recorder,
    event: Event<'_>,
) {
    recorder.event(&event);
    let is_step = !matches!(event, Event::TurnEnd { .. } | Event::Tick { .. });
    engine.handle(event);
    if is_step && recorder.wants_digest() {
        recorder.step(engine.digest());
    }
    while step_recorded(engine, environment, recorder) {}
}

/// [`crate::pump::step`], recorded: performs the next effect, if there is one.
pub fn step_recorded<E: Environment>(
    engine: &mut Engine,
    environment: &mut E,
    recorder: &mut Recorder,
) -> bool {
    let Some(effect) = engine.poll_effect() else { return false };
    recorder.effect(&effect);
    if let Outcome::Now(event) = environment.perform(effect) {
        recorder.answer(&event);
        engine.handle(event);
    }
    if recorder.wants_digest() {
        recorder.step(engine.digest());
    }
    true
}
