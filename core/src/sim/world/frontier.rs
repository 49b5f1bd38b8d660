//! Where everything stands, by the files that a failure may leave under the log's name.

use crate::aof::log::{State, SyncStatus};
use crate::profile::{FailedSync, ZeroTail};
use crate::sim::crash::DiskModel;
use crate::sim::disk::Stored;
use crate::sim::verdict::{Elsewhere, Frontier};
use crate::sim::world::World;

/// How far one file describes the log.
struct Reach {
    durable: u64,
    written: u64,
    lost_from: Option<u64>,
}

impl Reach {
    /// Nothing, for a name that leads nowhere.
    fn of(stored: Option<&Stored>) -> Self {
        let Some(stored) = stored else { return Self { durable: 0, written: 0, lost_from: None } };
        let position = |length| stored.origin().position_of(length);
        Self {
            durable: position(stored.durable_upto()).unwrap_or(0),
            written: position(stored.cached().len() as u64).unwrap_or(0),
            lost_from: stored.lost_from().map(|from| position(from).unwrap_or(0)),
        }
    }
}

impl World {
    /// Where everything stands.
    #[must_use]
    pub fn frontier(&self, model: DiskModel) -> Frontier {
        let disk = &self.machine.disk;
        let cached = disk.cached_name(&self.machine.name);
        let named = Reach::of(cached.and_then(|inode| disk.file(inode)));
        let others = disk.possible_inodes(&self.machine.name);
        let others = others.into_iter().filter(|inode| *inode != cached);
        let elsewhere = others.fold(None, |sum: Option<Elsewhere>, inode| {
            let reach = Reach::of(inode.and_then(|inode| disk.file(inode)));
            let hopeful = reach.lost_from.unwrap_or(u64::MAX).min(reach.written);
            let (durable, most_durable) = (reach.durable, reach.durable);
            let pending = reach.written > reach.durable;
            Some(match sum {
                None => Elsewhere { durable, most_durable, hopeful, pending },
                Some(sum) => Elsewhere {
                    durable: sum.durable.min(durable),
                    most_durable: sum.most_durable.max(most_durable),
                    hopeful: sum.hopeful.max(hopeful),
                    pending: sum.pending || pending,
                },
            })
        });
        let log = self.engine().map(crate::engine::Engine::log);
        // With the log off nothing waits to be written, whatever has run since.
        let feeds = log.is_some_and(|log| log.state() != State::Off);
        let appended = if feeds { self.appended() } else { named.written };
        Frontier {
            durable: named.durable,
            lost_from: named.lost_from,
            written: named.written,
            elsewhere,
            appended: appended.max(named.written),
            syncing: self.machine.log_sync().map(|(_, from, to)| (from, to)),
            model,
            ignores_failed_sync: self.choices().failed_sync == FailedSync::Unseen,
            refuses_zeros: self.choices().zero_tail == ZeroTail::BadFormat,
            policy: self.config().appendfsync,
            hopeless: log.is_some_and(|log| log.sync_status() != SyncStatus::Fine),
            now: self.now(),
        }
    }
}
