//! Which connections a CLIENT LIST or CLIENT KILL means.

use crate::command::CommandError;
use crate::command::error::shown;
use crate::number::parse_integer;
use crate::peer::End;
use crate::session::Session;
use crate::units::ClientId;

/// Everything that is asked for must hold.
#[derive(Default)]
pub(super) struct Filter<'a> {
    pub(super) ids: Option<Vec<ClientId>>,
    /// A type that no connection here has.
    none: bool,
    /// Without the one that asks.
    pub(super) skip_own: bool,
    address: Option<&'a [u8]>,
    local_address: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    /// Whether `session` is meant. `socket_path` is the address of those on the Unix socket.
    pub(super) fn matches(&self, session: &Session, socket_path: &str) -> bool {
        let is_at = |address: Option<&[u8]>, end| {
            address.is_none_or(|address| {
                session.peer.address(end, socket_path).to_string().as_bytes() == address
            })
        };
        !self.none
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&session.id))
            && is_at(self.address, End::Remote)
            && is_at(self.local_address, End::Local)
    }

    /// `TYPE name`. All connections here are of type `normal`, those of MONITOR too.
    pub(super) fn set_type(&mut self, name: &[u8]) -> Result<(), CommandError> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if ["replica", "slave", "master", "pubsub"].into_iter().any(is) {
            self.none = true;
        } else if !is("normal") {
            let text = format!("ERR Unknown client type '{}'", shown(name, 128));
            return Err(CommandError::Text(text.into()));
        }
        Ok(())
    }

    /// The options of CLIENT KILL, in pairs.
    pub(super) fn of_kill(mut words: impl Iterator<Item = &'a [u8]>) -> Result<Self, CommandError> {
        let mut filter = Self { skip_own: true, ..Self::default() };
        while let Some(word) = words.next() {
            let value = words.next().ok_or(CommandError::Syntax)?;
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            if is("ID") {
                filter.ids = Some(vec![parse_id(value).ok_or(CommandError::NotInteger)?]);
            } else if is("TYPE") {
                filter.set_type(value)?;
            } else if is("ADDR") {
                filter.address = Some(value);
            } else if is("LADDR") {
                filter.local_address = Some(value);
            } else if is("USER") {
                if value != b"default" {
                    let text = format!("ERR No such user '{}'", shown(value, 128));
                    return Err(CommandError::Text(text.into()));
                }
            } else if is("SKIPME") && value.eq_ignore_ascii_case(b"YES") {
                filter.skip_own = true;
            } else if is("SKIPME") && value.eq_ignore_ascii_case(b"NO") {
                filter.skip_own = false;
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(filter)
    }

    /// The old form, `CLIENT KILL address`: the one connection from there, the own one too.
    pub(super) fn of_address(address: &'a [u8]) -> Self {
        Self { address: Some(address), ..Self::default() }
    }
}

pub(super) fn parse_id(text: &[u8]) -> Option<ClientId> {
    parse_integer(text).and_then(|id| u64::try_from(id).ok()).map(ClientId)
}
