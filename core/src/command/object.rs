//! OBJECT: how a value is held.
//!
//! What it says is true of this server, in the words that clients know: `listpack` for what is
//! packed, `quicklist` for a list in chunks, and so on. Integers are strings like any other here,
//! so none is `int`. Every value has one owner. Access times and frequencies cost memory in each
//! entry and would serve eviction only, which does not exist here: asking for them is an error, as
//! it is in Redis for the one of the two that its policy does not track.

use crate::command::introspection::help;
use crate::command::{Call, CommandError};
use crate::propagate::Change;

#[doc(alias = "objectCommand")]
pub(super) fn object<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let subcommand = call.word(1).to_ascii_lowercase();
    match (subcommand.as_slice(), call.argv.len()) {
        (b"help", 2) => {
            help(&mut call.reply, "OBJECT", HELP);
            return Ok(Change::None);
        }
        (b"encoding" | b"freq" | b"idletime" | b"refcount", 3) => {}
        _ => return Err(call.unknown_subcommand()),
    }
    let Some(value) = call.read(call.word(2)) else {
        call.reply.null_bulk();
        return Ok(Change::None);
    };
    match subcommand.as_slice() {
        b"encoding" => {
            let encoding = value.encoding();
            call.reply.bulk(encoding.as_bytes());
        }
        b"refcount" => call.reply.integer(1),
        b"freq" => return Err(CommandError::text(NO_FREQUENCY)),
        _ => return Err(CommandError::text(NO_IDLE_TIME)),
    }
    Ok(Change::None)
}

/// Redis's text for every policy but LFU.
const NO_FREQUENCY: &str = "ERR An LFU maxmemory policy is not selected, access frequency not \
    tracked. Please note that when switching between policies at runtime LRU and LFU data will \
    take some time to adjust.";

/// Redis tracks one of the two always, so it has no text for this.
const NO_IDLE_TIME: &str =
    "ERR idle time not tracked: this server evicts nothing and keeps no access times";

const HELP: &[&str] = &[
    "ENCODING <key>",
    "    How the value of a key is held.",
    "FREQ <key>",
    "    An error: access frequency is not tracked.",
    "IDLETIME <key>",
    "    An error: idle time is not tracked.",
    "REFCOUNT <key>",
    "    The number of owners of a value: always 1.",
];
