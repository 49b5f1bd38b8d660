//! The rewrite child, as the event loop hears of it.

use mio::Token;

use super::Server;
use crate::rewriting;

impl Server {
    /// Passes on what a pipe has to say.
    pub(super) fn pipe_ready(&mut self, token: Token) {
        if let Some(event) = self.driver.host().rewriting().has_room(token) {
            self.driver.handle(event);
        }
        while let Some(event) = self.driver.host().rewriting().news(token) {
            self.driver.handle(event);
        }
    }

    /// Looks whether the child has ended. What it said before comes first.
    pub(super) fn reap(&mut self) {
        let Some(ended) = self.driver.host().rewriting().reap() else { return };
        for token in rewriting::READ_BY_PARENT {
            self.pipe_ready(token);
        }
        self.driver.handle(ended);
    }
}
