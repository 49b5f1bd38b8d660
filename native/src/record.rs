//! `--record`: the trace of a run, in a file. See [`aof_core::trace`] for what it holds.
//!
//! The trace begins with the log that was loaded, so that it stands alone, and grows by one
//! `write(2)` per turn. A server that is killed leaves a trace up to its last whole turn.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aof_core::engine::Engine;
use aof_core::keyspace::Keyspace;
use aof_core::trace::{Header, Recorder};
use nix::sys::uio::pread;

/// Bytes of the log that are copied at once.
const LOG_PIECE_BYTES: usize = 1024 * 1024;

/// So many bytes of the rewrite buffer cost a digest as much as a key.
const BYTES_PER_KEY: u64 = 64;

/// A digest looks at the whole dataset. Up to so many keys every step has one; above, every
/// second, third… step, so that recording costs about the same per step at any size.
const KEYS_PER_STEP: u64 = 4096;

/// A trace being written.
#[derive(Debug)]
pub struct Recording {
    recorder: Recorder,
    file: File,
    path: PathBuf,
}

/// A file for a trace, made before the log is loaded: who cannot record should not wait for that.
/// It goes away again if the server does not start.
#[derive(Debug)]
pub struct Reserved {
    file: Option<File>,
    path: PathBuf,
}

impl Reserved {
    /// Makes the file. An old one of that name is not overwritten: the name could be that of the
    /// log.
    ///
    /// # Errors
    /// If the file is there or cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self { file: Some(file), path: path.to_owned() })
    }

    /// Begins the trace.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn begin(mut self, header: &Header) -> io::Result<Recording> {
        let Some(file) = self.file.take() else { return Err(io::ErrorKind::NotFound.into()) };
        let path = std::mem::take(&mut self.path);
        let mut recording = Recording { recorder: Recorder::new(header), file, path };
        recording.flush()?;
        Ok(recording)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if self.file.is_some() {
            std::fs::remove_file(&self.path).ok();
        }
    }
}

impl Recording {
    /// Copies the first `length_bytes` of the log into the trace.
    ///
    /// # Errors
    /// If the log cannot be read, is shorter, or the trace cannot be written.
    pub fn copy_log(&mut self, log: &File, length_bytes: u64) -> io::Result<()> {
        let mut buffer = vec![0; LOG_PIECE_BYTES];
        let mut offset: u64 = 0;
        while offset < length_bytes {
            let rest = usize::try_from(length_bytes - offset).unwrap_or(usize::MAX);
            let wanted = rest.min(LOG_PIECE_BYTES);
            let at = i64::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
            match pread(log, &mut buffer[..wanted], at) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => {
                    self.recorder.log(&buffer[..bytes]);
                    self.flush()?;
                    offset += bytes as u64;
                }
                Err(nix::errno::Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }

    /// Where to record.
    pub fn recorder(&mut self) -> &mut Recorder {
        &mut self.recorder
    }

    /// Writes what was recorded since the last call.
    ///
    /// # Errors
    /// If the file cannot be written, or something could not be recorded.
    pub fn keep(&mut self, engine: &Engine) -> io::Result<()> {
        self.flush()?;
        let keyspace = &engine.executor().keyspace;
        let keys: u64 = (0..Keyspace::DATABASES).map(|db| keyspace.db(db).len() as u64).sum();
        // A digest looks at the rewrite buffer, too.
        let things = keys + engine.rewrite().diff().waiting_bytes() / BYTES_PER_KEY;
        let steps = 1 + things / KEYS_PER_STEP;
        self.recorder.set_digest_interval(u32::try_from(steps).unwrap_or(u32::MAX));
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let named = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
        };
        self.file.write_all(self.recorder.bytes()).map_err(named)?;
        self.recorder.clear();
        if self.recorder.skipped() > 0 {
            return Err(named(io::Error::other("an event is too long for a record")));
        }
        Ok(())
    }
}
