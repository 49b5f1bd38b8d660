//! SLOWLOG.

use crate::command::{Call, CommandError, introspection};
use crate::number::parse_integer;
use crate::propagate::Change;

/// Entries that GET shows unless it is told how many.
const SHOWN: i64 = 10;

pub(super) fn slowlog<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let subcommand = call.word(1).to_ascii_lowercase();
    match (subcommand.as_slice(), call.argv.len()) {
        (b"get", 2) => get(call, SHOWN),
        (b"get", 3) => {
            let count = parse_integer(call.word(2)).ok_or(CommandError::NotInteger)?;
            get(call, count);
        }
        (b"len", 2) => call.reply.count(call.executor.slowlog.commands().len()),
        (b"reset", 2) => {
            call.executor.slowlog.reset();
            call.reply.ok();
        }
        (b"help", 2) => introspection::help(
            &mut call.reply,
            "SLOWLOG",
            &[
                "GET [<count>]",
                "    The newest slow commands (default: 10): number, time in seconds,",
                "    duration in microseconds, words, address and name of the client.",
                "LEN",
                "    How many there are.",
                "RESET",
                "    Forget them.",
            ],
        ),
        _ => return Err(call.unknown_subcommand()),
    }
    Ok(Change::None)
}

/// Redis 6.2 counts down to zero, so a negative count shows all.
fn get(call: &mut Call<'_, '_>, count: i64) {
    let commands = call.executor.slowlog.commands();
    let shown = usize::try_from(count).unwrap_or(usize::MAX).min(commands.len());
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    call.reply.array(shown);
    for command in commands.iter().take(shown) {
        call.reply.array(6);
        call.reply.integer(number(command.id));
        call.reply.integer(number(command.at_seconds));
        call.reply.integer(number(command.micros));
        call.reply.array(command.words.len());
        command.words.iter().for_each(|word| call.reply.bulk(word));
        call.reply.bulk(command.address.as_bytes());
        call.reply.bulk(&command.name);
    }
}
