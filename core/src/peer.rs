//! Who is at the other end of a connection, as far as commands show or compare it.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::fmt;

use crate::digest::Digest;

/// The two ends of one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Peer {
    /// A TCP connection.
    Tcp {
        /// The client's end.
        remote: SocketAddr,
        /// The server's end.
        local: SocketAddr,
    },
    /// A connection over the Unix socket. Its two ends have no address of their own; commands show
    /// the path of the socket.
    Unix,
    /// A client of the simulated world, or one that a test made.
    #[default]
    Simulated,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The client's: `addr`.
    Remote,
    /// The server's: `laddr`.
    Local,
}

impl Peer {
    /// The address of one end as `CLIENT LIST` shows it and `CLIENT KILL` compares it: `ip:port`,
    /// an IPv6 address in brackets, `path:0` over the Unix socket at `socket_path`, `?:0` where
    /// there is none.
    #[must_use]
    #[doc(alias = "getClientPeerId")]
    pub fn address(self, end: End, socket_path: &str) -> Address<'_> {
        match (self, end) {
            (Self::Tcp { remote, .. }, End::Remote) => Address::Tcp(remote),
            (Self::Tcp { local, .. }, End::Local) => Address::Tcp(local),
            (Self::Unix, _) => Address::Unix(socket_path),
            (Self::Simulated, _) => Address::None,
        }
    }

    /// Whether the connection comes from this machine. What is simulated does.
    #[must_use]
    pub fn is_local(self) -> bool {
        match self {
            Self::Tcp { remote, .. } => match remote.ip() {
                IpAddr::V4(ip) => ip.is_loopback(),
                IpAddr::V6(ip) => {
                    ip == Ipv6Addr::LOCALHOST
                        || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback())
                }
            },
            Self::Unix | Self::Simulated => true,
        }
    }

    /// Adds both ends.
    pub(crate) fn digest_into(self, digest: &mut Digest) {
        digest.put_bytes(format!("{self:?}").as_bytes());
    }
}

/// An address to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// `ip:port`.
    Tcp(SocketAddr),
    /// `path:0`.
    Unix(&'a str),
    /// `?:0`.
    None,
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(out, "{address}"),
            Self::Unix(path) => write!(out, "{path}:0"),
            Self::None => out.write_str("?:0"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(remote: &str, local: &str) -> Peer {
        let parse = |text: &str| text.parse().expect("an address");
        Peer::Tcp { remote: parse(remote), local: parse(local) }
    }

    #[test]
    fn addresses_are_shown_as_redis_shows_them() {
        let peer = tcp("127.0.0.1:5000", "[::1]:6379");
        assert_eq!(peer.address(End::Remote, "/s").to_string(), "127.0.0.1:5000");
        assert_eq!(peer.address(End::Local, "/s").to_string(), "[::1]:6379");
        assert_eq!(Peer::Unix.address(End::Remote, "/run/s").to_string(), "/run/s:0");
        assert_eq!(Peer::Simulated.address(End::Local, "").to_string(), "?:0");
    }

    #[test]
    fn this_machine_is_known_in_every_notation() {
        for (remote, local) in [
            ("127.0.0.1:1", true),
            ("127.9.9.9:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("10.0.0.1:1", false),
            ("[::ffff:10.0.0.1]:1", false),
            ("[fe80::1]:1", false),
        ] {
            assert_eq!(tcp(remote, "127.0.0.1:6379").is_local(), local, "{remote}");
        }
        assert!(Peer::Unix.is_local());
    }
}
