//! A file as the commands read it: from front to end, in pieces, with progress on a terminal.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;

/// Bytes of one piece.
const PIECE_BYTES: usize = 1024 * 1024;

/// Nothing is drawn for work that is done sooner, and then no more often than this.
const DRAW_EVERY: Duration = Duration::from_millis(200);

/// One file being read.
#[derive(Debug)]
pub(super) struct Source {
    file: io::Take<File>,
    /// Its size when it was opened; `None` for a pipe.
    size_bytes: Option<u64>,
    buffer: Vec<u8>,
    progress: Progress,
}

impl Source {
    /// Opens a file for reading only. What is appended from now on is not read, so a log that a
    /// server writes has an end, too.
    pub(super) fn open(path: &Path, quiet: bool) -> anyhow::Result<Self> {
        let failed = || format!("Can't read {}", path.display());
        let file = File::open(path).with_context(failed)?;
        Self::of(file, quiet).with_context(failed)
    }

    /// An open file, from where it stands.
    pub(super) fn of(file: File, quiet: bool) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory (Redis 7 keeps its log in one: name a file in it)",
            ));
        }
        let size_bytes = metadata.is_file().then_some(metadata.len());
        let file = file.take(size_bytes.unwrap_or(u64::MAX));
        let progress = Progress::new(size_bytes, !quiet && io::stderr().is_terminal());
        Ok(Self { file, size_bytes, buffer: vec![0; PIECE_BYTES], progress })
    }

    /// Its size, if it has one before it is read.
    pub(super) const fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// The next piece, or `None` at the end.
    pub(super) fn next_piece(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            match self.file.read(&mut self.buffer) {
                Ok(0) => {
                    self.progress.clear();
                    return Ok(None);
                }
                Ok(bytes) => {
                    self.progress.advance(bytes as u64);
                    return Ok(Some(&self.buffer[..bytes]));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The line of progress on standard error.
#[derive(Debug)]
struct Progress {
    total_bytes: Option<u64>,
    done_bytes: u64,
    started: Instant,
    drawn: Instant,
    /// Whether anybody looks.
    enabled: bool,
    visible: bool,
}

impl Progress {
    fn new(total_bytes: Option<u64>, enabled: bool) -> Self {
        let started = Instant::now();
        Self { total_bytes, done_bytes: 0, started, drawn: started, enabled, visible: false }
    }

    fn advance(&mut self, bytes: u64) {
        self.done_bytes += bytes;
        if self.enabled && self.drawn.elapsed() >= DRAW_EVERY {
            self.drawn = Instant::now();
            self.visible = true;
            let line = line(self.done_bytes, self.total_bytes, self.started.elapsed());
            write!(io::stderr(), "\r{line}\x1b[K").ok();
        }
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.visible) {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// `  42 %  310 MB/s`, or the amount where the whole is not known.
fn line(done_bytes: u64, total_bytes: Option<u64>, elapsed: Duration) -> String {
    const MB: u64 = 1_000_000;
    let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = u128::from(done_bytes) * 1000 / u128::from(elapsed_ms) / u128::from(MB);
    match total_bytes.filter(|&total| total > 0) {
        Some(total) => {
            let percent = u128::from(done_bytes) * 100 / u128::from(total);
            format!("{percent:>3} %  {rate} MB/s")
        }
        None => format!("{} MB  {rate} MB/s", done_bytes / MB),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_part_and_speed() {
        let second = Duration::from_secs(1);
        assert_eq!(line(50_000_000, Some(200_000_000), second), " 25 %  50 MB/s");
        assert_eq!(line(50_000_000, None, second * 2), "50 MB  25 MB/s");
        assert_eq!(line(u64::MAX, Some(u64::MAX), Duration::ZERO), "100 %  18446744073709551 MB/s");
        assert_eq!(line(0, Some(0), Duration::ZERO), "0 MB  0 MB/s");
    }

    #[test]
    fn a_file_is_read_up_to_its_size_when_it_was_opened() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log");
        std::fs::write(&path, vec![b'x'; PIECE_BYTES + 1]).expect("written");
        let mut source = Source::open(&path, false).expect("readable");
        assert_eq!(source.size_bytes(), Some(PIECE_BYTES as u64 + 1));
        std::fs::write(&path, vec![b'x'; PIECE_BYTES + 100]).expect("written");
        let mut bytes = 0;
        while let Some(piece) = source.next_piece().expect("readable") {
            bytes += piece.len();
        }
        assert_eq!(bytes, PIECE_BYTES + 1);
    }

    #[test]
    fn a_directory_is_no_log() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let error = Source::open(dir.path(), true).expect_err("a directory");
        assert!(format!("{error:#}").contains("it is a directory"), "{error:#}");
    }
}
