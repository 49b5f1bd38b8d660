//! A rewrite as it can be looked at: both processes, the pages that they share, the rewrite
//! buffer, the pipes, the files and their names.

use std::rc::Rc;
use std::sync::Arc;

use crate::effect::Pipe;
use crate::event::ChildStatus;
use crate::resp::OwnedArgv;
use crate::units::{ChildId, ClientId, Micros};
use crate::value::Value;

#[cfg(test)]
mod tests;

pub(crate) mod foreground;
mod look;
pub(crate) mod pages;
mod pieces;
pub(crate) mod redundant;

/// What rewrites cost and how much room they have in the simulated world. The size of a block of
/// the rewrite buffer is a directive, `aof-rewrite-block-bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parameters {
    /// What a pipe holds, in bytes.
    pub pipe_bytes: u64,
    /// How much of the dataset the child writes at once, in bytes.
    pub write_bytes: u64,
    /// After how many bytes the child looks what the parent has sent.
    pub read_diff_every_bytes: u64,
    /// How much of what the parent has sent the child takes at once, in bytes.
    pub read_bytes: u64,
    /// For how long the child collects more of the diff at most, in milliseconds.
    pub drain_limit_ms: u64,
    /// After how many silent milliseconds it stops collecting.
    pub silent_ms: u32,
    /// What `fork(2)` takes, in microseconds.
    pub fork_micros: u64,
    /// What one write of the dataset takes the child, in microseconds.
    pub write_micros: u64,
    /// What any other step takes the child, in microseconds.
    pub step_micros: u64,
    /// The child gets no processor between these two moments, whatever it is about to do.
    pub hold: Option<(Micros, Micros)>,
    /// Places of the dataset on one page of memory.
    pub page_slots: u32,
    /// Pages there are at least.
    pub pages: u32,
    /// A child whose parent was killed lives on (Redis, which asks for no signal), until it finds
    /// out by itself.
    pub orphan_lives: bool,
}

impl Default for Parameters {
    /// As on Linux, with a child that takes half a millisecond for a step.
    fn default() -> Self {
        Self {
            pipe_bytes: 64 * 1024,
            write_bytes: 64 * 1024,
            read_diff_every_bytes: 10 * 1024,
            read_bytes: 64 * 1024,
            drain_limit_ms: 1_000,
            silent_ms: 20,
            fork_micros: 300,
            write_micros: 500,
            step_micros: 500,
            hold: None,
            page_slots: 1,
            pages: 32,
            orphan_lives: false,
        }
    }
}

/// Some bytes of one command, or of several equal ones in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The words of the command.
    pub words: Arc<OwnedArgv>,
    /// How many of its bytes are here.
    pub bytes: u64,
    /// How many times it stands here in a row.
    pub count: u64,
    /// The same number for the same write, in the old log and on its way to the new one.
    pub twin: Option<u32>,
}

/// What became of a key since the fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Nothing.
    Same,
    /// It has another value.
    Changed,
    /// It is gone.
    Deleted,
    /// It is new.
    Added,
}

/// One key.
#[derive(Clone, Debug)]
pub struct KeyCell {
    /// Its database.
    pub database: u8,
    /// The key.
    pub key: Vec<u8>,
    /// What it holds. For a deleted key: what it held.
    pub value: Value,
    /// What became of it. In the child's dataset: what became of it in the parent's.
    pub state: KeyState,
}

/// Where a rewrite stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The child runs.
    Child,
    /// Its file is opened.
    Opening,
    /// The rest of the buffer is appended in the background.
    CatchingUp,
    /// Everything in flight for the old log comes to its end.
    Freezing,
    /// The last of the buffer is appended and synced.
    Sealing,
    /// The name is moved.
    Renaming,
    /// The directory is synced.
    SyncingDirectory,
    /// The directory could not be synced.
    Limbo,
    /// The new file is the log.
    Done,
    /// The old file stays the log.
    Failed,
}

/// Why a rewrite was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// `BGREWRITEAOF`.
    Asked,
    /// The log had grown enough.
    Automatic,
    /// `BGREWRITEAOF` had to wait.
    Scheduled,
    /// A sync had failed.
    Healing,
    /// `CONFIG SET appendonly yes`.
    TurningOn,
}

/// Where the child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildStage {
    /// It writes the dataset.
    Writing,
    /// It syncs the dataset.
    FirstSync,
    /// It collects what the parent sends.
    Draining,
    /// It asks the parent to stop.
    Asking,
    /// It waits for the parent to agree.
    AwaitingAck,
    /// It reads the last of it.
    FinalRead,
    /// It appends the diff to its file.
    Appending,
    /// It syncs the whole file.
    FinalSync,
    /// It gives the file its last name.
    Renaming,
    /// It has ended.
    Exited,
}

/// The server's side.
#[derive(Clone, Debug)]
pub struct ParentView {
    /// Its process id.
    pub pid: u32,
    /// Keys, deleted ones among them; the first [`View::KEYS`].
    pub keys: Vec<KeyCell>,
    /// How many there are.
    pub keys_total: u64,
    /// How many are other than at the fork, deleted and new ones counted.
    pub changed: u64,
    /// Bytes in `aof_buf`.
    pub aof_buf_bytes: u64,
}

/// The child's side.
#[derive(Clone, Debug)]
pub struct ChildView {
    /// Its process id.
    pub pid: ChildId,
    /// It runs.
    pub alive: bool,
    /// Where it stands.
    pub stage: ChildStage,
    /// How it ended, if it has.
    pub exit: Option<ChildStatus>,
    /// Keys as they were at the fork; the first [`View::KEYS`].
    pub keys: Vec<KeyCell>,
    /// Keys written out.
    pub keys_done: u64,
    /// Keys it will write out.
    pub keys_total: u64,
    /// Commands written.
    pub commands: u64,
    /// Length of its file.
    pub written_bytes: u64,
    /// What it has received, `aof_child_diff`; the last [`View::PIECES`].
    pub diff: Vec<Piece>,
    /// How much that is.
    pub diff_bytes: u64,
}

/// The pages of the dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagesView {
    /// How many both shared at the fork.
    pub total: u32,
    /// Numbers of those that each has a copy of by now.
    pub split: Vec<u32>,
    /// Numbers of those that the last step split.
    pub split_now: Vec<u32>,
}

/// One block of the rewrite buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockView {
    /// Its number since the fork.
    pub number: u64,
    /// What it can hold.
    pub capacity_bytes: u64,
    /// What of it the pipe has taken.
    pub sent_bytes: u64,
    /// What is in it and not sent; the first [`View::PIECES`].
    pub pieces: Vec<Piece>,
}

/// The rewrite buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffView {
    /// Size of a block.
    pub block_bytes: u64,
    /// Blocks that were sent whole.
    pub freed_blocks: u64,
    /// The others, oldest first; the first [`View::PIECES`].
    pub blocks: Vec<BlockView>,
    /// Bytes that are not sent.
    pub waiting_bytes: u64,
    /// Bytes that are sent.
    pub sent_bytes: u64,
    /// The child has asked for no more.
    pub stop_sending: bool,
}

/// What is in one pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipeView {
    /// Which.
    pub pipe: Pipe,
    /// What it can hold.
    pub capacity_bytes: u64,
    /// What it holds.
    pub bytes: u64,
    /// The same as commands, the first [`View::PIECES`]; none in a pipe of single bytes.
    pub pieces: Vec<Piece>,
}

/// Where the bytes of a file come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// They were appended as commands ran.
    Log,
    /// They are the dataset at the fork.
    Rewritten,
    /// They are what ran since the fork.
    Diff,
}

/// The old or the new log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileView {
    /// Its inode.
    pub inode: u64,
    /// It is the rewritten one.
    pub is_new: bool,
    /// Its length.
    pub length_bytes: u64,
    /// How much of it is certainly on the medium.
    pub durable_bytes: u64,
    /// The server's descriptor, while it has it open.
    pub descriptor: Option<u32>,
    /// Its bytes by where they come from, in order.
    pub parts: Vec<(Source, u64)>,
    /// Its commands, equal ones in a row as one; the last [`View::PIECES`].
    pub pieces: Vec<Piece>,
    /// How many such pieces there are.
    pub pieces_total: u64,
}

/// One name in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameView {
    /// It.
    pub name: String,
    /// Where it leads for processes.
    pub cached_inode: Option<u64>,
    /// Where it leads on the medium.
    pub durable_inode: Option<u64>,
}

/// What a file would load to now.
#[derive(Clone, Debug)]
pub struct RecoveredView {
    /// Keys, in order of their names; the first [`View::KEYS`].
    pub keys: Vec<KeyCell>,
    /// How many.
    pub keys_total: u64,
}

/// What a row of [`Redundant`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One key. A command about several counts for its first.
    Key(Vec<u8>),
    /// Commands about no key, such as FLUSHALL.
    Dataset,
    /// SELECT, MULTI and EXEC.
    Frame,
    /// All keys that have no row of their own.
    Rest {
        /// How many.
        keys: u64,
    },
}

/// What stood in the old log, and what stands in the new one for it. All rows together are both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redundant {
    /// For what.
    pub subject: Subject,
    /// How many commands there were.
    pub commands: u64,
    /// How many bytes they took.
    pub bytes: u64,
    /// The first command that makes the key now, none if it is gone or the row is about no key.
    pub becomes: Option<Arc<OwnedArgv>>,
    /// How many commands there are now.
    pub new_commands: u64,
    /// How many bytes they take.
    pub new_bytes: u64,
}

/// A command that would have had to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Whose.
    pub client: ClientId,
    /// Its words.
    pub words: Arc<OwnedArgv>,
    /// When it came.
    pub arrived: Micros,
    /// How long it would have waited.
    pub waited_micros: u64,
}

/// The same rewrite on the loop, without a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreground {
    /// The fork that there would not have been.
    pub start: Micros,
    /// When the loop would have gone on.
    pub end: Micros,
    /// Who would have waited for it; the first [`View::PIECES`].
    pub waiting: Vec<Waiting>,
}

/// One rewrite at one moment.
#[derive(Clone, Debug)]
pub struct View {
    /// Where it stands.
    pub stage: Stage,
    /// Why it was started.
    pub cause: Cause,
    /// When the child was made.
    pub forked: Micros,
    /// Position in the log at the fork.
    pub forked_at: u64,
    /// Replies to writes are held until the new file is the log.
    pub gates_held: bool,
    /// For how long the loop has stood still for it, in microseconds.
    pub loop_blocked_micros: u64,
    /// The server.
    pub parent: ParentView,
    /// The child.
    pub child: ChildView,
    /// Shared memory.
    pub pages: PagesView,
    /// The rewrite buffer.
    pub diff: DiffView,
    /// Data, stop, ack.
    pub pipes: [PipeView; 3],
    /// The old log and the new one, as far as they exist.
    pub files: Vec<FileView>,
    /// Names in the directory.
    pub directory: Vec<NameView>,
    /// What the old file would load to, while both files matter.
    pub recovered_old: Option<RecoveredView>,
    /// What the new file would load to, while both files matter.
    pub recovered_new: Option<RecoveredView>,
    /// Length of the log at the fork, what waited in `aof_buf` included.
    pub before_bytes: u64,
    /// Commands in the log at the fork.
    pub before_commands: u64,
    /// Keys at the fork.
    pub before_keys: u64,
    /// Bytes and commands of the dataset in the new file, once it is written.
    pub after: Option<(u64, u64)>,
    /// What became of what stood in the log: the five keys that save most first.
    pub redundant: Rc<[Redundant]>,
    /// The same on the loop.
    pub foreground: Option<Foreground>,
}

impl View {
    /// Keys that are listed.
    pub const KEYS: usize = 64;
    /// Pieces that are listed of one file, pipe or buffer.
    pub const PIECES: usize = 64;
}
