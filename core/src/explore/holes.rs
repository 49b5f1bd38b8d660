//! Known holes: ways in which a release of Redis loses what it had promised, each as a run with the
//! step at which one failure is enough.
//!
//! A hole is a statement about an order of things, so it can be checked: the explorer must find it
//! in the profile of that release and must not find it in `hardened`. The tests beside this file do
//! both. The sentences that tell its story are the page's; here stands what they need: release,
//! numbers of the reports, failure and disk.
//!
//! At a step that is looked at, a hole may also show in a milder way, for example as a shorter log;
//! what [`Hole::shows`] says is what the whole run contains.
//!
//! Most of them break a promise of the table in [`crate::promise`]. One breaks none, because the
//! table says what that release promises and not what people expect: under `everysec` a write that
//! a running sync has put off is acknowledged while only the process has it. See [`Shows`].

use crate::config::Policy;
use crate::explore::{BreachKind, Look};
use crate::profile::ProfileName;
use crate::promise::Failure;
use crate::sim::crash::DiskModel;
use crate::sim::scenario::Scenario;

mod stories;
#[cfg(test)]
mod tests;

/// All of them, in the order in which they are best told.
pub const ALL: [Hole; 10] = [
    Hole::PostponedWrite,
    Hole::RenameBeforeResidual,
    Hole::RenameBeforeSync,
    Hole::LostRename,
    Hole::AlwaysDuringRewrite,
    Hole::ForgottenSync,
    Hole::IgnoredSync,
    Hole::HalfTransaction,
    Hole::TornTransaction,
    Hole::SilentZeros,
];

/// One known hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hole {
    /// `everysec`, and a sync takes long: the next write is acknowledged and waits in the memory
    /// of the process, where a plain kill ends it.
    PostponedWrite,
    /// `everysec`, end of a rewrite: the rename is durable before what the parent appended is.
    /// What the old file had synced long ago is gone.
    RenameBeforeResidual,
    /// The same under `always`, because the rename comes before the sync.
    RenameBeforeSync,
    /// Nobody syncs the directory, so a power cut can bring the old log back, without everything
    /// that was acknowledged since.
    LostRename,
    /// `no-appendfsync-on-rewrite` takes the sync away even from `always`.
    AlwaysDuringRewrite,
    /// A sync fails, the kernel drops its pages, and the next sync succeeds: the server believes
    /// that all is well and goes on behind the gap.
    ForgottenSync,
    /// Under `always` a sync fails and the reply leaves all the same.
    IgnoredSync,
    /// The end of a transaction is missing, and its beginning is applied.
    HalfTransaction,
    /// A transaction is torn inside a command. The start cuts only that command off and leaves the
    /// MULTI in the log. What is written from then on stands behind it: the next start takes all of
    /// it back, or, when another transaction has ended meanwhile, runs the beginning of the torn
    /// one. The first failure is part of the run; after it, a plain restart is enough.
    TornTransaction,
    /// The length of a file arrives before its data, and the zeros load as a value.
    SilentZeros,
}

/// How a hole shows at its step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// The promise is broken in this way.
    Breach(BreachKind),
    /// No promise is broken, and yet what was acknowledged is lost.
    AcknowledgedLost,
}

impl Hole {
    /// Its name in addresses and options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PostponedWrite => "postponed-write",
            Self::RenameBeforeResidual => "rename-before-residual",
            Self::RenameBeforeSync => "rename-before-sync",
            Self::LostRename => "lost-rename",
            Self::AlwaysDuringRewrite => "always-during-rewrite",
            Self::ForgottenSync => "forgotten-sync",
            Self::IgnoredSync => "ignored-sync",
            Self::HalfTransaction => "half-transaction",
            Self::TornTransaction => "torn-transaction",
            Self::SilentZeros => "silent-zeros",
        }
    }

    /// Reads [`Self::as_str`] back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        ALL.into_iter().find(|hole| hole.as_str() == text)
    }

    /// The profile that has it. The older one may have it, too.
    #[must_use]
    pub const fn profile(self) -> ProfileName {
        match self {
            Self::RenameBeforeSync | Self::IgnoredSync | Self::HalfTransaction => {
                ProfileName::Redis30
            }
            Self::PostponedWrite
            | Self::RenameBeforeResidual
            | Self::LostRename
            | Self::AlwaysDuringRewrite
            | Self::ForgottenSync
            | Self::TornTransaction
            | Self::SilentZeros => ProfileName::Redis62,
        }
    }

    /// `appendfsync` of its run.
    #[must_use]
    pub const fn policy(self) -> Policy {
        match self {
            Self::RenameBeforeSync
            | Self::LostRename
            | Self::AlwaysDuringRewrite
            | Self::IgnoredSync => Policy::Always,
            Self::PostponedWrite
            | Self::RenameBeforeResidual
            | Self::ForgottenSync
            | Self::HalfTransaction
            | Self::TornTransaction
            | Self::SilentZeros => Policy::EverySec,
        }
    }

    /// The release of Redis in which it ended, where that is known; nothing for those that the
    /// last release of this design, 6.2, still has.
    #[must_use]
    pub const fn ended_in(self) -> Option<&'static str> {
        match self {
            Self::RenameBeforeSync | Self::IgnoredSync => Some("6.2"),
            Self::HalfTransaction => Some("4.0.14"),
            Self::PostponedWrite
            | Self::RenameBeforeResidual
            | Self::LostRename
            | Self::AlwaysDuringRewrite
            | Self::ForgottenSync
            | Self::TornTransaction
            | Self::SilentZeros => None,
        }
    }

    /// Issues and pull requests of Redis that speak of it.
    #[must_use]
    pub const fn issues(self) -> &'static [u32] {
        match self {
            // "Asynchronous AOF fsync is taking too long", and whether to write beside the loop.
            Self::PostponedWrite => &[641, 1862],
            // The directory of the multi-part log is synced since 7.0.4.
            Self::LostRename => &[10737],
            // What a failed fsync means; what 6.2 made of it.
            Self::ForgottenSync => &[8111, 8419],
            Self::IgnoredSync => &[8111, 8347],
            // Zeros behind a power cut; no checksum.
            Self::SilentZeros => &[3730, 5177],
            Self::RenameBeforeResidual
            | Self::RenameBeforeSync
            | Self::AlwaysDuringRewrite
            | Self::HalfTransaction
            | Self::TornTransaction => &[],
        }
    }

    /// The failure that is enough.
    #[must_use]
    pub const fn failure(self) -> Failure {
        match self {
            Self::PostponedWrite | Self::TornTransaction => Failure::Killed,
            _ => Failure::PowerCut,
        }
    }

    /// The mildest assumption about the disk under which it shows.
    #[must_use]
    pub const fn model(self) -> DiskModel {
        match self {
            Self::SilentZeros => DiskModel::ZeroTail,
            Self::HalfTransaction | Self::TornTransaction => DiskModel::AnyPrefix,
            _ => DiskModel::Exact,
        }
    }

    /// How it shows.
    #[must_use]
    pub const fn shows(self) -> Shows {
        match self {
            Self::PostponedWrite => Shows::AcknowledgedLost,
            Self::RenameBeforeResidual
            | Self::RenameBeforeSync
            | Self::LostRename
            | Self::AlwaysDuringRewrite
            | Self::IgnoredSync
            | Self::TornTransaction => Shows::Breach(BreachKind::TooShort),
            Self::ForgottenSync => Shows::Breach(BreachKind::Refused),
            Self::HalfTransaction | Self::SilentZeros => Shows::Breach(BreachKind::NotAPrefix),
        }
    }

    /// Its run under this profile, with the step to look at: in [`Self::profile`] the first at
    /// which it shows, in another the same moment of the same story.
    #[must_use]
    pub fn scenario(self, profile: ProfileName) -> Scenario {
        stories::of(self, profile)
    }

    /// Whether a moment shows it: a broken promise after its failure, or an acknowledged write that
    /// a kill would take.
    #[must_use]
    pub const fn is_seen_in(self, look: &Look) -> bool {
        let outlook = match self.failure() {
            Failure::Killed => look.killed,
            Failure::PowerCut => look.power_cut,
        };
        match self.shows() {
            Shows::Breach(_) => outlook.broken,
            Shows::AcknowledgedLost => outlook.lost_at_worst() > 0,
        }
    }
}
