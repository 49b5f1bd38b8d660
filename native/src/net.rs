//! The listening sockets: TCP on every address of `bind`, and a Unix socket.
//!
//! `std` and `mio` listen with a backlog of their own and in one call; here the backlog is
//! `tcp-backlog`, and the rights of a Unix socket are set before anybody can connect to it. So
//! the three calls are made one by one, with `nix`, which is there for other calls already
//! (`socket2` would be one more dependency for the same).

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use mio::net::{TcpListener, UnixListener};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrLike, SockaddrStorage, UnixAddr, bind,
    listen, setsockopt, socket, sockopt,
};

use crate::socket::Listener;

#[cfg(test)]
mod tests;

/// Why nobody can connect. The texts are Redis's.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// An address that must be there cannot be listened on.
    #[error("Failed listening on port {port} (TCP), aborting.{}", hint(*errno, *port))]
    Tcp {
        /// Where.
        address: IpAddr,
        /// On which port.
        port: u16,
        /// The call that failed.
        call: &'static str,
        /// Why.
        errno: Errno,
    },
    /// The Unix socket cannot be made.
    #[error("Opening Unix socket: {call}: {}", errno.desc())]
    Unix {
        /// The call that failed.
        call: &'static str,
        /// Why.
        errno: Errno,
    },
    /// The path of the Unix socket is a file that no socket is. Redis would remove it.
    #[error("Opening Unix socket: {} is there and is no socket; it is not removed", path.display())]
    NotASocket {
        /// Which.
        path: PathBuf,
    },
    /// A word of `bind` is no address.
    #[error("Invalid address in the bind directive: '{0}' (an IP address is needed)")]
    Address(String),
    /// No port and no Unix socket.
    #[error("Configured to not listen anywhere, exiting.")]
    Nowhere,
}

impl ListenError {
    /// The line that Redis writes before it gives up.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let Self::Tcp { address, port, call, errno } = self else { return None };
        Some(could_not(*address, *port, call, *errno))
    }
}

fn could_not(address: IpAddr, port: u16, call: &str, errno: Errno) -> String {
    format!(
        "Warning: Could not create server TCP listening socket {address}:{port}: {call}: {}",
        errno.desc()
    )
}

/// What to do about it, where that is known.
fn hint(errno: Errno, port: u16) -> String {
    match errno {
        Errno::EADDRINUSE => format!(
            " Another server uses this port; choose a free one with --port, for example --port {}.",
            port.checked_add(1).unwrap_or(6379)
        ),
        _ => String::new(),
    }
}

/// One address of `bind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BindAddress {
    /// The address.
    pub ip: IpAddr,
    /// It may be missing on this machine (`-` before it).
    pub optional: bool,
}

/// Reads the `bind` directive: addresses with blanks between them. `*` is every IPv4 address,
/// `::*` every IPv6 address, and a leading `-` marks one that may be missing on this machine. No
/// address at all means both, IPv6 only where there is such a thing, as in Redis.
///
/// # Errors
/// If a word is no address.
pub fn parse_bind(bind: &str) -> Result<Vec<BindAddress>, ListenError> {
    let bind = if names_no_address(bind) && !bind.contains('*') { "* -::*" } else { bind };
    bind.split_ascii_whitespace()
        .map(|word| {
            let (optional, address) = match word.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, word),
            };
            let ip = match address {
                "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                "::*" => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
                _ => address.parse().map_err(|_| ListenError::Address(word.to_owned()))?,
            };
            Ok(BindAddress { ip, optional })
        })
        .collect()
}

/// Whether `bind` leaves it open who may connect: it is empty or only stars. Then
/// `protected-mode` applies. (Redis 6.2 means the empty one; a star is the default of 7.0.)
#[must_use]
pub fn names_no_address(bind: &str) -> bool {
    bind.split_ascii_whitespace().all(|word| matches!(word.trim_start_matches('-'), "*" | "::*"))
}

/// Binds and listens on every address of `bind`. Port 0 means no TCP at all, as in Redis. An
/// address that may be missing and is costs a line in the log.
///
/// # Errors
/// If an address that must be there cannot be listened on.
#[doc(alias = "listenToPort")]
pub fn listen_tcp(addresses: &str, port: u16, backlog: u32) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::new();
    if port == 0 {
        return Ok(listeners);
    }
    for BindAddress { ip, optional } in parse_bind(addresses)? {
        match listen_at(SocketAddr::new(ip, port), backlog) {
            Ok(socket) => {
                let listener = std::net::TcpListener::from(socket);
                listeners.push(Listener::Tcp(TcpListener::from_std(listener)));
            }
            Err((call, errno)) if may_be_missing(errno, optional) => {
                tracing::warn!("{}", could_not(ip, port, call, errno));
            }
            Err((call, errno)) => return Err(ListenError::Tcp { address: ip, port, call, errno }),
        }
    }
    Ok(listeners)
}

/// Whether this machine just does not have such an address.
fn may_be_missing(errno: Errno, optional: bool) -> bool {
    match errno {
        Errno::EADDRNOTAVAIL => optional,
        Errno::ENOPROTOOPT
        | Errno::EPROTONOSUPPORT
        | Errno::ESOCKTNOSUPPORT
        | Errno::EPFNOSUPPORT
        | Errno::EAFNOSUPPORT => true,
        _ => false,
    }
}

type CallError = (&'static str, Errno);

fn listen_at(address: SocketAddr, backlog: u32) -> Result<OwnedFd, CallError> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::Inet,
        SocketAddr::V6(_) => AddressFamily::Inet6,
    };
    let socket = new_socket(family)?;
    if address.is_ipv6() {
        // Else `::` would take the IPv4 port, too, and `*` beside it could not be bound.
        setsockopt(&socket, sockopt::Ipv6V6Only, &true).map_err(|errno| ("setsockopt", errno))?;
    }
    setsockopt(&socket, sockopt::ReuseAddr, &true).map_err(|errno| ("setsockopt", errno))?;
    bind_to(&socket, &SockaddrStorage::from(address))?;
    listen(&socket, bounded(backlog)).map_err(|errno| ("listen", errno))?;
    Ok(socket)
}

fn new_socket(family: AddressFamily) -> Result<OwnedFd, CallError> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    socket(family, SockType::Stream, flags, None).map_err(|errno| ("socket", errno))
}

fn bind_to(socket: &OwnedFd, address: &dyn SockaddrLike) -> Result<(), CallError> {
    bind(socket.as_raw_fd(), address).map_err(|errno| ("bind", errno))
}

/// The kernel takes no more than its own limit, and `nix` refuses to ask for more.
fn bounded(backlog: u32) -> Backlog {
    i32::try_from(backlog)
        .ok()
        .and_then(|wanted| Backlog::new(wanted).ok())
        .unwrap_or(Backlog::MAXCONN)
}

/// Listens on a Unix socket whose file has the rights `mode` (0: as the umask says). A socket
/// file of that name is removed first, because a server that was killed leaves one; whoever
/// calls this must know that no other server uses it. Anything but a socket stays.
///
/// # Errors
/// If something else has that name, or a call fails.
pub fn listen_unix(path: &Path, mode: u32, backlog: u32) -> Result<Listener, ListenError> {
    let failed = |(call, errno): CallError| ListenError::Unix { call, errno };
    let number = |error: &io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
    if let Ok(about) = fs::symlink_metadata(path) {
        if !about.file_type().is_socket() {
            return Err(ListenError::NotASocket { path: path.to_owned() });
        }
        fs::remove_file(path).map_err(|error| failed(("unlink", number(&error))))?;
    }
    let address = UnixAddr::new(path).map_err(|errno| failed(("bind", errno)))?;
    let socket = new_socket(AddressFamily::Unix).map_err(failed)?;
    bind_to(&socket, &address).map_err(failed)?;
    if mode != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .map_err(|error| failed(("chmod", number(&error))))?;
    }
    listen(&socket, bounded(backlog)).map_err(|errno| failed(("listen", errno)))?;
    let listener = UnixListener::from_std(std::os::unix::net::UnixListener::from(socket));
    Ok(Listener::Unix { listener, path: path.to_owned() })
}

/// Warns where the kernel's limit is lower than `tcp-backlog`.
#[doc(alias = "checkTcpBacklogSettings")]
#[must_use]
pub fn backlog_warning(backlog: u32, somaxconn: Option<&str>) -> Option<String> {
    let limit: u32 = somaxconn?.trim().parse().ok()?;
    (limit > 0 && limit < backlog).then(|| {
        format!(
            "WARNING: The TCP backlog setting of {backlog} cannot be enforced because \
             /proc/sys/net/core/somaxconn is set to the lower value of {limit}."
        )
    })
}
