//! The fields of `struct redisServer` that the seed documents list, as they stand at one step.
//!
//! They are read off machines that are built otherwise: an enum that carries its data becomes two
//! fields again, and what the engine does not keep (numbers of descriptors) is made up, always in
//! the same way. So the page can show each under its name and say which step changed it last.

use crate::aof::log::{State, WriteStatus};
use crate::config::Policy;
use crate::engine::Engine;
use crate::rewrite::child::Child;
use crate::units::{ChildId, Errno, FileId, Millis};

/// One of the 32 fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each stands for the field of its name, see `Field::name`")]
pub enum Field {
    State,
    Fsync,
    Filename,
    NoFsyncOnRewrite,
    RewritePerc,
    RewriteMinSize,
    RewriteBaseSize,
    CurrentSize,
    RewriteScheduled,
    ChildPid,
    RewriteBufBlocks,
    Buf,
    Fd,
    SelectedDb,
    FlushPostponedStart,
    LastFsync,
    RewriteTimeLast,
    RewriteTimeStart,
    LastBgrewriteStatus,
    DelayedFsync,
    RewriteIncrementalFsync,
    LastWriteStatus,
    LastWriteErrno,
    LoadTruncated,
    PipeWriteDataToChild,
    PipeReadDataFromParent,
    PipeWriteAckToParent,
    PipeReadAckFromChild,
    PipeWriteAckToChild,
    PipeReadAckFromParent,
    StopSendingDiff,
    ChildDiff,
}

impl Field {
    /// All of them, in the order of the seeds.
    pub const ALL: [Self; 32] = [
        Self::State,
        Self::Fsync,
        Self::Filename,
        Self::NoFsyncOnRewrite,
        Self::RewritePerc,
        Self::RewriteMinSize,
        Self::RewriteBaseSize,
        Self::CurrentSize,
        Self::RewriteScheduled,
        Self::ChildPid,
        Self::RewriteBufBlocks,
        Self::Buf,
        Self::Fd,
        Self::SelectedDb,
        Self::FlushPostponedStart,
        Self::LastFsync,
        Self::RewriteTimeLast,
        Self::RewriteTimeStart,
        Self::LastBgrewriteStatus,
        Self::DelayedFsync,
        Self::RewriteIncrementalFsync,
        Self::LastWriteStatus,
        Self::LastWriteErrno,
        Self::LoadTruncated,
        Self::PipeWriteDataToChild,
        Self::PipeReadDataFromParent,
        Self::PipeWriteAckToParent,
        Self::PipeReadAckFromChild,
        Self::PipeWriteAckToChild,
        Self::PipeReadAckFromParent,
        Self::StopSendingDiff,
        Self::ChildDiff,
    ];

    /// Its name in C.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "aof_state",
            Self::Fsync => "aof_fsync",
            Self::Filename => "aof_filename",
            Self::NoFsyncOnRewrite => "aof_no_fsync_on_rewrite",
            Self::RewritePerc => "aof_rewrite_perc",
            Self::RewriteMinSize => "aof_rewrite_min_size",
            Self::RewriteBaseSize => "aof_rewrite_base_size",
            Self::CurrentSize => "aof_current_size",
            Self::RewriteScheduled => "aof_rewrite_scheduled",
            Self::ChildPid => "aof_child_pid",
            Self::RewriteBufBlocks => "aof_rewrite_buf_blocks",
            Self::Buf => "aof_buf",
            Self::Fd => "aof_fd",
            Self::SelectedDb => "aof_selected_db",
            Self::FlushPostponedStart => "aof_flush_postponed_start",
            Self::LastFsync => "aof_last_fsync",
            Self::RewriteTimeLast => "aof_rewrite_time_last",
            Self::RewriteTimeStart => "aof_rewrite_time_start",
            Self::LastBgrewriteStatus => "aof_lastbgrewrite_status",
            Self::DelayedFsync => "aof_delayed_fsync",
            Self::RewriteIncrementalFsync => "aof_rewrite_incremental_fsync",
            Self::LastWriteStatus => "aof_last_write_status",
            Self::LastWriteErrno => "aof_last_write_errno",
            Self::LoadTruncated => "aof_load_truncated",
            Self::PipeWriteDataToChild => "aof_pipe_write_data_to_child",
            Self::PipeReadDataFromParent => "aof_pipe_read_data_from_parent",
            Self::PipeWriteAckToParent => "aof_pipe_write_ack_to_parent",
            Self::PipeReadAckFromChild => "aof_pipe_read_ack_from_child",
            Self::PipeWriteAckToChild => "aof_pipe_write_ack_to_child",
            Self::PipeReadAckFromParent => "aof_pipe_read_ack_from_parent",
            Self::StopSendingDiff => "aof_stop_sending_diff",
            Self::ChildDiff => "aof_child_diff",
        }
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// `aof_state`.
    State(State),
    /// `aof_fsync`.
    Policy(Policy),
    /// `aof_filename`: what `appendfilename` says. It is fixed when the server starts.
    LogName,
    /// A switch.
    Flag(bool),
    /// A plain number.
    Number(u64),
    /// Bytes in a buffer.
    Buffered(u64),
    /// The list of blocks.
    Blocks {
        /// How many there are.
        blocks: u64,
        /// Bytes in them that are not sent.
        waiting_bytes: u64,
    },
    /// A descriptor, none for -1.
    Descriptor(Option<u32>),
    /// A process, none for -1.
    Process(Option<ChildId>),
    /// A database, none for -1.
    Database(Option<u8>),
    /// A moment in seconds, or what stands for none.
    Moment {
        /// When.
        at: Option<Millis>,
        /// What stands there otherwise.
        none: i8,
    },
    /// A time in seconds, none for -1.
    Seconds(Option<u64>),
    /// `REDIS_OK`, or not.
    Status {
        /// Which.
        is_ok: bool,
    },
    /// A number of an error, none for 0.
    Errno(Option<Errno>),
}

impl Value {
    /// As a debugger of the C program would show it. `log` is what `appendfilename` says;
    /// `REDIS_` names are those of the seeds.
    #[must_use]
    pub fn text(self, log: &str) -> String {
        let or_minus_one =
            |number: Option<u64>| number.map_or_else(|| "-1".to_owned(), |n| n.to_string());
        match self {
            Self::State(State::On | State::Stopping) => "AOF_ON".to_owned(),
            Self::State(State::WaitRewrite) => "AOF_WAIT_REWRITE".to_owned(),
            Self::State(State::Off) => "AOF_OFF".to_owned(),
            Self::Policy(policy) => policy.as_str().to_owned(),
            Self::LogName => log.to_owned(),
            Self::Flag(on) => u8::from(on).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Buffered(bytes) => format!("{bytes} B"),
            Self::Blocks { blocks: 1, waiting_bytes } => format!("1 block, {waiting_bytes} B"),
            Self::Blocks { blocks, waiting_bytes } => {
                format!("{blocks} blocks, {waiting_bytes} B")
            }
            Self::Descriptor(number) => or_minus_one(number.map(u64::from)),
            Self::Process(child) => or_minus_one(child.map(|child| u64::from(child.0))),
            Self::Database(number) => or_minus_one(number.map(u64::from)),
            Self::Moment { at: Some(at), .. } => at.seconds().to_string(),
            Self::Moment { at: None, none } => none.to_string(),
            Self::Seconds(seconds) => or_minus_one(seconds),
            Self::Status { is_ok } => if is_ok { "REDIS_OK" } else { "REDIS_ERR" }.to_owned(),
            Self::Errno(errno) => errno.map_or(0, |errno| errno.0).to_string(),
        }
    }
}

/// The descriptor of a log in the simulated process. The first is 8; from rewrite to rewrite two
/// numbers take turns, because the new file is open before the old one is closed.
#[must_use]
pub const fn descriptor(file: FileId) -> u32 {
    if file.0 % 2 == FileId::LIVE.0 % 2 { FIRST_DESCRIPTOR } else { FIRST_DESCRIPTOR + 7 }
}

const FIRST_DESCRIPTOR: u32 = 8;

/// One look at the engine and its child. Small, so that every step can keep its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    state: State,
    policy: Policy,
    buffer_bytes: u64,
    current_size_bytes: u64,
    base_size_bytes: u64,
    selected_db: Option<u8>,
    postponed_since: Option<Millis>,
    last_sync: Millis,
    delayed_syncs: u64,
    last_write_error: Option<Errno>,
    no_sync_on_rewrite: bool,
    load_truncated: bool,
    /// The log that is open.
    file: Option<FileId>,
    percentage: u64,
    min_size_bytes: u64,
    incremental_sync: bool,
    scheduled: bool,
    child: Option<ChildId>,
    blocks: u64,
    diff_bytes: u64,
    last_seconds: Option<u64>,
    started: Option<Millis>,
    last_failed: bool,
    pipes_open: bool,
    stop_sending: bool,
    child_diff_bytes: u64,
}

impl Fields {
    /// Reads them. `child` is the child of this engine, if there is one.
    #[must_use]
    pub fn of(engine: &Engine, child: Option<&Child>) -> Self {
        let (log, config, rewrite) = (engine.log(), engine.config(), engine.rewrite());
        Self {
            state: log.state(),
            policy: config.appendfsync,
            buffer_bytes: log.buffer().waiting_bytes(),
            current_size_bytes: log.file_length_bytes(),
            base_size_bytes: log.base_length_bytes(),
            selected_db: engine.selected_db(),
            postponed_since: log.postponed().map(|postponed| postponed.since),
            last_sync: log.last_sync(),
            delayed_syncs: log.delayed_fsync(),
            last_write_error: match log.write_status() {
                WriteStatus::Fine => None,
                WriteStatus::Failed { errno, .. } => Some(errno),
            },
            no_sync_on_rewrite: config.no_appendfsync_on_rewrite,
            load_truncated: config.aof_load_truncated,
            file: log.is_open().then_some(log.file()),
            percentage: config.auto_aof_rewrite_percentage,
            min_size_bytes: config.auto_aof_rewrite_min_size,
            incremental_sync: config.aof_rewrite_incremental_fsync,
            scheduled: rewrite.is_scheduled(),
            child: rewrite.child(),
            blocks: rewrite.diff().blocks_len(),
            diff_bytes: rewrite.diff().waiting_bytes(),
            last_seconds: rewrite.last_took_seconds(),
            started: rewrite.started(),
            last_failed: rewrite.last_failed(),
            pipes_open: rewrite.pipes_are_open(),
            stop_sending: rewrite.stop_sending(),
            child_diff_bytes: child.map_or(0, |child| child.diff().len() as u64),
        }
    }

    /// What one of them holds.
    #[must_use]
    pub fn value(&self, field: Field) -> Value {
        match field {
            Field::State => Value::State(self.state),
            Field::Fsync => Value::Policy(self.policy),
            Field::Filename => Value::LogName,
            Field::NoFsyncOnRewrite => Value::Flag(self.no_sync_on_rewrite),
            Field::RewritePerc => Value::Number(self.percentage),
            Field::RewriteMinSize => Value::Number(self.min_size_bytes),
            Field::RewriteBaseSize => Value::Number(self.base_size_bytes),
            Field::CurrentSize => Value::Number(self.current_size_bytes),
            Field::RewriteScheduled => Value::Flag(self.scheduled),
            Field::ChildPid => Value::Process(self.child),
            Field::RewriteBufBlocks => {
                Value::Blocks { blocks: self.blocks, waiting_bytes: self.diff_bytes }
            }
            Field::Buf => Value::Buffered(self.buffer_bytes),
            Field::Fd => Value::Descriptor(self.file.map(descriptor)),
            Field::SelectedDb => Value::Database(self.selected_db),
            Field::FlushPostponedStart => Value::Moment { at: self.postponed_since, none: 0 },
            Field::LastFsync => Value::Moment { at: Some(self.last_sync), none: 0 },
            Field::RewriteTimeLast => Value::Seconds(self.last_seconds),
            Field::RewriteTimeStart => Value::Moment { at: self.started, none: -1 },
            Field::LastBgrewriteStatus => Value::Status { is_ok: !self.last_failed },
            Field::DelayedFsync => Value::Number(self.delayed_syncs),
            Field::RewriteIncrementalFsync => Value::Flag(self.incremental_sync),
            Field::LastWriteStatus => Value::Status { is_ok: self.last_write_error.is_none() },
            Field::LastWriteErrno => Value::Errno(self.last_write_error),
            Field::LoadTruncated => Value::Flag(self.load_truncated),
            Field::PipeReadDataFromParent => self.pipe(1),
            Field::PipeWriteDataToChild => self.pipe(2),
            Field::PipeReadAckFromChild => self.pipe(3),
            Field::PipeWriteAckToParent => self.pipe(4),
            Field::PipeReadAckFromParent => self.pipe(5),
            Field::PipeWriteAckToChild => self.pipe(6),
            Field::StopSendingDiff => Value::Flag(self.stop_sending),
            Field::ChildDiff => Value::Buffered(self.child_diff_bytes),
        }
    }

    /// Both ends of each pipe are open in the parent until it closes all, as in Redis.
    fn pipe(&self, end: u32) -> Value {
        Value::Descriptor(self.pipes_open.then_some(FIRST_DESCRIPTOR + end))
    }
}

#[cfg(test)]
mod tests;
