//! One kind of socket for the rest of the server, whatever its family.
//!
//! Two variants and a `match` in four places cost less than a trait object: a read is one
//! predictable branch more.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::PathBuf;

use aof_core::peer::Peer;
use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use nix::sys::socket::{setsockopt, sockopt};

/// Where clients arrive.
#[derive(Debug)]
pub enum Listener {
    /// From the network.
    Tcp(TcpListener),
    /// From this machine, through a socket file.
    Unix {
        /// The socket.
        listener: UnixListener,
        /// Its file.
        path: PathBuf,
    },
}

impl Listener {
    /// Takes one connection.
    ///
    /// # Errors
    /// What the kernel said; `WouldBlock` when nobody waits.
    pub fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, remote) = listener.accept()?;
                // A socket that cannot name itself is one whose client has left already.
                let local = stream.local_addr()?;
                Ok((Stream::Tcp(stream), Peer::Tcp { remote, local }))
            }
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept()?;
                Ok((Stream::Unix(stream), Peer::Unix))
            }
        }
    }
}

impl Source for Listener {
    fn register(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.register(registry, token, what),
            Self::Unix { listener, .. } => listener.register(registry, token, what),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.reregister(registry, token, what),
            Self::Unix { listener, .. } => listener.reregister(registry, token, what),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(listener) => listener.deregister(registry),
            Self::Unix { listener, .. } => listener.deregister(registry),
        }
    }
}

/// A client's socket, never blocking.
#[derive(Debug)]
pub enum Stream {
    /// Over the network.
    Tcp(TcpStream),
    /// Through a socket file.
    Unix(UnixStream),
}

impl Stream {
    /// Sets what a new connection should have: replies are small and wanted now, and a peer that
    /// has vanished is to be found out within about twice `keepalive_seconds` (0: never). A
    /// socket that refuses an option still works.
    #[doc(alias = "anetKeepAlive")]
    pub fn prepare(&self, keepalive_seconds: u64) {
        let Self::Tcp(stream) = self else { return };
        stream.set_nodelay(true).ok();
        // The kernel takes no more than this.
        let keepalive_seconds = u32::try_from(keepalive_seconds).unwrap_or(u32::MAX).min(32_767);
        if keepalive_seconds == 0 {
            return;
        }
        // Redis's numbers: a third of the interval between probes, three of them.
        setsockopt(stream, sockopt::KeepAlive, &true).ok();
        setsockopt(stream, sockopt::TcpKeepIdle, &keepalive_seconds).ok();
        setsockopt(stream, sockopt::TcpKeepInterval, &(keepalive_seconds / 3).max(1)).ok();
        setsockopt(stream, sockopt::TcpKeepCount, &3).ok();
    }

    /// Says that nothing more will be sent; the client reads an end of file.
    pub fn end_output(&self) {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write).ok(),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write).ok(),
        };
    }

    /// The number of its descriptor, for CLIENT LIST.
    #[must_use]
    pub fn descriptor(&self) -> u32 {
        u32::try_from(self.as_fd().as_raw_fd()).unwrap_or(u32::MAX)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Stream {
    fn register(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.register(registry, token, what),
            Self::Unix(stream) => stream.register(registry, token, what),
        }
    }

    fn reregister(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.reregister(registry, token, what),
            Self::Unix(stream) => stream.reregister(registry, token, what),
        }
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.deregister(registry),
            Self::Unix(stream) => stream.deregister(registry),
        }
    }
}
