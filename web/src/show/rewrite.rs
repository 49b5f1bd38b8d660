//! A rewrite: what the server says about it.

use aof_core::event::ChildStatus;
use aof_core::note::RewriteNote;

use crate::view::rewrite::{ChildExit, RewriteNoteFact};

/// `ChildExit`.
#[must_use]
pub const fn exit(status: ChildStatus) -> ChildExit {
    match status {
        ChildStatus::Code(code) => ChildExit::Code(code),
        ChildStatus::Signal(signal) => ChildExit::Signal(signal),
    }
}

/// `RewriteNoteFact`.
#[must_use]
pub fn noted(note: RewriteNote) -> RewriteNoteFact {
    use RewriteNoteFact as Fact;
    match note {
        RewriteNote::Automatic { growth_percent } => Fact::Automatic { growth_percent },
        RewriteNote::Healing => Fact::Healing,
        RewriteNote::PipesFailed(errno) => Fact::PipesFailed { errno: errno.into() },
        RewriteNote::ForkFailed(errno) => Fact::ForkFailed { errno: errno.into() },
        RewriteNote::Started { child } => Fact::Started { child: child.0 },
        RewriteNote::StopAsked => Fact::StopAsked,
        RewriteNote::AckFailed(errno) => Fact::AckFailed { errno: errno.into() },
        RewriteNote::CopiedOnWrite { copied_bytes } => Fact::CopiedOnWrite { copied_bytes },
        RewriteNote::ChildEnded { child, status } => {
            Fact::ChildEnded { child: child.0, exit: exit(status) }
        }
        RewriteNote::OpenFailed(errno) => Fact::OpenFailed { errno: errno.into() },
        RewriteNote::DiffFailed(errno) => Fact::DiffFailed { errno: errno.into() },
        RewriteNote::DiffWritten { bytes } => Fact::DiffWritten { bytes },
        RewriteNote::SealFailed(errno) => Fact::SealFailed { errno: errno.into() },
        RewriteNote::GatesHeld => Fact::GatesHeld,
        RewriteNote::RenameFailed(errno) => Fact::RenameFailed { errno: errno.into() },
        RewriteNote::DirectorySyncFailed { errno, retry_ms } => {
            Fact::DirectorySyncFailed { errno: errno.into(), retry_ms }
        }
        RewriteNote::Finished { old_bytes, new_bytes } => Fact::Finished { old_bytes, new_bytes },
        RewriteNote::SwitchTook { micros } => Fact::SwitchTook { micros },
        RewriteNote::KillingChild { child } => Fact::KillingChild { child: child.0 },
        RewriteNote::DiffLimit { bytes } => Fact::DiffLimit { bytes },
        RewriteNote::BacksOff { retry_ms } => Fact::BacksOff { retry_ms },
        RewriteNote::TurnOnFailed(errno) => Fact::TurnOnFailed { errno: errno.into() },
        RewriteNote::TurnedOn => Fact::TurnedOn,
        RewriteNote::ShutdownRefused => Fact::ShutdownRefused,
    }
}
