//! What each failure would take right now.
//!
//! Three questions about the same moment: the process is killed, the power goes, the next sync
//! fails. For each, every acknowledged write has a [`Fate`]. The count that is shown is the sure
//! survivors: acknowledged minus everything at risk, never hopeful ones.

use crate::config::Policy;
use crate::sim::crash::DiskModel;
use crate::sim::journal::Journal;
use crate::units::Micros;

#[cfg(test)]
mod tests;

/// What becomes of one acknowledged write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It survives.
    Kept,
    /// The disk model allows both.
    Maybe,
    /// It is gone.
    Lost,
    /// It is only in the server's memory, and the server stays up.
    Memory,
}

/// How far other files than the one that processes see under the log's name describe the log: a
/// rename that is not durable may be undone by a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// All of them hold this much for certain.
    pub durable: u64,
    /// One of them holds this much for certain.
    pub most_durable: u64,
    /// One of them may hold this much.
    pub hopeful: u64,
    /// One of them has bytes that are not durable.
    pub pending: bool,
}

/// Where everything stands, as positions in the log. What the disk and the kernel really have,
/// which is not always what the engine believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// Durable to here, certainly and as it was written.
    pub durable: u64,
    /// First byte that a failed sync has lost for good.
    pub lost_from: Option<u64>,
    /// In the page cache to here.
    pub written: u64,
    /// The name of the log may lead elsewhere after a power cut.
    pub elsewhere: Option<Elsewhere>,
    /// In `aof_buf` to here.
    pub appended: u64,
    /// What a running sync covers: from, to.
    pub syncing: Option<(u64, u64)>,
    /// What is assumed about the disk.
    pub model: DiskModel,
    /// A log that ends in zeros is refused as a whole.
    pub refuses_zeros: bool,
    /// What came of a sync is not looked at.
    pub ignores_failed_sync: bool,
    /// When the log is synced.
    pub policy: Policy,
    /// Nothing is synced any more, because a sync has failed.
    pub hopeless: bool,
    /// Now.
    pub now: Micros,
}

impl Frontier {
    /// What a kill does to a write that ends at `to`.
    #[must_use]
    pub const fn after_kill(&self, to: u64) -> Fate {
        if to <= self.written { Fate::Kept } else { Fate::Lost }
    }

    /// Whether a power cut may leave a log that does not load, or loads as something else: zeros
    /// or garbage behind what is durable. Its first byte is enough, since it stands where a
    /// command begins.
    fn may_be_spoiled(&self) -> bool {
        let pending = self.written > self.durable || self.elsewhere.is_some_and(|e| e.pending);
        let zeros = self.refuses_zeros && self.model.leaves_zeros();
        (zeros || self.model.leaves_garbage()) && pending
    }

    /// Whatever the power cut leaves, it has everything up to here.
    #[must_use]
    pub fn safe(&self) -> u64 {
        self.elsewhere.map_or(self.durable, |elsewhere| elsewhere.durable.min(self.durable))
    }

    /// What a power cut does to a write that ends at `to`.
    #[must_use]
    pub fn after_power_cut(&self, to: u64) -> Fate {
        let here = self.of_named_file(to);
        match self.elsewhere {
            None => here,
            Some(elsewhere) => {
                let exact = self.model == DiskModel::Exact;
                let hopeful = if exact { elsewhere.most_durable } else { elsewhere.hopeful };
                let there = if to <= elsewhere.durable {
                    Fate::Kept
                } else if to <= hopeful.max(elsewhere.most_durable) {
                    Fate::Maybe
                } else {
                    Fate::Lost
                };
                if here == there { here } else { Fate::Maybe }
            }
        }
    }

    /// What a power cut does to a write that ends at `to`, if the name leads where it seems to.
    fn of_named_file(&self, to: u64) -> Fate {
        let hopeful = self.lost_from.unwrap_or(u64::MAX).min(self.written);
        if to <= self.durable {
            if self.may_be_spoiled() { Fate::Maybe } else { Fate::Kept }
        } else if to <= hopeful && self.model != DiskModel::Exact {
            Fate::Maybe
        } else {
            Fate::Lost
        }
    }
}

/// The answer for one failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Acknowledged writes that are sure to survive.
    pub sure: u64,
    /// All acknowledged writes.
    pub of: u64,
    /// How many are lost.
    pub lost: u64,
    /// How many may be.
    pub maybe: u64,
    /// Every write whose fate is not [`Fate::Kept`], oldest first, by its number in the journal.
    pub fates: Vec<(usize, Fate)>,
    /// The log range at risk, empty when nothing is.
    pub from: u64,
    /// End of that range.
    pub to: u64,
    /// For how long the oldest write at risk has been executed, in microseconds.
    pub risk_micros: u64,
}

/// What the server does when a sync fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Then {
    /// It stays up and refuses writes.
    RefusesWrites,
    /// It ends itself.
    Halts,
    /// It serves on, as if the sync had succeeded: nobody looks at what came of it.
    GoesOn,
    /// There is no sync that could fail.
    NothingToSync,
}

/// The three answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The process is killed now.
    pub killed: Row,
    /// The power goes now.
    pub power: Row,
    /// The running sync, or the next one, fails.
    pub disk_error: Row,
    /// What the server does then.
    pub then: Then,
}

impl Verdict {
    /// Judges this moment.
    #[must_use]
    pub fn of(journal: &Journal, frontier: &Frontier) -> Self {
        let killed = row(journal, frontier, frontier.written, |to| frontier.after_kill(to));
        let safe = if frontier.may_be_spoiled() { 0 } else { frontier.safe() };
        let power = row(journal, frontier, safe, |to| frontier.after_power_cut(to));
        let covered = frontier.syncing.map_or(frontier.written, |(_, to)| to);
        let mut disk_error = row(journal, frontier, frontier.durable, |to| {
            if to > frontier.written {
                Fate::Memory
            } else if to > frontier.durable && to <= covered {
                Fate::Maybe
            } else {
                Fate::Kept
            }
        });
        // The range in doubt ends with the sync, wherever the last acknowledged write ends.
        disk_error.to = disk_error.to.min(covered).max(disk_error.from);
        Self { killed, power, disk_error, then: then(frontier) }
    }
}

fn then(frontier: &Frontier) -> Then {
    let unsynced = frontier.appended > frontier.durable || frontier.syncing.is_some();
    if !unsynced || frontier.hopeless {
        return Then::NothingToSync;
    }
    match frontier.policy {
        Policy::No if frontier.syncing.is_none() => Then::NothingToSync,
        _ if frontier.ignores_failed_sync => Then::GoesOn,
        Policy::Always => Then::Halts,
        Policy::EverySec | Policy::No => Then::RefusesWrites,
    }
}

/// Only what lies behind `safe` can be anything but kept, and positions only grow: the walk from
/// the end stops there.
fn row(journal: &Journal, frontier: &Frontier, safe: u64, fate_of: impl Fn(u64) -> Fate) -> Row {
    let mut fates = Vec::new();
    let mut since = frontier.now;
    let mut to = safe;
    for (number, asked) in journal.asked().iter().enumerate().rev() {
        if asked.is_write() && !asked.lost && asked.to <= safe {
            break;
        }
        if !asked.is_acknowledged_write() {
            continue;
        }
        let fate = fate_of(asked.to);
        if fate == Fate::Kept {
            continue;
        }
        if fate != Fate::Memory {
            since = since.min(asked.executed);
            to = to.max(asked.in_log().1);
        }
        fates.push((number, fate));
    }
    fates.reverse();
    let count = |wanted: Fate| fates.iter().filter(|(_, fate)| *fate == wanted).count() as u64;
    let (lost, maybe) = (count(Fate::Lost), count(Fate::Maybe));
    let of = journal.acknowledged_writes();
    Row {
        sure: of.saturating_sub(lost + maybe),
        of,
        lost,
        maybe,
        fates,
        from: safe,
        to,
        risk_micros: frontier.now.since(since),
    }
}
