//! What the table says about the log, against the log.

use super::{Bench, commands};
use crate::command::{COMMANDS, Command, Flags, LogForm, lookup};

/// A command of the table, as it may be sent.
struct Sample {
    /// Commands before it, separated by semicolons.
    before: &'static str,
    line: &'static str,
    /// Names of the records that it leaves.
    records: &'static [&'static str],
}

const fn sample(
    before: &'static str,
    line: &'static str,
    records: &'static [&'static str],
) -> Sample {
    Sample { before, line, records }
}

const SAMPLES: &[Sample] = &[
    // Strings.
    sample("", "SET a 1", &["SET"]),
    sample("", "sEt a 1 NX", &["sEt"]),
    sample("", "set a 1 EX 10 GET", &["SET"]),
    sample("SET a 1", "SET a 2 GET", &["SET"]),
    sample("", "SETNX a 1", &["SETNX"]),
    sample("SET a 1", "SETNX a 1", &[]),
    sample("", "SETEX a 10 1", &["SET"]),
    sample("", "PSETEX a 10 1", &["SET"]),
    sample("", "GETSET a 1", &["SET"]),
    sample("SET a 1", "GETDEL a", &["DEL"]),
    sample("SET a 1", "GETEX a EX 10", &["PEXPIREAT"]),
    sample("SET a 1 EX 10", "GETEX a PERSIST", &["PERSIST"]),
    sample("SET a 1", "GETEX a PXAT 1", &["DEL"]),
    sample("SET a 1", "GETEX a", &[]),
    sample("", "APPEND a 1", &["APPEND"]),
    sample("", "SETRANGE a 1 x", &["SETRANGE"]),
    sample("", "MSET a 1 b 2", &["MSET"]),
    sample("", "MSETNX a 1 b 2", &["MSETNX"]),
    sample("", "INCR a", &["INCR"]),
    sample("", "DECR a", &["DECR"]),
    sample("", "INCRBY a 2", &["INCRBY"]),
    sample("", "DECRBY a 2", &["DECRBY"]),
    sample("", "INCRBYFLOAT a 2", &["SET"]),
    // Lists.
    sample("", "LPUSH l a b", &["LPUSH"]),
    sample("", "RPUSH l a b", &["RPUSH"]),
    sample("RPUSH l a", "LPUSHX l b", &["LPUSHX"]),
    sample("", "LPUSHX l b", &[]),
    sample("RPUSH l a", "RPUSHX l b", &["RPUSHX"]),
    sample("RPUSH l a b", "LPOP l 5", &["LPOP"]),
    sample("", "LPOP l", &[]),
    sample("RPUSH l a b", "RPOP l", &["RPOP"]),
    sample("RPUSH l a b", "LSET l 0 c", &["LSET"]),
    sample("RPUSH l a b", "LINSERT l BEFORE b c", &["LINSERT"]),
    sample("RPUSH l a b", "LINSERT l BEFORE x c", &[]),
    sample("RPUSH l a b", "LREM l 0 a", &["LREM"]),
    sample("RPUSH l a b", "LREM l 0 x", &[]),
    sample("RPUSH l a b", "LTRIM l 0 0", &["LTRIM"]),
    sample("RPUSH l a b", "LMOVE l d LEFT RIGHT", &["LMOVE"]),
    sample("RPUSH l a b", "RPOPLPUSH l d", &["RPOPLPUSH"]),
    sample("", "RPOPLPUSH l d", &[]),
    // Hashes.
    sample("", "HSET h a 1 b 2", &["HSET"]),
    sample("HSET h a 1", "HSET h a 1", &["HSET"]),
    sample("", "HMSET h a 1 b 2", &["HMSET"]),
    sample("", "HSETNX h a 1", &["HSETNX"]),
    sample("HSET h a 1", "HSETNX h a 1", &[]),
    sample("", "HINCRBY h a 1", &["HINCRBY"]),
    sample("", "hincrbyfloat h a 1", &["HSET"]),
    sample("HSET h a 1", "HDEL h a b", &["HDEL"]),
    sample("HSET h a 1", "HDEL h b", &[]),
    // Sets.
    sample("", "SADD s a b", &["SADD"]),
    sample("SADD s a", "SADD s a", &[]),
    sample("SADD s a", "SREM s a b", &["SREM"]),
    sample("SADD s a", "SREM s b", &[]),
    sample("SADD s a b", "SMOVE s d a", &["SMOVE"]),
    sample("SADD s a", "SMOVE s s a", &[]),
    sample("SADD s a b", "SPOP s", &["SREM"]),
    sample("SADD s a", "spop s", &["SREM"]),
    sample("SADD s a", "SPOP s 1", &["DEL"]),
    sample("SADD s a b", "SPOP s 1", &["SREM"]),
    sample("SADD s a b c", "SPOP s 2", &["MULTI", "SREM", "SREM", "EXEC"]),
    sample("SADD s a b c", "SPOP s 0", &[]),
    sample("SADD s a", "SINTERSTORE d s", &["SINTERSTORE"]),
    sample("SADD d a", "SINTERSTORE d s", &["SINTERSTORE"]),
    sample("", "SINTERSTORE d s", &[]),
    sample("SADD s a", "SUNIONSTORE d s", &["SUNIONSTORE"]),
    sample("SADD d a", "SUNIONSTORE d s", &["SUNIONSTORE"]),
    sample("SADD s a", "SDIFFSTORE d s", &["SDIFFSTORE"]),
    sample("", "SDIFFSTORE d s", &[]),
    // Sorted sets.
    sample("", "zAdd z 1 a 2 b", &["zAdd"]),
    sample("ZADD z 1 a", "ZADD z CH 2 a", &["ZADD"]),
    sample("ZADD z 1 a", "ZADD z 1 a", &[]),
    sample("ZADD z 1 a", "ZADD z NX 2 a", &[]),
    sample("", "ZADD z XX 2 a", &[]),
    sample("", "ZADD z INCR 2 a", &["ZADD"]),
    sample("", "ZINCRBY z 2 a", &["ZINCRBY"]),
    sample("ZADD z 1 a", "ZINCRBY z 0 a", &[]),
    sample("ZADD z 1 a", "ZREM z a b", &["ZREM"]),
    sample("ZADD z 1 a", "ZREM z b", &[]),
    sample("ZADD z 1 a 2 b", "ZREMRANGEBYRANK z 0 0", &["ZREMRANGEBYRANK"]),
    sample("ZADD z 1 a 2 b", "ZREMRANGEBYSCORE z 1 2", &["ZREMRANGEBYSCORE"]),
    sample("ZADD z 1 a 2 b", "ZREMRANGEBYSCORE z 3 4", &[]),
    sample("ZADD z 0 a 0 b", "ZREMRANGEBYLEX z [a [a", &["ZREMRANGEBYLEX"]),
    sample("ZADD z 1 a", "ZPOPMIN z", &["ZPOPMIN"]),
    sample("ZADD z 1 a", "ZPOPMIN z 0", &[]),
    sample("ZADD z 1 a", "ZPOPMAX z 5", &["ZPOPMAX"]),
    sample("", "ZPOPMAX z", &[]),
    sample("ZADD z 1 a", "ZRANGESTORE y z 0 -1", &["ZRANGESTORE"]),
    sample("ZADD y 1 a", "ZRANGESTORE y z 0 -1", &["ZRANGESTORE"]),
    sample("", "ZRANGESTORE y z 0 -1", &[]),
    sample("ZADD z 1 a", "ZUNIONSTORE y 1 z", &["ZUNIONSTORE"]),
    sample("", "ZUNIONSTORE y 1 z", &[]),
    sample("ZADD z 1 a", "ZINTERSTORE y 2 z z", &["ZINTERSTORE"]),
    sample("ZADD z 1 a", "ZDIFFSTORE y 1 z", &["ZDIFFSTORE"]),
    sample("ZADD z 1 a;ZADD y 1 a", "ZDIFFSTORE y 2 z z", &["ZDIFFSTORE"]),
    // Keys of any type.
    sample("SET a 1", "DEL a b", &["DEL"]),
    sample("", "DEL a b", &[]),
    sample("SET a 1", "UNLINK a b", &["UNLINK"]),
    sample("SET a 1", "RENAME a b", &["RENAME"]),
    sample("SET a 1", "RENAMENX a b", &["RENAMENX"]),
    sample("SET a 1", "MOVE a 1", &["MOVE"]),
    sample("", "MOVE a 1", &[]),
    sample("SET a 1", "COPY a b", &["COPY"]),
    sample("MSET a 1 b 2", "COPY a b", &[]),
    sample("RPUSH a 1", "SORT a STORE b", &["SORT"]),
    sample("RPUSH a 1", "SORT a", &[]),
    sample("SET b 1", "SORT a STORE b", &["SORT"]),
    sample("", "SORT a STORE b", &[]),
    sample("SET a 1", "FLUSHDB", &["FLUSHDB"]),
    sample("", "FLUSHDB", &[]),
    sample("", "FLUSHALL", &["FLUSHALL"]),
    sample("SET a 1", "EXPIRE a 10", &["PEXPIREAT"]),
    sample("SET a 1", "EXPIRE a -1", &["DEL"]),
    sample("SET a 1", "PEXPIRE a 10", &["PEXPIREAT"]),
    sample("SET a 1", "PEXPIRE a -1", &["DEL"]),
    sample("SET a 1", "EXPIREAT a 10000000000", &["PEXPIREAT"]),
    sample("SET a 1", "EXPIREAT a 1", &["DEL"]),
    sample("SET a 1", "PEXPIREAT a 10000000000000", &["PEXPIREAT"]),
    sample("SET a 1", "PEXPIREAT a 1", &["DEL"]),
    sample("SET a 1 EX 10", "PERSIST a", &["PERSIST"]),
    sample("SET a 1", "MOVE a 5", &["MOVE"]),
    sample("RPUSH l 2 1", "SORT l STORE d", &["SORT"]),
    sample("RPUSH l 2 1", "SORT l", &[]),
    sample("RPUSH d 2 1", "SORT l STORE d", &["SORT"]),
];

/// The records that a sample leaves, without the SELECT in front of the first one.
fn records(sample: &Sample) -> Vec<Vec<String>> {
    let mut bench = Bench::default();
    for line in sample.before.split(';').filter(|line| !line.is_empty()) {
        let reply = bench.step(line);
        assert!(!reply.starts_with('-'), "{line}: {reply}");
    }
    let start = bench.log.len();
    let reply = bench.step(sample.line);
    assert!(!reply.starts_with('-'), "{}: {reply}", sample.line);
    let mut records = commands(&bench.log[start..]);
    records.retain(|record| record[0] != "SELECT");
    records
}

/// Whether a record has a form of the table: words in lower case vary, three dots stand for any
/// number of words, and the command's own name may be written in any case.
fn has_form(record: &[String], form: &str, command: &Command) -> bool {
    let mut words = record.iter();
    for (index, expected) in form.split(' ').enumerate() {
        if expected == "..." {
            return true;
        }
        let Some(word) = words.next() else { return false };
        let fits = if expected.bytes().any(|byte| byte.is_ascii_lowercase()) {
            index > 0 || word.eq_ignore_ascii_case(command.name)
        } else {
            word == expected
        };
        if !fits {
            return false;
        }
    }
    words.next().is_none()
}

fn command_of(sample: &Sample) -> &'static Command {
    let name = sample.line.split(' ').next().unwrap();
    lookup(name.as_bytes()).unwrap_or_else(|| panic!("{name} is no command"))
}

#[test]
fn every_sample_leaves_what_the_table_says() {
    for sample in SAMPLES {
        let command = command_of(sample);
        let records = records(sample);
        let names: Vec<&str> = records.iter().map(|record| record[0].as_str()).collect();
        assert_eq!(names, sample.records, "{} after {:?}", sample.line, sample.before);
        for record in records.iter().filter(|record| !matches!(&*record[0], "MULTI" | "EXEC")) {
            let allowed = match command.log {
                LogForm::Never => false,
                LogForm::AsSent => record.join(" ") == sample.line,
                LogForm::Rewritten(forms) => {
                    forms.iter().any(|form| has_form(record, form, command))
                }
            };
            assert!(allowed, "{record:?} of {} is not in the table", sample.line);
        }
    }
}

/// Every command that may write has a sample, and so has every form of its records.
#[test]
fn every_form_of_the_table_has_a_sample() {
    for command in COMMANDS {
        let mut left: Vec<Vec<String>> = Vec::new();
        for sample in SAMPLES.iter().filter(|sample| std::ptr::eq(command_of(sample), command)) {
            left.extend(records(sample));
        }
        let name = command.name;
        assert_eq!(command.log != LogForm::Never, command.flags.has(Flags::WRITE), "{name}");
        match command.log {
            LogForm::Never => assert!(left.is_empty(), "{name}"),
            LogForm::AsSent => assert!(!left.is_empty(), "{name} has no sample"),
            LogForm::Rewritten(forms) => {
                for form in forms {
                    let sampled = left.iter().any(|record| has_form(record, form, command));
                    assert!(sampled, "{name} has no sample of {form:?}");
                }
            }
        }
    }
}
