//! `RewriteView`, `RewriteFact`, `RewriteNoteFact`.

use serde::Serialize;

use crate::view::{ErrnoView, IoResult};

/// `ChildExit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ChildExit {
    /// By itself.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

/// `RewriteWork`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub enum RewriteWork {
    Open { file: String },
    Append { bytes: u64 },
    Sync { bytes: u64 },
    Rename { from: String, to: String, old_inode: Option<u64>, new_inode: Option<u64> },
    SyncDirectory,
    Close { inode: u64, freed: bool },
    Unlink { file: String },
}

/// `RewriteFact`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub enum RewriteFact {
    Pipes {
        result: IoResult,
    },
    Fork {
        child: u32,
        pages: u64,
        took_us: u64,
        result: IoResult,
    },
    Send {
        pipe: &'static str,
        bytes: u64,
        left_bytes: u64,
        result: IoResult,
    },
    Writable,
    StopAsked {
        byte: String,
        unsent_bytes: u64,
    },
    Report {
        keys_done: u64,
        keys_total: u64,
        copied_bytes: u64,
    },
    Reaped {
        child: u32,
        exit: ChildExit,
    },
    KillChild {
        child: u32,
    },
    ChildKilled {
        child: u32,
    },
    WorkStart {
        work: RewriteWork,
        lane: &'static str,
    },
    WorkEnd {
        work: RewriteWork,
        lane: &'static str,
        took_us: u64,
        result: IoResult,
    },
    ClosePipes,
    Switched {
        old_inode: u64,
        new_inode: u64,
        old_bytes: u64,
        new_bytes: u64,
    },
    NamesWrittenBack,
    ChildOpen {
        file: String,
        result: IoResult,
    },
    ChildWrite {
        bytes: u64,
        commands: Vec<String>,
        commands_total: u64,
        keys_done: u64,
        keys_total: u64,
        part: &'static str,
        result: IoResult,
    },
    ChildSync {
        which: &'static str,
        bytes: u64,
        took_us: u64,
        result: IoResult,
    },
    ChildRead {
        bytes: u64,
        diff_bytes: u64,
        ended: bool,
        result: IoResult,
    },
    ChildWait {
        timeout_ms: u64,
        readable: bool,
    },
    ChildStop {
        unsent_bytes: u64,
        result: IoResult,
    },
    ChildAck {
        answer: &'static str,
    },
    ChildClose,
    ChildRename {
        from: String,
        to: String,
        result: IoResult,
    },
    ChildUnlink {
        file: String,
    },
    ChildReport {
        keys_done: u64,
        keys_total: u64,
    },
    ChildExit {
        exit: ChildExit,
    },
}

/// `RewriteNoteFact`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "name", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub enum RewriteNoteFact {
    Automatic { growth_percent: u64 },
    Healing,
    PipesFailed { errno: ErrnoView },
    ForkFailed { errno: ErrnoView },
    Started { child: u32 },
    StopAsked,
    AckFailed { errno: ErrnoView },
    CopiedOnWrite { copied_bytes: u64 },
    ChildEnded { child: u32, exit: ChildExit },
    OpenFailed { errno: ErrnoView },
    DiffFailed { errno: ErrnoView },
    DiffWritten { bytes: u64 },
    SealFailed { errno: ErrnoView },
    GatesHeld,
    RenameFailed { errno: ErrnoView },
    DirectorySyncFailed { errno: ErrnoView, retry_ms: u64 },
    Finished { old_bytes: u64, new_bytes: u64 },
    SwitchTook { micros: u64 },
    KillingChild { child: u32 },
    DiffGrows { blocks: u64, bytes: u64 },
    DiffLimit { bytes: u64 },
    BacksOff { retry_ms: u64 },
    TurnOnFailed { errno: ErrnoView },
    TurnedOn,
    ShutdownRefused,
}

/// `Piece`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct Piece {
    pub text: String,
    pub bytes: u64,
    pub twin: Option<u64>,
    pub count: u64,
}

/// `KeyCell`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct KeyCell {
    pub key: String,
    pub text: String,
    pub state: &'static str,
}

/// `DatasetText`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct DatasetText {
    pub keys: u64,
    pub text: String,
}

/// `PipeView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct PipeView {
    pub capacity: u64,
    pub bytes: u64,
    pub pieces: Vec<Piece>,
}

/// What the parent has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct ParentView {
    pub pid: u32,
    pub keys: Vec<KeyCell>,
    pub keys_total: u64,
    pub changed: u64,
    pub aof_buf_bytes: u64,
}

/// What the child has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct ChildView {
    pub pid: u32,
    pub alive: bool,
    pub stage: &'static str,
    pub exit: Option<ChildExit>,
    pub keys: Vec<KeyCell>,
    pub keys_done: u64,
    pub keys_total: u64,
    pub commands: u64,
    pub written_bytes: u64,
    pub diff: Vec<Piece>,
    pub diff_bytes: u64,
}

/// Pages of memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct PagesView {
    pub total: u64,
    pub split: Vec<u64>,
    pub split_now: Vec<u64>,
}

/// One block of the rewrite buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct BlockView {
    pub number: u64,
    pub capacity: u64,
    pub sent: u64,
    pub pieces: Vec<Piece>,
}

/// The rewrite buffer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct DiffView {
    pub block_bytes: u64,
    pub freed_blocks: u64,
    pub blocks: Vec<BlockView>,
    pub waiting_bytes: u64,
    pub sent_bytes: u64,
    pub stop_sending: bool,
}

/// The three pipes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct PipesView {
    pub data: PipeView,
    pub stop: PipeView,
    pub ack: PipeView,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct PartView {
    pub kind: &'static str,
    pub bytes: u64,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct FileView {
    pub inode: u64,
    pub role: &'static str,
    pub length_bytes: u64,
    pub durable_bytes: u64,
    pub open_descriptor: Option<u64>,
    pub parts: Vec<PartView>,
    pub pieces: Vec<Piece>,
    pub pieces_total: u64,
}

/// A name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct NameView {
    pub name: String,
    pub cached: Option<u64>,
    pub durable: Option<u64>,
}

/// What each file would load to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct RecoveredView {
    pub old: Option<DatasetText>,
    pub new: Option<DatasetText>,
}

/// The old log at the fork.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct BeforeView {
    pub bytes: u64,
    pub commands: u64,
    pub keys: u64,
}

/// What the child made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct AfterView {
    pub bytes: u64,
    pub commands: u64,
}

/// Many commands that became few.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct RedundantView {
    pub subject: &'static str,
    pub key: String,
    pub keys: u64,
    pub becomes: String,
    pub commands: u64,
    pub bytes: u64,
    pub new_commands: u64,
    pub new_bytes: u64,
}

/// A command that would have waited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct WaitingView {
    pub client: u64,
    pub text: String,
    pub arrived_us: u64,
    pub waited_us: u64,
}

/// The same rewrite on the loop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct ForegroundView {
    pub start_us: u64,
    pub end_us: u64,
    pub waiting: Vec<WaitingView>,
}

/// `RewriteView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields are those of types.ts, which says what they are")]
pub struct RewriteView {
    pub stage: &'static str,
    pub cause: &'static str,
    pub forked_at_us: u64,
    pub gates_held: bool,
    pub loop_blocked_us: u64,
    pub parent: ParentView,
    pub child: ChildView,
    pub pages: PagesView,
    pub diff: DiffView,
    pub pipes: PipesView,
    pub files: Vec<FileView>,
    pub directory: Vec<NameView>,
    pub recovered: RecoveredView,
    pub before: BeforeView,
    pub after: Option<AfterView>,
    pub redundant: Vec<RedundantView>,
    pub foreground: Option<ForegroundView>,
}
