//! MEMORY: what values take, and what the process does.

use crate::command::{Call, CommandError, introspection};
use crate::info::memory::{Memory, Stat, key_memory_bytes};
use crate::number::parse_integer;
use crate::propagate::Change;

pub(super) fn memory<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let subcommand = call.word(1).to_ascii_lowercase();
    match (subcommand.as_slice(), call.argv.len()) {
        (b"usage", 3..) => usage(call)?,
        (b"stats", 2) => stats(call),
        (b"doctor", 2) => doctor(call),
        // The allocator gives pages back by itself, with time.
        (b"purge", 2) => call.reply.ok(),
        (b"malloc-stats", 2) => {
            call.reply.bulk(b"Stats not supported for the current allocator");
        }
        (b"help", 2) => introspection::help(
            &mut call.reply,
            "MEMORY",
            &[
                "DOCTOR",
                "    What is wrong with the use of memory.",
                "MALLOC-STATS",
                "    Nothing.",
                "PURGE",
                "    Nothing: memory is given back without it.",
                "STATS",
                "    Where memory goes.",
                "USAGE <key> [SAMPLES <count>]",
                "    Bytes that a key and its value take, all elements counted.",
            ],
        ),
        _ => return Err(call.unknown_subcommand()),
    }
    Ok(Change::None)
}

/// Exact: a value knows what it holds, so nothing has to be sampled. SAMPLES is read and checked.
#[doc(alias = "objectComputeSize")]
fn usage(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let mut options = call.argv.skip(3);
    while let Some(option) = options.next() {
        let count = options.next().ok_or(CommandError::Syntax)?;
        if !option.eq_ignore_ascii_case(b"SAMPLES") {
            return Err(CommandError::Syntax);
        }
        if parse_integer(count).ok_or(CommandError::NotInteger)? < 0 {
            return Err(CommandError::Syntax);
        }
    }
    let key = call.word(2);
    // Redis does not count this as a use of the key.
    if call.db().is_expired(key, call.now) {
        call.reply.null_bulk();
        return Ok(());
    }
    match call.db().get(key) {
        None => call.reply.null_bulk(),
        Some(value) => {
            let bytes = key_memory_bytes(key) + value.memory_bytes();
            call.reply.integer(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }
    Ok(())
}

/// Names and numbers in turn, those of Redis 6.2 that have a true value here.
fn stats(call: &mut Call<'_, '_>) {
    let memory = Memory::of(call.executor, call.facts);
    let fields = memory.map(|memory| memory.stats()).unwrap_or_default();
    call.reply.array(fields.len() * 2);
    for (name, value) in fields {
        call.reply.bulk(name.as_bytes());
        match value {
            Stat::Count(count) => {
                call.reply.integer(i64::try_from(count).unwrap_or(i64::MAX));
            }
            Stat::Ratio(ratio) => {
                call.reply.bulk(format!("{ratio:.2}").as_bytes());
            }
        }
    }
}

/// One sentence for each thing that is worth one.
fn doctor(call: &mut Call<'_, '_>) {
    const LITTLE_BYTES: u64 = 5 * 1024 * 1024;
    let Some(usage) = call.facts.usage() else {
        call.reply.bulk(b"Nothing is known about the memory of this process.");
        return;
    };
    let mut text = String::new();
    if usage.used_bytes < LITTLE_BYTES {
        text.push_str("This server uses less than 5 MB: too little to say anything about it.\n");
    } else {
        if usage.peak_bytes > usage.used_bytes / 2 * 3 {
            text.push_str("The peak was more than 1.5 times what is used now; the process may ");
            text.push_str("keep pages that it does not need at the moment.\n");
        }
        if usage.rss_bytes > usage.used_bytes / 5 * 7 {
            text.push_str("The process holds more than 1.4 times the memory that is used: ");
            text.push_str("fragmentation, or pages not given back yet.\n");
        }
        if usage.client_buffer_bytes > usage.used_bytes / 10 {
            text.push_str("Buffers of clients are more than a tenth of all memory.\n");
        }
        if text.is_empty() {
            text.push_str("Nothing is wrong.\n");
        }
    }
    call.reply.bulk(text.as_bytes());
}
