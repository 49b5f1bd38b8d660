//! One file whose pending changes are cut somewhere.
//!
//! The pending changes are an ordered list. Its *states* are: nothing arrived; then one more byte
//! of an append, or one truncation, at a time. What a model allows is told from there: which states
//! it knows, and what may stand in a state's unsynced bytes instead of what was written.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::sim::crash::{Data, DiskModel};
use crate::sim::disk::{Change, Pending, Stored};

/// One state of the list. Lengths are those of the tail: the front's are not counted.
pub(super) struct Cut<'a> {
    /// Everything behind the front.
    pub(super) tail: &'a [u8],
    /// Bytes of it that no pending change touches.
    pub(super) settled: usize,
    /// It stands between two changes, and not inside of one.
    pub(super) is_between: bool,
}

/// Takes one image: what stands behind the front, and up to where of it the bytes are real.
pub(super) type Visit<'v> = &'v mut dyn FnMut(Vec<u8>, usize) -> ControlFlow<()>;

/// A file and what is assumed about its pending changes.
pub(super) struct Pended<'a> {
    data: Data,
    /// What is durable.
    base: Arc<Vec<u8>>,
    /// How much of it is in every image.
    front: usize,
    changes: Vec<&'a Pending>,
}

impl<'a> Pended<'a> {
    pub(super) fn of(stored: &'a Stored, model: DiskModel) -> Self {
        let data = model.assumptions().data;
        let base = stored.shared_durable();
        let changes: Vec<&Pending> = match data {
            Data::Nothing => Vec::new(),
            Data::Prefix | Data::ZeroTail => stored.pending().collect(),
        };
        let front = changes.iter().fold(base.len(), |least, pending| match pending.change {
            Change::Append(_) => least,
            Change::Truncate(length_bytes) => least.min(length(length_bytes)),
        });
        Self { data, base, front, changes }
    }

    /// What is the same in every image.
    pub(super) fn front(&self) -> &[u8] {
        &self.base[..self.front]
    }

    /// The same, to be kept.
    pub(super) fn into_front(self) -> Arc<Vec<u8>> {
        if self.front == self.base.len() { self.base } else { Arc::new(self.front().to_vec()) }
    }

    /// The tail when nothing arrived.
    pub(super) fn nothing(&self) -> &[u8] {
        &self.base[self.front..]
    }

    /// The tail when everything arrived.
    pub(super) fn everything(&self) -> Vec<u8> {
        let mut tail = self.nothing().to_vec();
        self.changes.iter().for_each(|pending| self.apply(pending, &mut tail));
        tail
    }

    fn apply(&self, pending: &Pending, tail: &mut Vec<u8>) {
        match pending.change {
            Change::Append(_) => pending.apply_to(tail),
            Change::Truncate(to) => tail.truncate(length(to) - self.front),
        }
    }

    /// Visits every state in order, until a visit breaks off.
    pub(super) fn walk(
        &self,
        visit: &mut dyn FnMut(&Cut<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut tail = self.nothing().to_vec();
        let mut settled = tail.len();
        visit(&Cut { tail: &tail, settled, is_between: true })?;
        for pending in &self.changes {
            match &pending.change {
                Change::Append(bytes) => {
                    for (index, byte) in bytes.iter().enumerate() {
                        tail.push(if pending.dropped { 0 } else { *byte });
                        let is_between = index + 1 == bytes.len();
                        visit(&Cut { tail: &tail, settled, is_between })?;
                    }
                }
                Change::Truncate(_) => {
                    self.apply(pending, &mut tail);
                    settled = settled.min(tail.len());
                    visit(&Cut { tail: &tail, settled, is_between: true })?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Visits what may stand in this state's unsynced bytes, other than what was written.
    pub(super) fn vary(&self, cut: &Cut<'_>, visit: Visit<'_>) -> ControlFlow<()> {
        match self.data {
            Data::Nothing | Data::Prefix => ControlFlow::Continue(()),
            Data::ZeroTail => (cut.settled..cut.tail.len()).try_for_each(|data| {
                let mut torn = cut.tail.to_vec();
                torn[data..].fill(0);
                visit(torn, data)
            }),
        }
    }

    /// How many images there are, by arithmetic.
    pub(super) fn counted(&self) -> u64 {
        let mut end = (self.base.len() - self.front) as u64;
        let mut settled = end;
        let mut counted = 1_u64;
        for pending in &self.changes {
            match &pending.change {
                Change::Append(bytes) => {
                    let from = end;
                    end += bytes.len() as u64;
                    counted = counted.saturating_add(self.counted_between(settled, from, end));
                }
                Change::Truncate(to) => {
                    end = end.min(to.saturating_sub(self.front as u64));
                    settled = settled.min(end);
                    counted = counted.saturating_add(1 + self.counted_varied(settled, end));
                }
            }
        }
        counted
    }

    /// Images of all states whose tail is longer than `from` and at most `to`.
    fn counted_between(&self, settled: u64, from: u64, to: u64) -> u64 {
        match self.data {
            Data::Nothing | Data::Prefix => to - from,
            // One, and one for each unsynced byte: an arithmetic series.
            Data::ZeroTail => {
                let [first, last] = [from + 1 - settled, to - settled].map(u128::from);
                let sum = u128::from(to - from) * (first + last) / 2 + u128::from(to - from);
                u64::try_from(sum).unwrap_or(u64::MAX)
            }
        }
    }

    /// Images of one state, but for the one in which everything is real.
    fn counted_varied(&self, settled: u64, end: u64) -> u64 {
        match self.data {
            Data::Nothing | Data::Prefix => 0,
            Data::ZeroTail => end - settled,
        }
    }
}

fn length(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
