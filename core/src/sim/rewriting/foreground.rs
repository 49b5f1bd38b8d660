//! The same rewrite on the loop: what a server without `fork(2)` would do to its clients.
//!
//! The same machine writes the same file at the same cost. There is no diff, since nobody can
//! write meanwhile; there is no pipe, and one sync.

use crate::config::Config;
use crate::keyspace::Keyspace;
use crate::rewrite::child::{AGREED, Ack, Child, ChildEffect, ChildEvent, SyncKind};
use crate::sim::disk;
use crate::sim::machine::parameters_of;
use crate::sim::rewriting::Parameters;
use crate::units::{ChildId, Micros};

/// For how long the loop would stand still, in microseconds.
pub(crate) fn takes_micros(
    keyspace: &Keyspace,
    config: &Config,
    parameters: &Parameters,
    disk: &disk::Parameters,
) -> u64 {
    let limits = parameters_of(config, parameters);
    let mut child = Child::new(ChildId(0), keyspace, limits, Micros(0));
    let (mut micros, mut unsynced_bytes) = (0_u64, 0_u64);
    loop {
        let (cost, event) = match child.next_effect(keyspace) {
            ChildEffect::Open { .. } => (parameters.step_micros, ChildEvent::Opened(Ok(()))),
            ChildEffect::Write { bytes } => {
                unsynced_bytes += bytes.len() as u64;
                (parameters.write_micros, ChildEvent::Written(Ok(bytes.len() as u64)))
            }
            ChildEffect::Sync { kind: SyncKind::Final } => (0, ChildEvent::Synced(Ok(()))),
            ChildEffect::Sync { .. } => {
                let kibibytes = std::mem::take(&mut unsynced_bytes) / 1024;
                let moved = kibibytes.saturating_mul(disk.sync_per_kibibyte_micros);
                (disk.sync_base_micros.saturating_add(moved), ChildEvent::Synced(Ok(())))
            }
            ChildEffect::ReadDiff { .. } => (0, ChildEvent::Diff(Ok(&[]))),
            ChildEffect::AwaitDiff { .. } => (0, ChildEvent::Readable(false)),
            ChildEffect::SendStop => (0, ChildEvent::StopSent(Ok(()))),
            ChildEffect::AwaitAck { .. } => (0, ChildEvent::Ack(Ack::Byte(AGREED))),
            ChildEffect::Close => (parameters.step_micros, ChildEvent::Closed(Ok(()))),
            ChildEffect::Rename { .. } => (parameters.step_micros, ChildEvent::Renamed(Ok(()))),
            ChildEffect::Unlink { .. } => (0, ChildEvent::Unlinked),
            ChildEffect::Report { .. } => (0, ChildEvent::Reported),
            ChildEffect::Exit { .. } => return micros,
        };
        micros = micros.saturating_add(cost);
        child.handle(event, Micros(0));
    }
}
