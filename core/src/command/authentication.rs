//! AUTH and HELLO: who is at the other end, and in which protocol it wants its replies.
//!
//! There is one user, `default`, and one password, `requirepass`. Without a password everybody is
//! that user.

use crate::command::error::shown;
use crate::command::{Call, Command, CommandError, Flags};
use crate::config::Config;
use crate::info::REDIS_VERSION;
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::session::Session;

const WRONG: CommandError =
    CommandError::text("WRONGPASS invalid username-password pair or user is disabled.");

pub(super) fn auth<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    match call.argv.len() {
        2 if call.executor.config.requirepass.is_empty() => {
            return Err(CommandError::text(
                "ERR AUTH <password> called without any password configured for the default \
                 user. Are you sure your configuration is correct?",
            ));
        }
        2 => authenticate(call, b"default", call.word(1))?,
        3 => authenticate(call, call.word(1), call.word(2))?,
        _ => return Err(CommandError::Syntax),
    }
    call.reply.ok();
    Ok(Change::None)
}

fn authenticate(call: &mut Call<'_, '_>, user: &[u8], password: &[u8]) -> Result<(), CommandError> {
    let expected = call.executor.config.requirepass.as_bytes();
    if user != b"default" || !expected.is_empty() && !same(expected, password) {
        return Err(WRONG);
    }
    call.session.authenticated = true;
    Ok(())
}

/// Compares without stopping at the first difference, so that the time says nothing about how
/// much of a guess is right.
fn same(expected: &[u8], given: &[u8]) -> bool {
    let mut different = expected.len() ^ given.len();
    for (index, &byte) in given.iter().enumerate() {
        let other = expected.get(index % expected.len()).copied().unwrap_or(0);
        different |= usize::from(std::hint::black_box(byte ^ other));
    }
    different == 0
}

/// Whether a client must say its password before this command.
#[doc(alias = "authRequired")]
pub(crate) fn is_locked_out(config: &Config, session: &Session, command: &Command) -> bool {
    !session.authenticated
        && !config.requirepass.is_empty()
        && !command.flags.has(Flags::NO_AUTH)
        && !matches!(command.name, "reset" | "quit")
}

/// Only RESP2 is spoken. A library that asks for RESP3 gets the error for an unsupported version
/// and falls back.
pub(super) fn hello<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    if let Some(version) = call.argv.get(1) {
        let version = parse_integer(version)
            .ok_or(CommandError::text("ERR Protocol version is not an integer or out of range"))?;
        if version != 2 {
            return Err(CommandError::text("NOPROTO unsupported protocol version"));
        }
    }
    let mut options = call.argv.skip(2);
    let (mut name, mut login) = (None, None);
    while let Some(option) = options.next() {
        let (first, second) = (options.clone().next(), options.clone().nth(1));
        match (first, second) {
            (Some(user), Some(password)) if option.eq_ignore_ascii_case(b"AUTH") => {
                login = Some((user, password));
                options.nth(1);
            }
            (Some(given), _) if option.eq_ignore_ascii_case(b"SETNAME") => {
                name = Some(given);
                options.next();
            }
            _ => {
                return Err(CommandError::Text(
                    format!("ERR Syntax error in HELLO option '{}'", shown(option, 128)).into(),
                ));
            }
        }
    }
    if let Some((user, password)) = login {
        authenticate(call, user, password)?;
    }
    if !call.session.authenticated && !call.executor.config.requirepass.is_empty() {
        return Err(CommandError::text(
            "NOAUTH HELLO must be called with the client already authenticated, otherwise the \
             HELLO AUTH <user> <pass> option can be used to authenticate the client and select \
             the RESP protocol version at the same time",
        ));
    }
    if let Some(name) = name {
        super::client::set_name(call, name)?;
    }
    greet(call);
    Ok(Change::None)
}

fn greet(call: &mut Call<'_, '_>) {
    call.reply.array(14);
    call.reply.bulk(b"server");
    call.reply.bulk(b"redis");
    call.reply.bulk(b"version");
    call.reply.bulk(REDIS_VERSION.as_bytes());
    call.reply.bulk(b"proto");
    call.reply.integer(2);
    call.reply.bulk(b"id");
    call.reply.integer(i64::try_from(call.session.id.0).unwrap_or(i64::MAX));
    call.reply.bulk(b"mode");
    call.reply.bulk(b"standalone");
    call.reply.bulk(b"role");
    call.reply.bulk(b"master");
    call.reply.bulk(b"modules");
    call.reply.array(0);
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_the_password_is_the_password() {
        assert!(same(b"secret", b"secret"));
        for wrong in [&b""[..], b"s", b"secre", b"secrets", b"secretsecret", b"Secret", b"xxxxxx"] {
            assert!(!same(b"secret", wrong), "{wrong:?}");
        }
    }
}
