//! Being built.
use crate::{effect::Effect, event::Event};
/// Stub.
#[derive(Clone, Debug)]
pub struct Engine;
impl Engine {
    /// Stub.
    pub fn handle(&mut self, _event: Event<'_>) {}
    /// Stub.
    pub fn poll_effect(&mut self) -> Option<Effect<'_>> {
        None
    }
}
