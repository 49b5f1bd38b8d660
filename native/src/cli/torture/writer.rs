//! One connection that writes until the server is gone.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use aof_core::random::Random;

use super::client::{Client, Reply};
use super::workload::Writer;
use crate::cli::latency::Latency;

/// Most units that are sent before their replies are read.
const PIPELINE: u64 = 8;
/// Most units of one connection in one cycle: their times are kept.
const UNITS: u64 = 500_000;

/// What writers and the one who kills know of each other.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Units of all connections that were acknowledged.
    pub(super) acknowledged: AtomicU64,
    /// Writers that have ended.
    pub(super) ended: AtomicU64,
    /// Syncs of other programs that are complete.
    pub(super) synced_beside: AtomicU64,
    /// Nobody shall send any more.
    pub(super) enough: AtomicBool,
}

/// What a connection has done in a cycle.
#[derive(Debug)]
pub(super) struct Written {
    /// The number after the last unit that was sent.
    pub(super) sent: u64,
    /// When each unit was acknowledged, in order.
    pub(super) acknowledged: Vec<Instant>,
    /// From sending to the acknowledgement.
    pub(super) latency: Latency,
    /// What the server said instead of doing what it was asked, and when.
    pub(super) refused: Option<(Instant, String)>,
}

impl Written {
    /// The power went at `at`: nobody gets a reply after that, so a unit whose reply came later was
    /// sent, and not acknowledged.
    pub(super) fn lose_power(&mut self, at: Instant) {
        self.acknowledged.retain(|&when| when < at);
    }
}

/// Writes units from `next` on, until the connection breaks.
///
/// # Errors
/// If no histogram can be made.
pub(super) fn write(
    client: &mut Client,
    writer: Writer,
    next: u64,
    random: &mut Random,
    shared: &Shared,
) -> anyhow::Result<Written> {
    let mut written =
        Written { sent: next, acknowledged: Vec::new(), latency: Latency::new()?, refused: None };
    while written.refused.is_none()
        && written.sent - next < UNITS
        && !shared.enough.load(Ordering::Relaxed)
    {
        let batch = 1 + random.below(PIPELINE);
        // Only a connection that broke ends here: the server was killed.
        if write_batch(client, writer, batch, shared, &mut written).is_err() {
            break;
        }
    }
    shared.ended.fetch_add(1, Ordering::Relaxed);
    Ok(written)
}

fn write_batch(
    client: &mut Client,
    writer: Writer,
    batch: u64,
    shared: &Shared,
    written: &mut Written,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let first = written.sent;
    let replies: Vec<usize> =
        (first..first + batch).map(|number| writer.unit(number).encode(&mut bytes)).collect();
    let began = Instant::now();
    // Sent, whatever becomes of it: a server may have read the front of what could not be sent.
    written.sent += batch;
    client.send(&bytes)?;
    for count in replies {
        for _ in 0..count {
            if let Reply::Error(text) = client.receive()? {
                written.refused = Some((Instant::now(), text.escape_ascii().to_string()));
                return Ok(());
            }
        }
        let now = Instant::now();
        written.acknowledged.push(now);
        written.latency.record(now.duration_since(began));
        shared.acknowledged.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_reply_after_the_cut_acknowledges_nothing() {
        let at = Instant::now() + Duration::from_secs(1);
        let beside = Duration::from_nanos(1);
        let latency = Latency::new().expect("a histogram");
        let acknowledged = vec![at - beside, at, at + beside];
        let mut written = Written { sent: 7, acknowledged, latency, refused: None };
        written.lose_power(at);
        assert_eq!(written.acknowledged, [at - beside]);
        assert_eq!(written.sent, 7);
    }
}
