//! Which function of the seed documents a step is in.
//!
//! The seeds list ten functions of Redis's `aof.c`. A step may be in one that called another; the
//! innermost of the ten is named. What the child does, and what moves bytes through pipes, is in
//! none of them.

use crate::note::{Note, RewriteNote};
use crate::sim::fact::{Fact, FileWork};

/// One of the ten functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are those of the functions")]
pub enum SeedFunction {
    FlushAppendOnlyFile,
    FeedAppendOnlyFile,
    AofRemoveTempFile,
    RewriteAppendOnlyFileBackground,
    LoadAppendOnlyFile,
    StopAppendOnly,
    StartAppendOnly,
    BackgroundRewriteDoneHandler,
    AofRewriteBufferReset,
    AofRewriteBufferSize,
}

impl SeedFunction {
    /// All of them, in the order of the seeds.
    pub const ALL: [Self; 10] = [
        Self::FlushAppendOnlyFile,
        Self::FeedAppendOnlyFile,
        Self::AofRemoveTempFile,
        Self::RewriteAppendOnlyFileBackground,
        Self::LoadAppendOnlyFile,
        Self::StopAppendOnly,
        Self::StartAppendOnly,
        Self::BackgroundRewriteDoneHandler,
        Self::AofRewriteBufferReset,
        Self::AofRewriteBufferSize,
    ];

    /// The name in C.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FlushAppendOnlyFile => "flushAppendOnlyFile",
            Self::FeedAppendOnlyFile => "feedAppendOnlyFile",
            Self::AofRemoveTempFile => "aofRemoveTempFile",
            Self::RewriteAppendOnlyFileBackground => "rewriteAppendOnlyFileBackground",
            Self::LoadAppendOnlyFile => "loadAppendOnlyFile",
            Self::StopAppendOnly => "stopAppendOnly",
            Self::StartAppendOnly => "startAppendOnly",
            Self::BackgroundRewriteDoneHandler => "backgroundRewriteDoneHandler",
            Self::AofRewriteBufferReset => "aofRewriteBufferReset",
            Self::AofRewriteBufferSize => "aofRewriteBufferSize",
        }
    }
}

impl Fact {
    /// The function that this step is in, if it is in one of the ten.
    #[must_use]
    pub fn function(&self) -> Option<SeedFunction> {
        match self {
            Self::Command { from, to, words, .. } => {
                let argv = words.as_argv();
                let word = |place: usize, text: &str| {
                    argv.get(place).is_some_and(|word| word.eq_ignore_ascii_case(text.as_bytes()))
                };
                let switches = word(0, "CONFIG") && word(1, "SET") && word(2, "appendonly");
                if switches && word(3, "yes") {
                    Some(SeedFunction::StartAppendOnly)
                } else if switches {
                    Some(SeedFunction::StopAppendOnly)
                } else {
                    (from < to).then_some(SeedFunction::FeedAppendOnlyFile)
                }
            }
            Self::Write { .. }
            | Self::SyncStart { .. }
            | Self::SyncInline { .. }
            | Self::Truncate { .. } => Some(SeedFunction::FlushAppendOnlyFile),
            Self::CloseFile => Some(SeedFunction::StopAppendOnly),
            Self::Note(note) => of_note(*note),
            Self::PipesOpened { .. } | Self::Forked { .. } => {
                Some(SeedFunction::RewriteAppendOnlyFileBackground)
            }
            Self::PipesClosed => Some(SeedFunction::AofRewriteBufferReset),
            Self::ChildReaped { .. } | Self::Switched { .. } => {
                Some(SeedFunction::BackgroundRewriteDoneHandler)
            }
            Self::File { work: FileWork::Unlink { .. }, .. } | Self::BootRemoved { .. } => {
                Some(SeedFunction::AofRemoveTempFile)
            }
            Self::File { .. } => Some(SeedFunction::BackgroundRewriteDoneHandler),
            Self::Read { .. }
            | Self::BootOpen { .. }
            | Self::BootCommand { .. }
            | Self::BootTruncate { .. } => Some(SeedFunction::LoadAppendOnlyFile),
            Self::Start
            | Self::Connected { .. }
            | Self::Malformed { .. }
            | Self::Closed { .. }
            | Self::SyncEnd { .. }
            | Self::Reply { .. }
            | Self::Pause { .. }
            | Self::Resume { .. }
            | Self::Sleep { .. }
            | Self::Gathering { .. }
            | Self::Writeback { .. }
            | Self::NamesWrittenBack
            | Self::PipeWrite { .. }
            | Self::PipeWritable
            | Self::StopHeard { .. }
            | Self::ReportHeard { .. }
            | Self::ChildAsked { .. }
            | Self::Child { .. }
            | Self::ChildKilled { .. }
            | Self::Fault(_)
            | Self::Halt(_)
            | Self::Killed
            | Self::PowerCut { .. }
            | Self::BootSync
            | Self::BootSyncDirectory
            | Self::BootRefused { .. }
            | Self::BootReady { .. } => None,
        }
    }
}

fn of_note(note: Note) -> Option<SeedFunction> {
    match note {
        Note::WritePostponed { .. }
        | Note::SyncTooSlow { .. }
        | Note::WriteFailed(_)
        | Note::ShortWrite { .. }
        | Note::TruncateFailed(_)
        | Note::WriteRecovered => Some(SeedFunction::FlushAppendOnlyFile),
        Note::AppendOnlyStopped => Some(SeedFunction::StopAppendOnly),
        Note::LogReloaded { .. } | Note::LogNotReloaded(_) => {
            Some(SeedFunction::LoadAppendOnlyFile)
        }
        Note::Rewrite(note) => of_rewrite(note),
        Note::SyncFailed { .. }
        | Note::SyncRecovered
        | Note::KeysExpired { .. }
        | Note::ConfigRewriteAsked
        | Note::ConfigRewritten(_)
        | Note::PolicyChanged
        | Note::ShutdownRequested
        | Note::ShutdownSync
        | Note::HeldTooLong { .. } => None,
    }
}

const fn of_rewrite(note: RewriteNote) -> Option<SeedFunction> {
    match note {
        RewriteNote::PipesFailed(_) | RewriteNote::ForkFailed(_) | RewriteNote::Started { .. } => {
            Some(SeedFunction::RewriteAppendOnlyFileBackground)
        }
        RewriteNote::ChildEnded { .. }
        | RewriteNote::OpenFailed(_)
        | RewriteNote::DiffFailed(_)
        | RewriteNote::SealFailed(_)
        | RewriteNote::GatesHeld
        | RewriteNote::RenameFailed(_)
        | RewriteNote::DirectorySyncFailed { .. }
        | RewriteNote::Finished { .. }
        | RewriteNote::SwitchTook { .. } => Some(SeedFunction::BackgroundRewriteDoneHandler),
        RewriteNote::DiffWritten { .. } => Some(SeedFunction::AofRewriteBufferSize),
        RewriteNote::TurnOnFailed(_) | RewriteNote::TurnedOn => Some(SeedFunction::StartAppendOnly),
        RewriteNote::Automatic { .. }
        | RewriteNote::Healing
        | RewriteNote::StopAsked
        | RewriteNote::AckFailed(_)
        | RewriteNote::CopiedOnWrite { .. }
        | RewriteNote::KillingChild { .. }
        | RewriteNote::DiffGrows { .. }
        | RewriteNote::DiffLimit { .. }
        | RewriteNote::BacksOff { .. }
        | RewriteNote::ShutdownRefused => None,
    }
}
