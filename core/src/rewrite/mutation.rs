//! Deliberate mistakes, so that tests can show that they would be noticed.
//!
//! Each is one line of the rewrite left out or turned round. Outside of tests there are none, and
//! [`is`] is the constant `false`.

/// One mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mutation {
    /// The first record after the fork does not say its database.
    NoSelectAfterFork,
    /// What the buffer held at the end of a rewrite is still there in the next.
    DiffNotCleared,
    /// The child's wish to stop is granted, and sending goes on.
    AckBeforeDrain,
    /// The new file gets the name before it has the rest of the buffer.
    RenameBeforeResidual,
    /// The old log goes on being written during the switch, and its gates open.
    NoHold,
    /// The new file is not synced before it gets the name.
    NoSealSync,
    /// The new file counts before its name is durable.
    SwapBeforeDirectorySync,
    /// Gates open by what the new file has before it has the name.
    GatesByNewFileBeforeRename,
    /// No sync is made for replies that were promised one under another policy.
    NoSyncForClosedGates,
    /// Replies leave at once during the hold of the first rewrite after `appendonly yes`.
    FreeRepliesWhileWaiting,
    /// What waits in `aof_buf` is thrown away although the new file does not have all of it.
    DiscardsTooMuch,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::NoSelectAfterFork,
        Self::DiffNotCleared,
        Self::AckBeforeDrain,
        Self::RenameBeforeResidual,
        Self::NoHold,
        Self::NoSealSync,
        Self::SwapBeforeDirectorySync,
        Self::GatesByNewFileBeforeRename,
        Self::NoSyncForClosedGates,
        Self::FreeRepliesWhileWaiting,
        Self::DiscardsTooMuch,
    ];
}

#[cfg(test)]
thread_local! {
    static MADE: std::cell::Cell<Option<Mutation>> = const { std::cell::Cell::new(None) };
}

/// Whether this mistake is made now.
#[cfg(test)]
pub(crate) fn is(mutation: Mutation) -> bool {
    MADE.get() == Some(mutation)
}

/// Whether any is made now. What is wrong on purpose is for the tests to find; an assertion would
/// find it first.
#[cfg(test)]
pub(crate) fn any() -> bool {
    MADE.get().is_some()
}

/// Whether any is made now: never.
#[cfg(not(test))]
pub(crate) const fn any() -> bool {
    false
}

/// Whether this mistake is made now: never.
#[cfg(not(test))]
pub(crate) const fn is(_mutation: Mutation) -> bool {
    false
}

/// Makes one mistake, or none any more, on this thread.
#[cfg(test)]
pub(crate) fn make(mutation: Option<Mutation>) {
    MADE.set(mutation);
}
