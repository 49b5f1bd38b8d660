//! The listening sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mio::net::TcpListener;

/// Why nobody can connect.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// `bind(2)` or `listen(2)` failed because somebody else listens there.
    #[error(
        "Could not create server TCP listening socket {address}: bind: Address already in use. \
         Another server uses this port; choose a free one with --port, for example \
         --port {suggestion}."
    )]
    Taken {
        /// Where.
        address: SocketAddr,
        /// A port to try.
        suggestion: u16,
    },
    /// They failed for another reason.
    #[error("Could not create server TCP listening socket {address}: {error}")]
    Failed {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// A word of `bind` is no address.
    #[error("Invalid address in the bind directive: '{0}' (an IP address is needed)")]
    Address(String),
}

/// Reads the `bind` directive: addresses with blanks between them. `*` is every IPv4 address, and
/// a leading `-` marks an address that may be missing on this machine, as in Redis.
///
/// # Errors
/// If a word is no address.
pub fn parse_bind(bind: &str) -> Result<Vec<(IpAddr, bool)>, ListenError> {
    bind.split_ascii_whitespace()
        .map(|word| {
            let (optional, address) = match word.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, word),
            };
            let ip = match address {
                "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
                "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
                _ => address.parse().map_err(|_| ListenError::Address(word.to_owned()))?,
            };
            Ok((ip, optional))
        })
        .collect()
}

/// Binds and listens on every address of `bind`. Port 0 means no TCP at all, as in Redis.
///
/// # Errors
/// If an address that must be there cannot be listened on.
pub fn listen(bind: &str, port: u16) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = Vec::new();
    if port == 0 {
        return Ok(listeners);
    }
    for (ip, optional) in parse_bind(bind)? {
        let address = SocketAddr::new(ip, port);
        match TcpListener::bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                let suggestion = port.checked_add(1).unwrap_or(6379);
                return Err(ListenError::Taken { address, suggestion });
            }
            Err(error) if optional && error.kind() == io::ErrorKind::AddrNotAvailable => {}
            Err(error) => return Err(ListenError::Failed { address, error }),
        }
    }
    Ok(listeners)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use super::*;

    #[test]
    fn bind_takes_addresses_stars_and_optional_ones() {
        let read = parse_bind("127.0.0.1 -::1  *").expect("all are addresses");
        assert_eq!(
            read,
            [
                (IpAddr::V4(Ipv4Addr::LOCALHOST), false),
                (IpAddr::V6(Ipv6Addr::LOCALHOST), true),
                (IpAddr::V4(Ipv4Addr::UNSPECIFIED), false),
            ]
        );
        assert!(
            matches!(parse_bind("example"), Err(ListenError::Address(word)) if word == "example")
        );
        assert_eq!(parse_bind("").expect("none"), []);
    }

    #[test]
    fn a_taken_port_names_the_directive() {
        let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = holder.local_addr().expect("an address").port();
        let error = listen("127.0.0.1", port).expect_err("taken");
        assert!(error.to_string().contains("--port"), "{error}");
    }

    #[test]
    fn port_zero_listens_nowhere() {
        assert!(listen("127.0.0.1", 0).expect("nothing to do").is_empty());
    }
}
