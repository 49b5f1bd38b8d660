//! Those who watch others at work: MONITOR, and the slow log.

use crate::effect::CloseReason;
use crate::peer::End;
use crate::resp::Argv;
use crate::units::{ClientId, Millis};

use super::Engine;

impl Engine {
    /// Hands the lines of this event to all who watch, as long as they come to no more than one
    /// client may be owed. The others are ended: a line that they miss is not given them later.
    pub(super) fn feed_monitors(&mut self) {
        let Some((lines, clients)) = self.executor.monitors.take_lines() else { return };
        let mut left_bytes = self.executor.config.most_output_bytes();
        for id in clients {
            let Some(client) = self.clients.get_mut(&id) else { continue };
            if client.ending().is_some() {
                continue;
            }
            let Some(left) = left_bytes.checked_sub(lines.len() as u64) else {
                self.end_client(id, CloseReason::OutputLimit);
                continue;
            };
            left_bytes = left;
            if client.push(&lines) {
                self.touched.push(id);
            }
            self.recount(id);
            self.judge_output(id);
        }
    }

    /// A command took long.
    pub(super) fn took(&mut self, id: ClientId, argv: Argv<'_>, micros: u64, now: Millis) {
        let config = &self.executor.config;
        let Ok(least) = u64::try_from(config.slowlog_log_slower_than) else { return };
        let Some(client) = self.clients.get(&id).filter(|_| micros >= least) else { return };
        let address = client.session.peer.address(End::Remote, &config.unixsocket).to_string();
        let name = &client.session.name;
        let limit = config.slowlog_max_len;
        self.executor.slowlog.push(argv, micros, now, (address, name), limit);
    }
}
