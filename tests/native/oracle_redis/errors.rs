//! Commands that are wrong, or nearly.

use aof_tests::workload::{Command, words};

/// Name, and the number of words that it may have: exactly (positive) or at least (negative), as
/// the command table of Redis states it.
const ARITIES: &[(&str, i32)] = &[
    ("PING", -1),
    ("ECHO", 2),
    ("SELECT", 2),
    ("SET", -3),
    ("GET", 2),
    ("GETSET", 3),
    ("GETDEL", 2),
    ("GETEX", -2),
    ("SETNX", 3),
    ("SETEX", 4),
    ("PSETEX", 4),
    ("MSET", -3),
    ("MSETNX", -3),
    ("MGET", -2),
    ("APPEND", 3),
    ("STRLEN", 2),
    ("INCR", 2),
    ("INCRBY", 3),
    ("DECR", 2),
    ("DECRBY", 3),
    ("INCRBYFLOAT", 3),
    ("GETRANGE", 4),
    ("SUBSTR", 4),
    ("SETRANGE", 4),
    ("DEL", -2),
    ("UNLINK", -2),
    ("EXISTS", -2),
    ("TYPE", 2),
    ("EXPIRE", -3),
    ("PEXPIRE", -3),
    ("EXPIREAT", -3),
    ("PEXPIREAT", -3),
    ("TTL", 2),
    ("PTTL", 2),
    ("PERSIST", 2),
    ("RENAME", 3),
    ("RENAMENX", 3),
    ("KEYS", 2),
    ("SCAN", -2),
    ("RANDOMKEY", 1),
    ("DBSIZE", 1),
    ("FLUSHDB", -1),
    ("FLUSHALL", -1),
    ("MULTI", 1),
    ("EXEC", 1),
    ("DISCARD", 1),
    ("WATCH", -2),
    ("UNWATCH", 1),
    ("LPUSH", -3),
    ("RPUSH", -3),
    ("LPUSHX", -3),
    ("RPUSHX", -3),
    ("LPOP", -2),
    ("RPOP", -2),
    ("LRANGE", 4),
    ("LLEN", 2),
    ("LINDEX", 3),
    ("LSET", 4),
    ("LINSERT", 5),
    ("LREM", 4),
    ("LTRIM", 4),
    ("LMOVE", 5),
    ("RPOPLPUSH", 3),
    ("LPOS", -3),
    ("HSET", -4),
    ("HMSET", -4),
    ("HSETNX", 4),
    ("HGET", 3),
    ("HMGET", -3),
    ("HGETALL", 2),
    ("HDEL", -3),
    ("HEXISTS", 3),
    ("HLEN", 2),
    ("HKEYS", 2),
    ("HVALS", 2),
    ("HSTRLEN", 3),
    ("HINCRBY", 4),
    ("HINCRBYFLOAT", 4),
    ("HSCAN", -3),
    ("HRANDFIELD", -2),
    ("SADD", -3),
    ("SREM", -3),
    ("SMEMBERS", 2),
    ("SISMEMBER", 3),
    ("SMISMEMBER", -3),
    ("SCARD", 2),
    ("SPOP", -2),
    ("SRANDMEMBER", -2),
    ("SMOVE", 4),
    ("SINTER", -2),
    ("SUNION", -2),
    ("SDIFF", -2),
    ("SINTERSTORE", -3),
    ("SUNIONSTORE", -3),
    ("SDIFFSTORE", -3),
    ("SSCAN", -3),
    ("ZADD", -4),
    ("ZREM", -3),
    ("ZSCORE", 3),
    ("ZMSCORE", -3),
    ("ZINCRBY", 4),
    ("ZCARD", 2),
    ("ZCOUNT", 4),
    ("ZRANK", 3),
    ("ZREVRANK", 3),
    ("ZRANGE", -4),
    ("ZRANGESTORE", -5),
    ("ZREVRANGE", -4),
    ("ZRANGEBYSCORE", -4),
    ("ZREVRANGEBYSCORE", -4),
    ("ZRANGEBYLEX", -4),
    ("ZREVRANGEBYLEX", -4),
    ("ZLEXCOUNT", 4),
    ("ZREMRANGEBYRANK", 4),
    ("ZREMRANGEBYSCORE", 4),
    ("ZREMRANGEBYLEX", 4),
    ("ZPOPMIN", -2),
    ("ZPOPMAX", -2),
    ("ZUNION", -3),
    ("ZINTER", -3),
    ("ZDIFF", -3),
    ("ZUNIONSTORE", -4),
    ("ZINTERSTORE", -4),
    ("ZDIFFSTORE", -4),
    ("ZSCAN", -3),
    ("ZRANDMEMBER", -2),
    ("MOVE", 3),
    ("COPY", -3),
    ("TOUCH", -2),
    ("SORT", -2),
    ("TIME", 1),
];

/// Commands with one place for a number, marked `#`.
const NUMBERS: &[&str] = &[
    "INCRBY n #",
    "DECRBY n #",
    "INCRBYFLOAT n #",
    "SETEX k # v",
    "PSETEX k # v",
    "SET k v EX #",
    "SET k v PX #",
    "SET k v EXAT #",
    "SET k v PXAT #",
    "GETEX k EX #",
    "GETEX k PX #",
    "GETEX k EXAT #",
    "GETEX k PXAT #",
    "EXPIRE k #",
    "PEXPIRE k #",
    "EXPIREAT k #",
    "PEXPIREAT k #",
    "GETRANGE k # 5",
    "GETRANGE k 0 #",
    "SETRANGE k # v",
    "SCAN 0 COUNT #",
    "SELECT #",
];

/// What is put there.
const BAD_NUMBERS: &[&str] = &[
    "abc",
    "1.5",
    "0x10",
    "+1",
    "01",
    "1e3",
    "-0",
    "0",
    "-1",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "9223372036854775",
    "nan",
    "inf",
    "-inf",
    "1.7e4932",
];

/// Written by hand: options that exclude one another, things out of range, transactions.
const BY_HAND: &str = "
    NOSUCH
    NOSUCH a b c
    nosuch aVeryLongArgumentThatIsLongerThanTheOthers b
    GET
    SET k v NX XX
    SET k v XX NX
    SET k v EX
    SET k v EX 10 PX 10
    SET k v EX 10 KEEPTTL
    SET k v KEEPTTL EX 10
    SET k v PXAT 10 EXAT 10
    SET k v NOSUCH
    SET k v GET GET
    SET k v NX GET
    SET k v GET NX
    SET k v PERSIST
    SET fresh v XX GET
    SET k v EX 10 EX 10
    GETEX k EX
    GETEX k EX 10 PX 10
    GETEX k PERSIST EX 10
    GETEX k NOSUCH
    GETEX k KEEPTTL
    GETEX k PERSIST PERSIST
    GETEX nosuch EX 0
    MSET a 1 b
    MSETNX a 1 b
    INCR text
    DECR text
    INCRBY text 1
    INCRBYFLOAT text 1
    SETRANGE k 536870912 v
    SETRANGE k 536870911 vv
    SETRANGE k -1 v
    SETRANGE nosuch 536870912 v
    GETRANGE k a b
    RENAME nosuch other
    RENAMENX nosuch other
    RENAME nosuch nosuch
    SCAN abc
    SCAN 0 MATCH
    SCAN 0 COUNT
    SCAN 0 COUNT 0
    SCAN 0 COUNT -1
    SCAN 0 NOSUCH 1
    SCAN 0 TYPE
    SCAN 1.5
    SCAN 0x10
    SCAN 1e3
    SCAN 18446744073709551616
    SCAN -18446744073709551616
    SCAN 0 COUNT 1.5
    SELECT 16
    SELECT -1
    SELECT 1.0
    SELECT abc
    FLUSHDB NOSUCH
    FLUSHALL NOSUCH
    FLUSHALL ASYNC SYNC
    EXEC
    DISCARD
    MULTI
    MULTI
    WATCH k
    NOSUCH
    SET k
    EXEC
    MULTI
    SET k v
    INCR text
    GET k
    EXEC
    MULTI
    SELECT 99
    EXEC
    MULTI
    GET
    DISCARD
    EXEC
    WATCH
    PING a b
    OBJECT
    OBJECT ENCODING
    OBJECT FREQ k
    OBJECT FREQ k k
    OBJECT NOSUCH k
    MEMORY
    MEMORY USAGE
    MEMORY USAGE k SAMPLES
    MEMORY USAGE k SAMPLES -1
    MEMORY NOSUCH
    CONFIG SET appendfsync nosuch
    CONFIG SET nosuch 1
    CONFIG SET appendfsync
    CONFIG GET
    CONFIG NOSUCH
    CONFIG SET appendfilename other.aof
    CLIENT NOSUCH
    DEBUG NOSUCH
";

/// At least 300 commands that are wrong, or nearly.
pub(crate) fn cases() -> Vec<Command> {
    let mut cases = vec![words("SET k value"), words("SET text word"), words("SET n 10")];
    for (name, arity) in ARITIES {
        let mut command = vec![name.to_ascii_lowercase().into_bytes()];
        let least = usize::try_from(arity.unsigned_abs()).unwrap_or(1);
        while command.len() + 1 < least {
            command.push(b"a".to_vec());
        }
        if command.len() < least {
            cases.push(command.clone());
        }
        if *arity > 0 {
            command.resize(least + 1, b"a".to_vec());
            cases.push(command);
        }
    }
    for command in NUMBERS {
        for number in BAD_NUMBERS {
            // A changed `k` or `n` would hide what the next case is about.
            cases.extend([words("SET k value"), words("SET n 10")]);
            cases.push(words(&command.replace('#', number)));
        }
    }
    // A blank inside a number, which a line of words cannot hold.
    for number in [" 1", "1 ", ""] {
        cases.push(vec![b"INCRBY".to_vec(), b"n".to_vec(), number.into()]);
        cases.push(vec![b"INCRBYFLOAT".to_vec(), b"n".to_vec(), number.into()]);
        cases.push(vec![b"EXPIRE".to_vec(), b"k".to_vec(), number.into()]);
    }
    cases.push(words("SELECT 0"));
    for line in BY_HAND.lines().filter(|line| !line.trim().is_empty()) {
        cases.push(words(line));
    }
    cases
}
