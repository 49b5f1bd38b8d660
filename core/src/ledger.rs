//! The one account of how far everything has come, as positions in the log.
//!
//! `appended ≥ written ≥ synced` at all times, and none of them ever goes back. `written` is the
//! least that a killed process could leave under the log's name; `synced` the least that a power
//! cut could leave. Every promise of the product is a sentence about these numbers.

use crate::units::Lsn;

/// How far the log has come at each layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ledger {
    appended: Lsn,
    written: Lsn,
    synced: Lsn,
    acknowledged: Lsn,
    believed: Lsn,
}

impl Ledger {
    /// A ledger after a start that loaded `length_bytes` and made them durable.
    #[must_use]
    pub const fn starting_at(length_bytes: u64) -> Self {
        let at = Lsn(length_bytes);
        Self { appended: at, written: at, synced: at, acknowledged: at, believed: at }
    }

    /// End of `aof_buf`: everything that was executed and propagated.
    #[must_use]
    pub const fn appended(&self) -> Lsn {
        self.appended
    }

    /// End of what the kernel has.
    #[must_use]
    pub const fn written(&self) -> Lsn {
        self.written
    }

    /// End of what the disk has.
    #[must_use]
    pub const fn synced(&self) -> Lsn {
        self.synced
    }

    /// End of what the server takes for durable: replies that wait for a sync go by it. Beyond
    /// `synced` it lies only where a profile does not look at a failed sync, or forgets it.
    #[must_use]
    pub const fn believed(&self) -> Lsn {
        self.believed
    }

    /// End of the last write whose reply was sent.
    #[must_use]
    pub const fn acknowledged(&self) -> Lsn {
        self.acknowledged
    }

    /// Bytes went to `aof_buf`.
    pub fn append(&mut self, bytes: u64) {
        self.appended = self.appended.plus(bytes);
    }

    /// Bytes went to the kernel.
    ///
    /// # Panics
    /// If that is more than was appended.
    pub fn write(&mut self, upto: Lsn) {
        assert!(upto <= self.appended, "wrote {upto:?}, appended only {:?}", self.appended);
        self.written = self.written.max(upto);
    }

    /// A sync that covered everything up to `upto` has ended well.
    ///
    /// # Panics
    /// If that is more than was written.
    pub fn sync(&mut self, upto: Lsn) {
        assert!(upto <= self.written, "synced {upto:?}, written only {:?}", self.written);
        self.synced = self.synced.max(upto);
        self.believe(upto);
    }

    /// A sync has ended after which the server takes everything up to `upto` for durable.
    ///
    /// # Panics
    /// If that is more than was written.
    pub fn believe(&mut self, upto: Lsn) {
        assert!(upto <= self.written, "believed {upto:?}, written only {:?}", self.written);
        self.believed = self.believed.max(upto);
    }

    /// A reply to a write that ends at `upto` was sent.
    ///
    /// # Panics
    /// If nothing was appended that far.
    pub fn acknowledge(&mut self, upto: Lsn) {
        assert!(upto <= self.appended, "acknowledged {upto:?} of {:?}", self.appended);
        self.acknowledged = self.acknowledged.max(upto);
    }
}
