//! DEBUG, as far as a test, a tool or a lesson needs it.

use crate::command::{Call, CommandError, introspection};
use crate::digest::Digest;
use crate::execute::Request;
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::resp::OwnedArgv;

pub(super) fn debug<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let subcommand = call.word(1).to_ascii_lowercase();
    match (subcommand.as_slice(), call.argv.len()) {
        (b"sleep", 3) => {
            call.ask(Request::Sleep { micros: sleep_micros(call.word(2)) });
            call.reply.ok();
        }
        (b"loadaof", 2) => {
            if call.session.in_exec {
                return Err(CommandError::text("ERR DEBUG LOADAOF is not allowed in transactions"));
            }
            // Redis loads it even then, and in WAIT_REWRITE what it finds is an older log.
            let aof = call.facts.aof();
            if aof.rewrite_in_progress || aof.waits_for_rewrite {
                return Err(CommandError::text(
                    "ERR DEBUG LOADAOF is not allowed while the AOF is rewritten",
                ));
            }
            // The engine takes this reply back if the log cannot be loaded.
            call.ask(Request::LoadLog);
            call.reply.ok();
        }
        (b"set-active-expire", 3) => {
            // As C's atoi: what is no number is zero.
            call.executor.active_expire = parse_integer(call.word(2)).unwrap_or(0) != 0;
            call.reply.ok();
        }
        (b"object", 3) => object(call)?,
        (b"digest", 2) => {
            let digest = call.executor.keyspace.content_digest();
            call.reply.simple(&format!("{digest:032x}00000000"));
        }
        (b"digest-value", 2..) => digest_values(call),
        (b"populate", 3..=5) => populate(call)?,
        (b"error", 3) => {
            return Err(CommandError::Text(crate::command::shown(call.word(2), 1024).into()));
        }
        (b"help", 2) => introspection::help(
            &mut call.reply,
            "DEBUG",
            &[
                "DIGEST",
                "    A fingerprint of the dataset (this server's own, not Redis's).",
                "DIGEST-VALUE <key> [<key> ...]",
                "    Fingerprints of values.",
                "ERROR <string>",
                "    Reply with this error.",
                "LOADAOF",
                "    Write the log and load it again.",
                "OBJECT <key>",
                "    How a value is held.",
                "POPULATE <count> [<prefix>] [<size>]",
                "    Create keys; unlike in Redis, the log has them.",
                "SET-ACTIVE-EXPIRE <0|1>",
                "    Whether keys expire that nobody looks at.",
                "SLEEP <seconds>",
                "    Stand still.",
            ],
        ),
        _ => return Err(call.unknown_subcommand()),
    }
    Ok(Change::None)
}

/// How a value is held. Where Redis shows an address, a serialized length and a clock of last
/// uses, there is nothing true to show: values have no address of their own, no snapshot exists,
/// and uses are not counted.
fn object(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let key = call.word(2);
    let value = call.read(key).ok_or(CommandError::NoSuchKey)?;
    let text = format!("refcount:1 encoding:{} memory:{}", value.encoding(), value.memory_bytes());
    call.reply.simple(&text);
    Ok(())
}

/// One fingerprint for each key, zeros where there is none.
fn digest_values(call: &mut Call<'_, '_>) {
    call.reply.array(call.argv.len() - 2);
    for key in call.argv.skip(2) {
        let value = call.db().get(key).map(|value| {
            let mut digest = Digest::new();
            value.content_digest_into(&mut digest);
            digest.finish()
        });
        call.reply.simple(&format!("{:032x}00000000", value.unwrap_or(0)));
    }
}

/// POPULATE makes so many bytes at most.
const POPULATE_LIMIT_BYTES: u64 = 1024 * 1024 * 1024;

/// Creates the keys that are not there, named `prefix:number`. Redis keeps them out of its log; a
/// log that does not say what memory holds is of no use here, so each is logged as a SET.
fn populate(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    const RANGE: CommandError = CommandError::text("ERR value is out of range, must be positive");
    let positive = |word: &[u8]| parse_integer(word).and_then(|n| u64::try_from(n).ok());
    let count = positive(call.word(2)).ok_or(RANGE)?;
    let prefix = call.argv.get(3).unwrap_or(b"key").to_vec();
    let size = call.argv.get(4).map(|word| positive(word).ok_or(RANGE)).transpose()?.unwrap_or(0);
    // Key, value and the record of both.
    let each = size.saturating_add(prefix.len() as u64 * 2).saturating_add(100);
    if count.saturating_mul(each) > POPULATE_LIMIT_BYTES {
        return Err(CommandError::text("ERR DEBUG POPULATE makes at most 1 GB"));
    }
    for number in 0..count {
        let key = [&prefix[..], b":", number.to_string().as_bytes()].concat();
        if call.exists(&key) {
            continue;
        }
        let mut value = format!("value:{number}").into_bytes();
        if size > 0 {
            value.resize(usize::try_from(size).unwrap_or(usize::MAX), 0);
        }
        call.set(&key, &value);
        let argv = OwnedArgv::from_words(&[b"SET", &key[..], &value[..]]);
        call.log.append(call.session.db, argv.as_argv(), &Change::Verbatim);
        call.executor.statistics.changes += 1;
    }
    call.reply.ok();
    Ok(())
}

/// Nobody sleeps longer: a sleeping server hears no signal.
const SLEEP_LIMIT_SECONDS: f64 = 3600.0;

/// Seconds with a fraction, as microseconds. Like C's `strtod`, what is no number is zero.
fn sleep_micros(text: &[u8]) -> u64 {
    let seconds: f64 =
        std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0.0);
    let seconds = if seconds.is_finite() { seconds.min(SLEEP_LIMIT_SECONDS) } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "bounded above; saturates below")]
    let micros = (seconds * 1e6) as i64;
    u64::try_from(micros).unwrap_or(0)
}
