//! COMMAND and INFO.

use crate::command::error::shown;
use crate::command::{COMMANDS, Call, Command, CommandError, Family, Flags, lookup};
use crate::info;
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::resp::{Argv, Reply};

pub(super) fn command<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let subcommand = call.argv.get(1).map(<[u8]>::to_ascii_lowercase);
    match (subcommand.as_deref(), call.argv.len()) {
        (None, _) => {
            call.reply.array(COMMANDS.len());
            COMMANDS.iter().for_each(|command| describe(command, &mut call.reply));
        }
        (Some(b"count"), 2) => call.reply.count(COMMANDS.len()),
        (Some(b"info"), words) => {
            call.reply.array(words - 2);
            for name in call.argv.skip(2) {
                match lookup(name) {
                    Some(command) => describe(command, &mut call.reply),
                    None => call.reply.null_array(),
                }
            }
        }
        (Some(b"getkeys"), 3..) => get_keys(call)?,
        (Some(b"help"), 2) => help(
            &mut call.reply,
            "COMMAND",
            &[
                "(no subcommand)",
                "    All commands.",
                "COUNT",
                "    How many there are.",
                "GETKEYS <full-command>",
                "    The keys of a command.",
                "INFO [<command-name> ...]",
                "    Some commands.",
            ],
        ),
        _ => return Err(call.unknown_subcommand()),
    }
    Ok(Change::None)
}

/// One command with the seven fields of Redis 6.2.
fn describe(command: &Command, reply: &mut Reply<'_>) {
    reply.array(7);
    reply.bulk(command.name.as_bytes());
    reply.integer(command.arity.into());
    reply.array(command.flags.names().count());
    command.flags.names().for_each(|name| reply.simple(name));
    reply.integer(command.keys.first.into());
    reply.integer(command.keys.last.into());
    reply.integer(command.keys.step.into());
    reply.array(categories(command).count());
    categories(command).for_each(|name| reply.simple(name));
}

/// The access categories that follow from family and flags, in the order of Redis.
fn categories(command: &Command) -> impl Iterator<Item = &'static str> {
    let flags = command.flags;
    // What SORT is about are the three types that it sorts.
    let sorts = command.name == "sort";
    let is = |family| command.family == family && !sorts;
    let dangerous = flags.has(Flags::DANGEROUS) || flags.has(Flags::ADMIN);
    [
        (is(Family::Keyspace), "@keyspace"),
        (flags.has(Flags::READONLY), "@read"),
        (flags.has(Flags::WRITE), "@write"),
        (is(Family::Set) || sorts, "@set"),
        (is(Family::SortedSet) || sorts, "@sortedset"),
        (is(Family::List) || sorts, "@list"),
        (is(Family::Hash), "@hash"),
        (is(Family::String), "@string"),
        (flags.has(Flags::ADMIN), "@admin"),
        (flags.has(Flags::FAST), "@fast"),
        (!flags.has(Flags::FAST), "@slow"),
        (dangerous, "@dangerous"),
        (is(Family::Connection), "@connection"),
        (is(Family::Transaction), "@transaction"),
    ]
    .into_iter()
    .filter(|(has, _)| *has)
    .map(|(_, name)| name)
}

fn get_keys(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let command =
        lookup(call.word(2)).ok_or(CommandError::text("ERR Invalid command specified"))?;
    let words = call.argv.len() - 2;
    let movable = command.flags.has(Flags::MOVABLE_KEYS);
    if command.keys.step == 0 && !movable {
        return Err(CommandError::text("ERR The command has no key arguments"));
    }
    if !command.accepts(words) {
        return Err(CommandError::text("ERR Invalid number of arguments specified for command"));
    }
    let keys: Vec<&[u8]> = if movable {
        movable_keys(command, call.argv)
            .ok_or(CommandError::text("ERR Invalid arguments specified for command"))?
    } else {
        keys_of(command, call.argv).collect()
    };
    call.reply.array(keys.len());
    keys.into_iter().for_each(|key| call.reply.bulk(key));
    Ok(())
}

/// As [`keys_of`], for a command whose other words say where its keys are. `None` if they do not.
fn movable_keys<'a>(command: &Command, argv: Argv<'a>) -> Option<Vec<&'a [u8]>> {
    match command.name {
        "sort" => Some(sort_keys(argv)),
        "memory" => {
            let usage = argv.get(3)?.eq_ignore_ascii_case(b"USAGE");
            argv.get(4).filter(|_| usage).map(|key| vec![key])
        }
        _ => numbered_keys(command, argv),
    }
}

/// The key, and the destination behind the last STORE. What is no option is passed over, and a
/// destination may itself be read as an option, as Redis does.
#[doc(alias = "sortGetKeys")]
fn sort_keys(argv: Argv<'_>) -> Vec<&[u8]> {
    let mut destination = None;
    let mut at = 4;
    while let Some(option) = argv.get(at) {
        let is = |name: &[u8]| option.eq_ignore_ascii_case(name);
        if is(b"STORE") {
            destination = argv.get(at + 1).or(destination);
        }
        at += if is(b"LIMIT") {
            3
        } else if is(b"GET") || is(b"BY") {
            2
        } else {
            1
        };
    }
    argv.get(3).into_iter().chain(destination).collect()
}

/// As [`keys_of`], for a command with the number of its keys among its words: those keys, and
/// behind them the destination if it has one.
#[doc(alias = "genericGetKeys")]
fn numbered_keys<'a>(command: &Command, argv: Argv<'a>) -> Option<Vec<&'a [u8]>> {
    let destination = usize::from(command.keys.first.unsigned_abs());
    let number = argv.get(destination + 3).and_then(parse_integer)?;
    let number = usize::try_from(number).ok().filter(|&number| number > 0)?;
    let sources = argv.skip(destination + 4);
    if number > sources.len() {
        return None;
    }
    let destination = argv.skip(3).take(destination);
    Some(sources.take(number).chain(destination).collect())
}

/// The keys among the words of `argv` from its third on, which are a request of their own.
fn keys_of<'a>(command: &Command, argv: Argv<'a>) -> impl Iterator<Item = &'a [u8]> {
    let place = |index: i8, words: usize| {
        let distance = usize::from(index.unsigned_abs());
        if index < 0 { words - distance } else { distance }
    };
    let words = argv.len() - 2;
    let (first, last) = (place(command.keys.first, words), place(command.keys.last, words));
    let step = usize::from(command.keys.step.unsigned_abs());
    (first..=last).step_by(step).filter_map(move |index| argv.get(index + 2))
}

pub(super) fn info<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    if call.argv.len() > 2 {
        return Err(CommandError::Syntax);
    }
    let section = call.argv.get(1).map_or_else(|| "default".to_owned(), |word| shown(word, 64));
    let text = info::render(&section.to_ascii_lowercase(), call.executor, call.facts, call.now);
    call.reply.bulk(text.as_bytes());
    Ok(Change::None)
}

/// The reply to HELP: a heading, `lines`, and HELP itself.
pub(super) fn help(reply: &mut Reply<'_>, command: &str, lines: &[&str]) {
    reply.array(lines.len() + 3);
    reply.simple(&format!("{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
    lines.iter().for_each(|line| reply.simple(line));
    reply.simple("HELP");
    reply.simple("    Prints this help.");
}
