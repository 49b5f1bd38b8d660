//! The start machine of `core`, performed with system calls: open, read, truncate, sync.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aof_core::execute::Executor;
use aof_core::load::TailClass;
use aof_core::rewrite::names::{FileName, left_by};
use aof_core::start::{
    Opened, READ_BYTES, Removal, Start, StartAction, StartError, StartStep, Started,
};
use aof_core::units::{ChildId, Errno};
use nix::sys::signal::kill;
use nix::sys::uio::pread;
use nix::unistd::{Pid, fdatasync, fsync, ftruncate};

use crate::clock::Clock;
use crate::lanes::errno;
use crate::loading::{Progress, Waiting};
use crate::signals::Signals;

/// What a start came to.
#[derive(Debug)]
pub enum Outcome {
    /// The dataset is there and the log is open for appending.
    Started(Box<Started>, Arc<File>),
    /// A signal came while the log was being read. Nothing was changed.
    Interrupted,
}

/// The log and its place.
struct LogFile<'a> {
    path: &'a Path,
    directory: PathBuf,
    file: Option<Arc<File>>,
    buffer: Vec<u8>,
    progress: Progress,
}

/// Loads the log at `path` into `executor`, in the order that [`aof_core::start`] fixes.
///
/// # Errors
/// If the server must not start. The file is then as it was.
pub fn start(
    executor: Executor,
    path: &Path,
    signals: &mut Signals,
    waiting: &mut Waiting,
    clock: Clock,
) -> Result<Outcome, StartError> {
    let began = clock.mono();
    let config = executor.config.clone();
    let mut log = LogFile {
        path,
        directory: path.parent().map_or_else(|| PathBuf::from("."), Path::to_owned),
        file: None,
        buffer: vec![0; READ_BYTES],
        progress: Progress::default(),
    };
    let mut start = Start::new(executor);
    loop {
        let action = match start.next_step()? {
            StartStep::Ready => break,
            StartStep::Loaded(_) => continue,
            StartStep::Perform(action) => action,
        };
        waiting.serve(&config, log.progress);
        if signals.take().is_some() || waiting.shutdown() {
            return Ok(Outcome::Interrupted);
        }
        perform(&mut start, &mut log, action)?;
    }
    let started = start.into_started()?;
    let file = log.file.ok_or(StartError::OutOfOrder)?;
    if started.cut.is_some() {
        tracing::warn!("AOF loaded anyway because aof-load-truncated is enabled");
    }
    if !started.created {
        let micros = clock.mono().since(began);
        tracing::info!(
            "DB loaded from append only file: {}.{:03} seconds",
            micros / 1_000_000,
            micros / 1_000 % 1_000
        );
    }
    Ok(Outcome::Started(Box::new(started), file))
}

fn perform(
    start: &mut Start,
    log: &mut LogFile<'_>,
    action: StartAction,
) -> Result<(), StartError> {
    match action {
        StartAction::Open => {
            let opened = open(log.path).map(|(file, created)| {
                let size_bytes = file.metadata().map_or(0, |metadata| metadata.len());
                log.file = Some(Arc::new(file));
                log.progress.total_bytes = size_bytes;
                Opened { created, size_bytes }
            });
            start.opened(opened.map_err(|error| number_of(&error)))
        }
        StartAction::Read { offset, max_bytes } => {
            let length = max_bytes.min(log.buffer.len());
            log.progress.loaded_bytes = offset;
            let read = log.read(offset, length);
            start.read(read)
        }
        StartAction::Truncate { length_bytes } => {
            match start.cut().map(|tail| tail.class) {
                Some(TailClass::OpenTransaction) => {
                    tracing::warn!("Revert incomplete MULTI/EXEC transaction in AOF file");
                }
                Some(TailClass::ZeroTail { from, .. }) => {
                    tracing::warn!(
                        "!!! Warning: the AOF file ends in zeros from offset {from} !!!"
                    );
                }
                Some(TailClass::Truncated { .. }) | None => {
                    tracing::warn!("!!! Warning: short read while loading the AOF file !!!");
                }
            }
            tracing::warn!("!!! Truncating the AOF at offset {length_bytes} !!!");
            let length = i64::try_from(length_bytes).map_err(|_| Errno::EFBIG);
            start.done(length.and_then(|length| log.with_file(|file| ftruncate(file, length))))
        }
        StartAction::SyncFile => start.done(log.with_file(|file| fdatasync(file))),
        StartAction::SyncDirectory => start.done(sync_directory(&log.directory)),
        StartAction::FindOrphans => {
            let names = names_in(&log.directory).unwrap_or_else(|error| {
                tracing::warn!("Can't look for temporary AOF files: {error}");
                Vec::new()
            });
            start.found(names.iter().map(String::as_str))
        }
        StartAction::Remove { name, child } => start.removed(remove(&log.directory, name, child)),
    }
}

/// The names in a directory. One that is no text is no temporary file of a rewrite.
fn names_in(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        // Other files are nobody's business here, and there may be millions.
        names.extend(entry?.file_name().into_string().ok().filter(|name| left_by(name).is_some()));
    }
    Ok(names)
}

/// Removes what a rewrite left behind, unless its child lives.
fn remove(directory: &Path, name: FileName, child: ChildId) -> Removal {
    // The name of the log is never asked for.
    let text = name.text("");
    if is_alive(child) {
        tracing::warn!(
            "Leaving the temporary AOF file {text}: there is a process of number {}",
            child.0
        );
        return Removal::InUse;
    }
    match std::fs::remove_file(directory.join(&text)) {
        Ok(()) => {
            tracing::info!("Removed the temporary AOF file {text}, which a rewrite left behind");
            Removal::Removed
        }
        Err(error) => {
            tracing::warn!("Can't remove the temporary AOF file {text}: {error}");
            Removal::Failed(number_of(&error))
        }
    }
}

/// Whether there is another process of this number. One that belongs to somebody else is one, too;
/// one that is dead and that nobody has reaped is none, and may stay that for ever: its parent was
/// the server, and the first process of a container often reaps nobody.
fn is_alive(child: ChildId) -> bool {
    // In a container numbers are few, and this one may be ours now.
    if child.0 == std::process::id() {
        return false;
    }
    let Ok(number) = i32::try_from(child.0) else { return false };
    let is_there = kill(Pid::from_raw(number), None) != Err(nix::errno::Errno::ESRCH);
    is_there && !is_dead(&std::fs::read_to_string(format!("/proc/{number}/stat")))
}

/// Whether the state of a process, which stands behind its name in parentheses, is that of a dead
/// one.
fn is_dead(stat: &io::Result<String>) -> bool {
    let state = |text: &str| text.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(stat.as_deref().ok().and_then(state), Some('Z' | 'X'))
}

impl LogFile<'_> {
    fn with_file(&self, call: impl FnOnce(&File) -> nix::Result<()>) -> Result<(), Errno> {
        call(self.file.as_deref().ok_or(Errno::EBADF)?).map_err(errno)
    }

    fn read(&mut self, offset: u64, length: usize) -> Result<&[u8], Errno> {
        let file = self.file.as_deref().ok_or(Errno::EBADF)?;
        let offset = i64::try_from(offset).map_err(|_| Errno::EFBIG)?;
        let buffer = self.buffer.get_mut(..length).unwrap_or_default();
        loop {
            match pread(file, buffer, offset) {
                Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(errno(error)),
                Ok(bytes) => return Ok(self.buffer.get(..bytes).unwrap_or_default()),
            }
        }
    }
}

/// Opens the log for reading and appending; makes it when it is missing.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o644);
    match options.open(path) {
        Ok(file) => Ok((file, false)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Ok((options.create_new(true).open(path)?, true))
        }
        Err(error) => Err(error),
    }
}

/// Makes the names in a directory durable.
fn sync_directory(path: &Path) -> Result<(), Errno> {
    let directory = File::open(path).map_err(|error| number_of(&error))?;
    fsync(&directory).map_err(errno)
}

fn number_of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno)
}

/// What the operator is told when the server does not start, in Redis's words where it has some.
#[must_use]
pub fn refusal(error: &StartError, path: &Path) -> String {
    use aof_core::load::{Class, LoadError};

    let path = path.display();
    match error {
        StartError::Load(LoadError::Unfinished(tail)) => format!(
            "Unexpected end of file reading the append only file {path}: {tail}. You can: 1) Make \
             a backup of your AOF file and look at it with `aof check {path}`. 2) Alternatively \
             you can set the 'aof-load-truncated' configuration option to yes and restart the \
             server.",
        ),
        StartError::Load(error) => {
            let place = error.place();
            let at = format!("at offset {}, command {}", place.offset, place.command);
            match error.class() {
                Class::UnknownCommand | Class::WrongArity => {
                    format!("Can't load the append only file {path} ({at}): {error}")
                }
                _ => format!(
                    "Bad file format reading the append only file {path} ({at}): {error}. Make a \
                     backup of your AOF file and look at it with `aof check {path}`."
                ),
            }
        }
        other => format!("{other} ({path})"),
    }
}
