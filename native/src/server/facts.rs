//! What the engine is told of things that only the host can know: sockets, usage, slow commands.
//!
//! # The clock of the slow log
//! A command is slow when it took `slowlog-log-slower-than`. Reading the clock costs 20 to 30
//! nanoseconds, which is nothing beside a request that came alone and a tenth of a SET that came
//! in a pipeline of hundreds. So a clock is read around every command but those of a pipeline
//! that are quick by their nature: GET, SET, and what the table calls fast, as long as the request
//! is short. What this cannot see is a short GET of a very long string in the middle of a pipeline.

use aof_core::command::{Flags, lookup};
use aof_core::event::Event;
use aof_core::resp::Argv;
use aof_core::units::{ClientId, Micros};

use crate::clock::Clock;
use crate::driver::Driver;

/// A request of so many bytes is never called quick.
const LONG_BYTES: usize = 16 * 1024;

/// Tells what the command may ask for. Looks at the length of the name first: most have another.
#[inline]
pub(super) fn tell_before(driver: &mut Driver, name: &[u8], client: ClientId, rest_bytes: usize) {
    let is = |word: &[u8]| name.eq_ignore_ascii_case(word);
    match name.len() {
        4 if is(b"info") => tell_usage(driver),
        6 if is(b"client") => tell_sockets(driver, client, rest_bytes),
        // CONFIG RESETSTAT counts from here on.
        6 if is(b"memory") || is(b"config") => tell_usage(driver),
        _ => {}
    }
}

#[cold]
fn tell_usage(driver: &mut Driver) {
    let usage = driver.host().usage();
    driver.handle(Event::Usage(usage));
}

#[cold]
fn tell_sockets(driver: &mut Driver, running: ClientId, rest_bytes: usize) {
    let mut sockets = driver.host().sockets();
    // In the order of their names, so that a recording does not follow a hash.
    sockets.sort_unstable_by_key(|&(client, ..)| client);
    for (client, descriptor, query_bytes, unsent_bytes) in sockets {
        let query_bytes = if client == running { rest_bytes as u64 } else { query_bytes };
        driver.handle(Event::Socket { client, descriptor, query_bytes, unsent_bytes });
    }
}

/// Measures commands, if the slow log is on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch {
    clock: Clock,
    started: Option<Micros>,
}

impl Stopwatch {
    /// Starts before a command. `alone` if nothing came before it or comes behind it.
    #[inline]
    pub(super) fn start(
        driver: &Driver,
        clock: Clock,
        argv: Argv<'_>,
        (bytes, alone): (usize, bool),
    ) -> Self {
        let measures = driver.engine().config().slowlog_log_slower_than >= 0
            && (alone || bytes >= LONG_BYTES || !is_quick(argv.name()));
        Self { clock, started: measures.then(|| clock.mono()) }
    }

    /// Stops after it.
    #[inline]
    pub(super) fn stop(self, driver: &mut Driver, client: ClientId, argv: Argv<'_>) {
        let Some(started) = self.started else { return };
        let micros = self.clock.mono().since(started);
        let Ok(least) = u64::try_from(driver.engine().config().slowlog_log_slower_than) else {
            return;
        };
        if micros >= least {
            let now = self.clock.now();
            driver.handle(Event::Took { client, argv, micros, now });
        }
    }
}

/// Whether a short request of this name takes constant time.
#[inline]
fn is_quick(name: &[u8]) -> bool {
    let is_get_or_set =
        name.len() == 3 && (name.eq_ignore_ascii_case(b"get") || name.eq_ignore_ascii_case(b"set"));
    is_get_or_set || lookup(name).is_some_and(|command| command.flags.has(Flags::FAST))
}
