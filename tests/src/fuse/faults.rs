//! What is to go wrong, and when.

use nix::errno::Errno;

/// What a program asks of a file system, as far as it can go wrong here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new file.
    Create,
    /// `write(2)`.
    Write,
    /// `ftruncate(2)`.
    Truncate,
    /// `rename(2)`.
    Rename,
    /// `unlink(2)`.
    Unlink,
    /// `fsync(2)` or `fdatasync(2)` of a file.
    Sync,
    /// `fsync(2)` of a directory.
    SyncDirectory,
}

/// How it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It fails, and changes nothing.
    Fails(Errno),
    /// A write takes at most so many bytes.
    TakesAtMost(usize),
    /// A sync hangs until [`super::Recorder::release`].
    Hangs,
}

/// One fault.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Of what.
    pub kind: Kind,
    /// Only of a file whose path below the mount begins so; every path begins with nothing.
    pub name: &'static str,
    /// The first time it happens, counted from 1 when the fault is armed.
    pub first: u64,
    /// How often, from then on.
    pub times: u64,
    /// How.
    pub outcome: Outcome,
}

impl Fault {
    /// The next one of these, whatever its file.
    #[must_use]
    pub const fn next(kind: Kind, outcome: Outcome) -> Self {
        Self { kind, name: "", first: 1, times: 1, outcome }
    }

    /// Only of files whose paths below the mount begin so.
    #[must_use]
    pub const fn of(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// The n-th from now instead, counted from 1.
    #[must_use]
    pub const fn nth(mut self, first: u64) -> Self {
        self.first = first;
        self
    }

    /// From then on until faults are cleared.
    #[must_use]
    pub const fn for_ever(mut self) -> Self {
        self.times = u64::MAX;
        self
    }
}

/// All that are armed.
#[derive(Debug, Default)]
pub(super) struct Faults {
    armed: Vec<(Fault, u64)>,
    /// How many operations were made to go wrong.
    pub(super) hits: u64,
}

impl Faults {
    /// Arms one more.
    pub(super) fn arm(&mut self, fault: Fault) {
        self.armed.push((fault, 0));
    }

    /// From now on nothing goes wrong.
    pub(super) fn clear(&mut self) {
        self.armed.clear();
    }

    /// What is to become of this operation.
    pub(super) fn meet(&mut self, kind: Kind, name: &str) -> Option<Outcome> {
        let mut found = None;
        for (fault, seen) in &mut self.armed {
            if fault.kind != kind || !name.starts_with(fault.name) {
                continue;
            }
            *seen += 1;
            if *seen >= fault.first && *seen - fault.first < fault.times {
                found = found.or(Some(fault.outcome));
            }
        }
        self.hits += u64::from(found.is_some());
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_counts_only_what_it_is_meant_for() {
        let mut faults = Faults::default();
        let fails = Outcome::Fails(Errno::EIO);
        faults.arm(Fault::next(Kind::Write, fails).of("temp-").nth(2));
        faults.arm(Fault::next(Kind::Sync, Outcome::Hangs).nth(3).for_ever());
        let mut meet = |kind, name| faults.meet(kind, name);
        assert_eq!(meet(Kind::Write, "temp-1"), None);
        assert_eq!(meet(Kind::Write, "log"), None);
        assert_eq!(meet(Kind::Write, "temp-2"), Some(fails));
        assert_eq!(meet(Kind::Write, "temp-2"), None);
        let syncs: Vec<_> = (0..5).map(|_| meet(Kind::Sync, "log")).collect();
        let hangs = Some(Outcome::Hangs);
        assert_eq!(syncs, [None, None, hangs, hangs, hangs]);
        faults.clear();
        assert_eq!(faults.meet(Kind::Sync, "log"), None);
        assert_eq!(faults.hits, 4);
    }
}
