//! `StepFact`, `NoteFact`, `StepMark`, `BranchView`, `Timeline`.

use serde::Serialize;

use crate::view::rewrite::{RewriteFact, RewriteNoteFact};
use crate::view::{ErrnoView, IoResult};

/// `StepFact`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub enum StepFact {
    Start,
    Connected {
        client: u64,
    },
    Command {
        client: u64,
        words: Vec<String>,
        entries: u32,
        from: u64,
        to: u64,
        bytes: u64,
        changed: bool,
        reply_text: String,
        reply_is_error: bool,
        held: bool,
    },
    Malformed {
        client: u64,
        text: String,
    },
    Closed {
        client: u64,
        reason: &'static str,
    },
    Write {
        bytes: u64,
        from: u64,
        to: u64,
        result: IoResult,
    },
    SyncStart {
        from: u64,
        to: u64,
    },
    SyncEnd {
        from: u64,
        to: u64,
        took_us: u64,
        result: IoResult,
    },
    SyncInline {
        from: u64,
        to: u64,
        took_us: u64,
        result: IoResult,
    },
    Reply {
        client: u64,
        replies: u32,
        gate: &'static str,
        commands: Vec<String>,
        texts: Vec<String>,
        in_memory: u64,
        in_cache: u64,
        bytes: u64,
    },
    Note {
        note: NoteFact,
    },
    Rewrite {
        rewrite: RewriteFact,
    },
    Truncate {
        to_bytes: u64,
        result: IoResult,
    },
    CloseFile,
    Read {
        from: u64,
        to: u64,
    },
    Pause {
        client: u64,
    },
    Resume {
        client: u64,
    },
    Sleep {
        micros: u64,
    },
    Gathering {
        until_us: u64,
    },
    Writeback {
        from: u64,
        to: u64,
    },
    Fault {
        fault: &'static str,
    },
    Halt {
        reason: &'static str,
        exit_code: i32,
        errno: Option<ErrnoView>,
    },
    Killed,
    PowerCut {
        synced: u64,
        written: u64,
        appended: u64,
    },
    BootOpen {
        image_bytes: u64,
    },
    BootCommand {
        command: u64,
        words: Vec<String>,
        from: u64,
        to: u64,
    },
    BootTruncate {
        valid_up_to: u64,
        file_bytes: u64,
        class: &'static str,
        torn_present: u64,
        torn_expected: Option<u64>,
    },
    BootRemoved {
        file: String,
        removed: bool,
    },
    BootSync,
    BootSyncDirectory,
    BootRefused {
        class: &'static str,
        at: u64,
        text: String,
    },
    BootReady {
        commands: u64,
        keys: u64,
        bytes: u64,
    },
}

impl StepFact {
    /// The value of `kind`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Connected { .. } => "connected",
            Self::Command { .. } => "command",
            Self::Malformed { .. } => "malformed",
            Self::Closed { .. } => "closed",
            Self::Write { .. } => "write",
            Self::SyncStart { .. } => "sync-start",
            Self::SyncEnd { .. } => "sync-end",
            Self::SyncInline { .. } => "sync-inline",
            Self::Reply { .. } => "reply",
            Self::Note { .. } => "note",
            Self::Rewrite { .. } => "rewrite",
            Self::Truncate { .. } => "truncate",
            Self::CloseFile => "close-file",
            Self::Read { .. } => "read",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Sleep { .. } => "sleep",
            Self::Gathering { .. } => "gathering",
            Self::Writeback { .. } => "writeback",
            Self::Fault { .. } => "fault",
            Self::Halt { .. } => "halt",
            Self::Killed => "killed",
            Self::PowerCut { .. } => "power-cut",
            Self::BootOpen { .. } => "boot-open",
            Self::BootCommand { .. } => "boot-command",
            Self::BootTruncate { .. } => "boot-truncate",
            Self::BootRemoved { .. } => "boot-removed",
            Self::BootSync => "boot-sync",
            Self::BootSyncDirectory => "boot-sync-directory",
            Self::BootRefused { .. } => "boot-refused",
            Self::BootReady { .. } => "boot-ready",
        }
    }
}

/// `NoteFact`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub enum NoteFact {
    WritePostponed { waiting_bytes: u64 },
    Rewrite { rewrite: RewriteNoteFact },
    SyncTooSlow { postponed_ms: u64, delayed_fsync: u64 },
    WriteFailed { errno: ErrnoView },
    ShortWrite { written_bytes: u64, expected_bytes: u64 },
    TruncateFailed { errno: ErrnoView },
    WriteRecovered,
    SyncFailed { errno: ErrnoView, synced: u64, upto: u64 },
    SyncRecovered,
    KeysExpired { keys: u64 },
    AppendOnlyStopped,
    LogReloaded { commands: u64 },
    LogNotReloaded { reason: &'static str },
    ConfigRewriteAsked,
    ConfigRewritten,
    ConfigNotRewritten { errno: ErrnoView },
    PolicyChanged,
    ShutdownRequested,
    ShutdownSync,
    HeldTooLong { held_ms: u64 },
}

/// `StepMark`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepMark {
    /// Its number.
    pub step: u64,
    /// The clock after it.
    pub time_us: u64,
    /// What happened.
    pub fact: StepFact,
    /// Acknowledged writes that a kill would take.
    pub risk_killed: u64,
    /// Acknowledged writes that a power cut could take.
    pub risk_power: u64,
}

/// `BranchView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BranchView {
    /// Its number.
    pub id: u64,
    /// Where it comes from.
    pub parent: Option<u64>,
    /// The last step that it shares with its parent.
    pub from_step: u64,
    /// How many steps are known.
    pub steps: u64,
    /// `appendfsync` at its beginning.
    pub policy: &'static str,
    /// Profile at its beginning.
    pub profile: &'static str,
    /// Why it exists.
    pub cause: &'static str,
}

/// `Timeline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// The branch that is looked at.
    pub branch: u64,
    /// The step that is looked at.
    pub step: u64,
    /// Every known step.
    pub marks: Vec<StepMark>,
    /// All branches.
    pub branches: Vec<BranchView>,
}
