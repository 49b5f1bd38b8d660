//! Waits for the moment of a failure.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aof_core::random::Random;

use super::client::{Client, Reply};
use super::report::Moment;
use super::server::Server;
use super::writer::Shared;

/// A server that acknowledges nothing for so long is not waited for any longer.
const FIRST_REPLY: Duration = Duration::from_secs(30);
/// For how long clients write at most before a rewrite.
const BEFORE_REWRITE: Duration = Duration::from_millis(100);
/// How long a rewrite is waited for.
const REWRITE: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// Waits for the moment of the failure.
pub(super) struct Waiting<'a> {
    /// Somebody wants to stop.
    pub(super) stop: &'a AtomicBool,
    /// What the writers say.
    pub(super) shared: &'a Shared,
    /// How many there are.
    pub(super) writers: u64,
}

impl Waiting<'_> {
    /// Returns when it is there, or there is nothing to wait for.
    pub(super) fn until(
        &self,
        moment: Moment,
        mut control: Client,
        server: &mut Server,
        random: &mut Random,
    ) {
        let acknowledged = || self.shared.acknowledged.load(Ordering::Relaxed) > 0;
        self.look(FIRST_REPLY, server, acknowledged);
        // Often soon, and sometimes after every second of `everysec`.
        let longest = [30_000, 300_000, 300_000, 2_500_000];
        let longest = longest[usize::try_from(random.below(4)).unwrap_or(0)];
        let wait = Duration::from_micros(random.below(longest));
        match moment {
            Moment::Writing | Moment::Loading => self.look(wait, server, || false),
            // One rewrite after the other, so that no phase of a rewrite is spared.
            Moment::Rewriting => {
                let end = Instant::now() + Duration::from_micros(random.below(1_000_000));
                let mut rest = end.saturating_duration_since(Instant::now());
                while !rest.is_zero() && self.rewrite(&mut control, server, rest).is_ok() {
                    rest = end.saturating_duration_since(Instant::now());
                }
            }
            Moment::Switching => {
                self.look(wait.min(BEFORE_REWRITE), server, || false);
                if self.rewrite(&mut control, server, REWRITE).is_ok() {
                    let wait = Duration::from_micros(random.below(3_000));
                    self.look(wait, server, || false);
                }
            }
        }
    }

    /// Asks for a rewrite, and waits for its end, but no longer than `limit`. An error if the
    /// server is gone or nobody wants to wait.
    fn rewrite(
        &self,
        control: &mut Client,
        server: &mut Server,
        limit: Duration,
    ) -> io::Result<()> {
        // Refused while one runs that nobody has asked for, which is as good.
        control.call(&["BGREWRITEAOF"])?;
        let mut outcome = Err(io::ErrorKind::Interrupted.into());
        let running = ["aof_rewrite_in_progress:1", "aof_rewrite_scheduled:1"];
        self.look(limit, server, || match control.call(&["INFO", "persistence"]) {
            Ok(reply) => {
                let Reply::Bulk(Some(text)) = reply else { return true };
                let text = String::from_utf8_lossy(&text);
                let ended = !running.iter().any(|line| text.contains(line));
                if ended {
                    outcome = Ok(());
                }
                ended
            }
            Err(error) => {
                outcome = Err(error);
                true
            }
        });
        outcome
    }

    /// Whether every writer has ended.
    pub(super) fn nobody_writes(&self) -> bool {
        self.shared.ended.load(Ordering::Relaxed) == self.writers
    }

    /// Waits until it is so, at most for `limit`, and not when there is nothing to wait for.
    fn look(&self, limit: Duration, server: &mut Server, mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            let rest = limit.saturating_sub(began.elapsed());
            if rest.is_zero()
                || self.nobody_writes()
                || server.has_ended()
                || self.stop.load(Ordering::Relaxed)
            {
                return;
            }
            thread::sleep(rest.min(PAUSE));
        }
    }
}
