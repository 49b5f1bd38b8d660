//! Who is let in, and what the others are told.

use std::io::{self, Read, Write};

use aof_core::config::Config;
use aof_core::peer::Peer;
use aof_core::resp::Limits;

use crate::net;
use crate::socket::Stream;

/// What Redis answers to a connection too many.
const TOO_MANY_CLIENTS: &[u8] = b"-ERR max number of clients reached\r\n";

/// What a stranger is told who comes from another machine while nothing protects the server. The
/// code and the way out are Redis's; the sentences are ours.
const DENIED: &[u8] = b"-DENIED Redis is running in protected mode because protected mode is \
enabled, no bind address was specified, no authentication password is requested to clients. In \
this mode connections are only accepted from the loopback interface. To connect from another \
computer do one of these: 1) send 'CONFIG SET protected-mode no' from this machine, if nobody \
else can reach the server; 2) start it with '--protected-mode no'; 3) give it an address with \
'--bind' or a password with '--requirepass'.\r\n";

/// Whether a new connection is taken in beside `connected` others; else what it is told.
///
/// # Errors
/// The whole reply of the refusal.
#[doc(alias = "acceptCommonHandler")]
pub fn judge(config: &Config, peer: Peer, connected: usize) -> Result<(), &'static [u8]> {
    if connected >= usize::try_from(config.maxclients).unwrap_or(usize::MAX) {
        return Err(TOO_MANY_CLIENTS);
    }
    if is_denied(config, peer) { Err(DENIED) } else { Ok(()) }
}

/// What a client may send that has just connected.
#[must_use]
pub fn limits(config: &Config) -> Limits {
    Limits {
        bulk_bytes: config.proto_max_bulk_len,
        unauthenticated: !config.requirepass.is_empty(),
    }
}

/// Sends a socket away, with an error.
pub fn turn_away(mut stream: Stream, error: &[u8]) {
    // Nobody waits for this: if the socket does not take it at once, it is lost.
    stream.write_all(error).ok();
    stream.end_output();
    // Bytes that nobody has read would reset the connection, and the error with it.
    let mut dropped = [0; 512];
    for _ in 0..8 {
        if !matches!(stream.read(&mut dropped), Ok(1..)) {
            break;
        }
    }
}

/// Whether the connection was gone before it was taken: no reason to stop taking others.
#[must_use]
pub fn left_already(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted | NotConnected)
}

/// Whether protected mode sends this peer away: it comes from another machine, and nobody has
/// said that other machines may come.
#[doc(alias = "protected_mode")]
fn is_denied(config: &Config, peer: Peer) -> bool {
    config.protected_mode
        && config.requirepass.is_empty()
        && net::names_no_address(&config.bind)
        && !peer.is_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Peer {
        let remote = address.parse().expect("an address");
        Peer::Tcp { remote, local: remote }
    }

    #[test]
    fn protected_mode_sends_away_who_comes_from_elsewhere() {
        let open = Config { bind: "* -::*".to_owned(), ..Config::default() };
        for elsewhere in ["192.0.2.7:1", "[2001:db8::1]:1", "10.0.0.1:1"] {
            assert!(is_denied(&open, from(elsewhere)), "{elsewhere}");
            let password = Config { requirepass: "secret".to_owned(), ..open.clone() };
            assert!(!is_denied(&password, from(elsewhere)));
            let off = Config { protected_mode: false, ..open.clone() };
            assert!(!is_denied(&off, from(elsewhere)));
            let bound = Config { bind: "10.0.0.2".to_owned(), ..open.clone() };
            assert!(!is_denied(&bound, from(elsewhere)));
        }
        for here in ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(!is_denied(&open, from(here)), "{here}");
        }
        assert!(!is_denied(&open, Peer::Unix));
    }

    #[test]
    fn the_refusals_are_one_line_each() {
        for text in [TOO_MANY_CLIENTS, DENIED] {
            assert!(text.starts_with(b"-") && text.ends_with(b"\r\n"));
            assert_eq!(text.iter().filter(|&&byte| byte == b'\n').count(), 1);
        }
    }
}
