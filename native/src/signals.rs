//! SIGTERM and SIGINT, as bytes on a pipe that the event loop polls. SIGPIPE is ignored by Rust's
//! runtime before `main`, so a write to a closed socket is an error and not an end. SIGHUP is
//! caught and forgotten: a server does not end with the terminal that started it.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::net::UnixStream;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// The reading end of the pipe.
#[derive(Debug)]
pub struct Signals {
    stream: UnixStream,
    /// Whether one of them was SIGINT: the pipe does not say.
    interrupted: Arc<AtomicBool>,
}

/// Signals that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// How many.
    pub count: usize,
    /// The name of one of them.
    pub name: &'static str,
}

impl Signals {
    /// Catches both signals from now on.
    ///
    /// # Errors
    /// If no socket pair can be made or a signal cannot be caught.
    pub fn catch() -> io::Result<Self> {
        let (receiver, sender) = StdUnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        flag::register(SIGINT, Arc::clone(&interrupted))?;
        flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
        pipe::register(SIGTERM, sender.try_clone()?)?;
        pipe::register(SIGINT, sender)?;
        Ok(Self { stream: UnixStream::from_std(receiver), interrupted })
    }

    /// What came since the last call. Never waits.
    pub fn take(&mut self) -> Option<Came> {
        let count = self.drain();
        if count == 0 {
            return None;
        }
        let interrupted = self.interrupted.swap(false, Ordering::Relaxed);
        Some(Came { count, name: if interrupted { "SIGINT" } else { "SIGTERM" } })
    }

    fn drain(&mut self) -> usize {
        let mut bytes = [0; 16];
        let mut count = 0;
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return count,
                Ok(read) => count += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return count,
            }
        }
    }

    /// What the event loop polls.
    pub fn source(&mut self) -> &mut UnixStream {
        &mut self.stream
    }
}
