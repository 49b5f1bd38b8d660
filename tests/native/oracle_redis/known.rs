//! What Redis 7.0, which is here to be asked, says otherwise than Redis 6.2, which is meant.
//!
//! Every entry predicts 6.2's reply from 7.0's, so it excuses nothing but that one reply. A test
//! fails if an entry was never needed. Each was seen by running 6.2.14 beside 7.0.15
//! (`AOF_LAB_SUBJECT`, see `types.rs`).

use aof_tests::client::Reply;
use aof_tests::workload::Command;

use super::compare::{How, KnownDifference};

/// What is said in other words to commands that are wrong.
pub(crate) fn of_errors() -> Vec<KnownDifference> {
    let mut differences = of_every_type();
    differences.extend([
        KnownDifference {
            reason: "7.0 allows NX together with GET",
            example: "SET k v\nSET k v NX GET",
            how: How::Says(|command, _| {
                let has = |option: &str| {
                    command.iter().any(|word| word.eq_ignore_ascii_case(option.as_bytes()))
                };
                let set = command.first()?.eq_ignore_ascii_case(b"SET");
                (set && has("NX") && has("GET")).then(|| error("ERR syntax error"))?
            }),
        },
        KnownDifference {
            reason: "7.0 quotes unknown commands and their arguments with ' and without commas",
            example: "NOSUCH a b",
            how: How::Says(|command, new| {
                text(new)?.strip_prefix("ERR unknown command '")?;
                let mut words = command.iter().map(|word| String::from_utf8_lossy(word));
                let name = words.next()?;
                let arguments: String = words.map(|word| format!("`{word}`, ")).collect();
                error(format!(
                    "ERR unknown command `{name}`, with args beginning with: {arguments}"
                ))
            }),
        },
        KnownDifference {
            reason: "7.0 sets several parameters at once and says which one failed",
            example: "CONFIG SET appendfsync nosuch",
            how: How::Says(|command, new| {
                let new = text(new)?;
                let name = String::from_utf8_lossy(command.get(2)?);
                let value = String::from_utf8_lossy(command.get(3)?);
                if new.contains("immutable config") || new.starts_with("ERR Unknown option") {
                    return error(format!("ERR Unsupported CONFIG parameter: {name}"));
                }
                let (_, why) = new.split_once("') - ")?;
                let why = why.replace("argument(s)", "argument");
                error(format!("ERR Invalid argument '{value}' for CONFIG SET '{name}' - {why}"))
            }),
        },
    ]);
    differences
}

/// What random commands of some type meet.
pub(crate) fn of_every_type() -> Vec<KnownDifference> {
    [of_texts(), of_popping(), of_scores()].into_iter().flatten().collect()
}

/// What is said in other words.
fn of_texts() -> Vec<KnownDifference> {
    vec![
        KnownDifference {
            reason: "7.0 quotes the command in the text about its expire time",
            example: "SETEX k 0 v",
            how: How::Says(|_, new| {
                let name = between(text(new)?, "ERR invalid expire time in '", "' command")?;
                error(format!("ERR invalid expire time in {name}"))
            }),
        },
        KnownDifference {
            reason: "7.0 counts the words of MSET and MSETNX in the text of every command",
            example: "MSET a 1 b",
            how: How::Says(|_, new| {
                let name = between(text(new)?, "ERR wrong number of arguments for '", "' command")?;
                let pairs = name == "mset" || name == "msetnx";
                pairs.then(|| error("ERR wrong number of arguments for MSET"))?
            }),
        },
        KnownDifference {
            reason: "7.0 has a table of subcommands, with the arity and the name of each",
            example: "OBJECT FREQ",
            how: How::Says(|command, new| {
                let Reply::Error(new) = new else { return None };
                let new = String::from_utf8_lossy(new);
                let container = String::from_utf8_lossy(command.first()?).to_uppercase();
                let name = as_c_text(command.get(1)?);
                let unknown = new.to_lowercase().starts_with("err unknown subcommand");
                let arity =
                    new.starts_with("ERR wrong number of arguments for '") && new.contains('|');
                let start = b"ERR Unknown subcommand or wrong number of arguments for '";
                let end = format!("'. Try {container} HELP.");
                let old = [start, name, end.as_bytes()].concat();
                (unknown || arity).then_some(Reply::Error(old))
            }),
        },
        KnownDifference {
            reason: "7.0 mentions negative ranks in the text about RANK 0",
            example: "LPOS k v RANK 0",
            how: How::Says(|_, new| {
                text(new)?.strip_prefix("ERR RANK can't be zero: use 1 to start")?;
                error(
                    "ERR RANK can't be zero: use 1 to start from the first match, \
                     2 from the second, ...",
                )
            }),
        },
        KnownDifference {
            reason: "7.0 quotes the command in the text about input keys that are missing",
            example: "ZINTER 0 a",
            how: How::Says(|_, new| {
                let start = "ERR at least 1 input key is needed for ";
                let name = between(text(new)?.strip_prefix(start)?, "'", "' command")?;
                error(format!("{start}{name}"))
            }),
        },
    ]
}

/// ZPOPMIN and ZPOPMAX.
fn of_popping() -> Vec<KnownDifference> {
    vec![
        KnownDifference {
            reason: "7.0 says of every bad count of ZPOPMIN and ZPOPMAX that it must be positive",
            example: "ZPOPMIN nosuch word",
            how: How::Says(|command, new| {
                let count = popped(command, new)?;
                integer(count)
                    .is_none()
                    .then(|| error("ERR value is not an integer or out of range"))?
            }),
        },
        KnownDifference {
            reason: "7.0 refuses a negative count of ZPOPMIN and ZPOPMAX, 6.2 pops nothing",
            example: "ZPOPMAX nosuch -1",
            how: How::Says(|command, new| {
                let count = integer(popped(command, new)?)?;
                (count < 0).then(|| Reply::Array(Some(Vec::new())))
            }),
        },
        KnownDifference {
            reason: "7.0 looks at the key even if ZPOPMIN and ZPOPMAX are to pop 0 members",
            example: "SET k v\nZPOPMIN k 0",
            how: How::Says(|command, new| {
                let name = command.first()?.to_ascii_uppercase();
                let wrong_type = text(new)?.starts_with("WRONGTYPE");
                let none = integer(command.get(2)?)? == 0 && name.starts_with(b"ZPOPM");
                (wrong_type && none).then(|| Reply::Array(Some(Vec::new())))
            }),
        },
    ]
}

/// How scores are shown.
fn of_scores() -> Vec<KnownDifference> {
    vec![
        KnownDifference {
            reason: "7.0 shows large whole scores in ZSCAN with all digits",
            example: "ZADD z 123456789012345680 a\nZSCAN z 0",
            how: How::Alike(|command, reply| {
                if !command.first()?.eq_ignore_ascii_case(b"ZSCAN") {
                    return None;
                }
                let pairs = reply.elements().get(1)?.elements().chunks(2);
                let words = pairs.flat_map(|pair| {
                    let score: f64 =
                        pair.get(1).map_or(0.0, |text| text.text().parse().unwrap_or(0.0));
                    let score = Reply::bulk((score + 0.0).to_string());
                    pair.first().cloned().into_iter().chain([score])
                });
                let words = Reply::Array(Some(words.collect()));
                Some(Reply::Array(Some(vec![reply.elements().first()?.clone(), words])))
            }),
        },
        KnownDifference {
            reason: "7.0 forgets the sign of zero in the scores of a small sorted set",
            example: "ZADD z -0 a\nZSCORE z a",
            how: How::Alike(|command, old| {
                let name = command.first()?.first()?;
                (name.eq_ignore_ascii_case(&b'z')).then(|| without_negative_zero(old))
            }),
        },
    ]
}

/// What 6.2 does besides otherwise than 7.0 and `aofd`.
pub(crate) fn of_two_releases() -> Vec<KnownDifference> {
    let mut differences = of_every_type();
    differences.push(KnownDifference {
        reason: "6.2 negates the smallest integer, which C does not define",
        example: "DECRBY k -9223372036854775808",
        how: How::Alike(|command, _| {
            let decrby = command.first()?.eq_ignore_ascii_case(b"DECRBY");
            (decrby && command.get(2)? == b"-9223372036854775808").then(Reply::ok)
        }),
    });
    differences
}

/// The count of ZPOPMIN and ZPOPMAX that was refused.
fn popped<'a>(command: &'a Command, new: &Reply) -> Option<&'a Vec<u8>> {
    let name = command.first()?.to_ascii_uppercase();
    let refused = text(new)? == "ERR value is out of range, must be positive";
    (refused && name.starts_with(b"ZPOPM")).then(|| command.get(2))?
}

fn without_negative_zero(reply: &Reply) -> Reply {
    match reply {
        Reply::Bulk(Some(text)) if text == b"-0" => Reply::bulk("0"),
        Reply::Array(Some(elements)) => {
            Reply::Array(Some(elements.iter().map(without_negative_zero).collect()))
        }
        other => other.clone(),
    }
}

/// A number as Redis reads it: as it would print it.
fn integer(word: &[u8]) -> Option<i64> {
    let number: i64 = std::str::from_utf8(word).ok()?.parse().ok()?;
    (number.to_string().as_bytes() == word).then_some(number)
}

/// What C prints of a word: it ends at a NUL.
fn as_c_text(word: &[u8]) -> &[u8] {
    word.split(|byte| *byte == 0).next().unwrap_or(word)
}

fn text(reply: &Reply) -> Option<&str> {
    if let Reply::Error(text) = reply { std::str::from_utf8(text).ok() } else { None }
}

/// An error reply, as something that 6.2 may say.
fn error(text: impl Into<String>) -> Option<Reply> {
    Some(Reply::Error(text.into().into_bytes()))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.strip_suffix(after)
}
