//! Profiles: history as a switch. One engine, named behaviours; a profile is a plain struct of
//! named choices, so that the page can show each and the explorer can show what it costs.

use crate::effect::Lane;

/// The named behaviours that differ between what Redis did and what this project does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Where the sync of `always` runs: on the loop, or in the background with replies held.
    pub always_sync: Lane,
    /// When replies to writes may leave under `everysec` and `no`.
    pub replies: Replies,
    /// What happens to a write that a running sync has put off.
    pub postponed_write: PostponedWrite,
    /// What a later success does to the memory of a failed sync.
    pub failed_sync: FailedSync,
    /// How `everysec` measures its second.
    pub second: Second,
    /// Whether the loader looks at the two bytes after a payload.
    pub payload_end: PayloadEnd,
    /// What zeros at the end of a log are.
    pub zero_tail: ZeroTail,
    /// Whether a start makes what it loaded durable before it serves anybody.
    pub start: StartSync,
    /// In which order a rewritten file becomes the log.
    pub switch: Switch,
    /// What `CONFIG SET appendonly yes` does before its rewrite.
    pub turning_on: TurningOn,
    /// What follows a rewrite that failed.
    pub failed_rewrite: FailedRewrite,
    /// What happens when the rewrite buffer reaches `aof-rewrite-buffer-limit`.
    pub full_diff: FullDiff,
    /// Whether `no-appendfsync-on-rewrite` may disable even the sync of `always`.
    pub skip_always_sync_on_rewrite: bool,
    /// How `SET key value EX 10` stands in the log.
    pub relative_expiry: RelativeExpiry,
    /// What becomes of a transaction at the end of a log that has no EXEC.
    pub open_multi: OpenMulti,
    /// Whether a sync can be due when nothing waits to be written.
    pub idle_sync: IdleSync,
    /// What SHUTDOWN does with what waits to be written.
    pub shutdown: ShutdownBuffer,
}

/// When replies to writes leave under `everysec` and `no`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Replies {
    /// At the end of the turn, whatever became of the write.
    AtOnce,
    /// After the write they report.
    AfterWrite,
}

/// What happens to a write that a running sync has put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostponedWrite {
    /// It is made anyway after two seconds, and may block the loop.
    MadeAfterTwoSeconds,
    /// It waits until the sync ends.
    WaitsForSync,
}

/// What a later success does to the memory of a failed sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailedSync {
    /// The next sync that succeeds clears it, although the kernel may have dropped the pages.
    ForgottenByNextSuccess,
    /// Those bytes count as lost until a rewrite has made a fresh file.
    RemainsUntilRewritten,
    /// There is none: nobody looks at what a sync answers, whatever the policy (Redis before 6.2).
    Unseen,
}

/// How `everysec` measures its second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Second {
    /// By whole seconds of the cached clock, as Redis before 7.4.
    Whole,
    /// By 1000 milliseconds.
    Milliseconds,
}

/// Whether the loader looks at the two bytes after a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadEnd {
    /// Skipped unseen (Redis, all versions).
    Skipped,
    /// Must be CR LF.
    Checked,
}

/// What zeros at the end of a log are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ZeroTail {
    /// "Bad file format", the server does not start.
    BadFormat,
    /// A class of its own, cut off under `aof-load-truncated`.
    Recoverable,
}

/// Whether a start makes what it loaded durable before it serves anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StartSync {
    /// No. Nor are files removed that rewrites have left behind.
    Nothing,
    /// `fdatasync` of the file, `fsync` of its directory; then what rewrites have left behind is
    /// removed.
    FileAndDirectory,
}

/// In which order a rewritten file becomes the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Switch {
    /// On the loop: rest of the buffer, sync as `appendfsync` says, rename; the directory is never
    /// synced (Redis 6.2).
    OnTheLoop,
    /// On the loop: rest of the buffer, rename, and only then the sync that `appendfsync` asks for
    /// (Redis 3.0 and 5.0).
    RenamesFirst,
    /// In the background: catch up; hold all gates; rest, sync of the file, rename, sync of the
    /// directory; only then the new file counts.
    HoldsGates,
}

impl Switch {
    /// Whether the loop stands still meanwhile.
    #[must_use]
    pub const fn is_on_the_loop(self) -> bool {
        match self {
            Self::OnTheLoop | Self::RenamesFirst => true,
            Self::HoldsGates => false,
        }
    }
}

/// What `CONFIG SET appendonly yes` does before its rewrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TurningOn {
    /// Opens the name, and makes an empty log when there is none.
    OpensTheLog,
    /// Nothing: an older log stays what it is until the new one is complete.
    LeavesTheLog,
}

/// What follows a rewrite that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailedRewrite {
    /// The next one starts as soon as its reason holds; failures of the parent leave the status as
    /// it was.
    TriedAgainAtOnce,
    /// The next one that nobody asked for waits, longer after each failure; every failure counts.
    BacksOff,
}

/// What happens when the rewrite buffer reaches its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FullDiff {
    /// Nothing: it grows (Redis, issue 476).
    Grows,
    /// The rewrite is given up; the old log goes on.
    AbortsRewrite,
}

/// How `SET key value EX 10` stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelativeExpiry {
    /// With the time at which it ends.
    AsATime,
    /// As it came, so that each load begins the ten seconds anew (Redis 2.6 to 3.2.9, issue 4068).
    AsItCame,
}

/// What becomes of a transaction at the end of a log that has no EXEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OpenMulti {
    /// It counts as the unfinished end of the log: nothing of it is applied, and it is cut off
    /// under `aof-load-truncated`.
    Reverted,
    /// Nothing of it is applied. It is cut off when the log ends behind a whole command. When the
    /// log ends inside one, only that one is cut off: the MULTI stays, and what is written later
    /// stands behind it. The next load queues all of that, and takes it back if no EXEC comes
    /// (Redis 6.2 and 7.0).
    KeptWhenTorn,
    /// Its commands are applied one by one as they are read, and stay in the log; what is written
    /// later stands behind a MULTI that is still open (Redis 3.0).
    Applied,
}

/// Whether a sync can be due when nothing waits to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdleSync {
    /// It can.
    Made,
    /// Only a write brings a sync, so that the last second of a burst stays unsynced until somebody
    /// writes again (Redis before 5.0.5, issues 5985 and 6053).
    NeedsAWrite,
}

/// What SHUTDOWN does with what waits to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShutdownBuffer {
    /// Writes it, then syncs.
    Written,
    /// Syncs what the kernel has, and forgets the buffer (Redis before 3.2.11 and 4.0.2).
    Forgotten,
}

/// The profiles that have a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProfileName {
    /// This project's own order of things.
    #[default]
    Hardened,
    /// Redis 6.2, the last release with the seeds' design.
    Redis62,
    /// Redis 3.0, the release whose struct the seeds print: 6.2 with the older choices that change
    /// what survives. What else differs in 3.0 is not imitated.
    Redis30,
}

impl ProfileName {
    /// All of them, for menus and tests.
    pub const ALL: [Self; 3] = [Self::Hardened, Self::Redis62, Self::Redis30];

    /// As written in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hardened => "hardened",
            Self::Redis62 => "redis-6.2",
            Self::Redis30 => "redis-3.0",
        }
    }

    /// Reads [`Self::as_str`] back, in any case.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|name| text.eq_ignore_ascii_case(name.as_str().as_bytes()))
    }

    /// What the name stands for.
    #[must_use]
    pub const fn profile(self) -> Profile {
        match self {
            Self::Hardened => Profile {
                always_sync: Lane::Sync,
                replies: Replies::AfterWrite,
                postponed_write: PostponedWrite::WaitsForSync,
                failed_sync: FailedSync::RemainsUntilRewritten,
                second: Second::Milliseconds,
                payload_end: PayloadEnd::Checked,
                zero_tail: ZeroTail::Recoverable,
                start: StartSync::FileAndDirectory,
                switch: Switch::HoldsGates,
                turning_on: TurningOn::LeavesTheLog,
                failed_rewrite: FailedRewrite::BacksOff,
                full_diff: FullDiff::AbortsRewrite,
                skip_always_sync_on_rewrite: false,
                relative_expiry: RelativeExpiry::AsATime,
                open_multi: OpenMulti::Reverted,
                idle_sync: IdleSync::Made,
                shutdown: ShutdownBuffer::Written,
            },
            Self::Redis62 => Profile {
                always_sync: Lane::Inline,
                replies: Replies::AtOnce,
                postponed_write: PostponedWrite::MadeAfterTwoSeconds,
                failed_sync: FailedSync::ForgottenByNextSuccess,
                second: Second::Whole,
                payload_end: PayloadEnd::Skipped,
                zero_tail: ZeroTail::BadFormat,
                start: StartSync::Nothing,
                switch: Switch::OnTheLoop,
                turning_on: TurningOn::OpensTheLog,
                failed_rewrite: FailedRewrite::TriedAgainAtOnce,
                full_diff: FullDiff::Grows,
                skip_always_sync_on_rewrite: true,
                relative_expiry: RelativeExpiry::AsATime,
                open_multi: OpenMulti::KeptWhenTorn,
                idle_sync: IdleSync::Made,
                shutdown: ShutdownBuffer::Written,
            },
            Self::Redis30 => Profile {
                failed_sync: FailedSync::Unseen,
                switch: Switch::RenamesFirst,
                relative_expiry: RelativeExpiry::AsItCame,
                open_multi: OpenMulti::Applied,
                idle_sync: IdleSync::NeedsAWrite,
                shutdown: ShutdownBuffer::Forgotten,
                ..Self::Redis62.profile()
            },
        }
    }
}
