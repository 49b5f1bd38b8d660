use super::super::{Bench, check};
use super::WRONG_TYPE;

#[test]
fn unions_intersections_differences() {
    let mut bench = Bench::default();
    bench.step("ZADD x 1 a 2 b 3 c");
    bench.step("ZADD y 10 b 20 c 30 d");
    bench.step("SADD s c d e");
    bench.step("ZADD i inf a -inf b 0 c");
    for (line, expected) in [
        ("ZUNION 2 x y WITHSCORES", "a 1 b 12 c 23 d 30"),
        ("ZUNION 2 x y", "a b c d"),
        ("ZUNION 3 x nosuch s withscores", "a 1 d 1 e 1 b 2 c 4"),
        ("ZINTER 2 x y WITHSCORES", "b 12 c 23"),
        ("ZINTER 3 x y s WITHSCORES", "c 24"),
        ("ZINTER 2 x nosuch", ""),
        ("ZINTER 1 s WITHSCORES", "c 1 d 1 e 1"),
        ("ZINTER 2 x x WITHSCORES", "a 2 b 4 c 6"),
        ("ZDIFF 2 x y WITHSCORES", "a 1"),
        ("ZDIFF 2 y s WITHSCORES", "b 10"),
        ("ZDIFF 3 s x nosuch WITHSCORES", "d 1 e 1"),
        ("ZDIFF 2 x x", ""),
        ("ZDIFF 2 nosuch x", ""),
        ("ZUNION 2 x y WEIGHTS 2 -1 AGGREGATE MIN WITHSCORES", "d -30 c -20 b -10 a 2"),
        ("ZUNION 2 x y weights 2 -1 aggregate max withscores", "d -30 a 2 b 4 c 6"),
        ("ZINTER 2 x y WEIGHTS 1 0.5 WITHSCORES", "b 7 c 13"),
        (
            "ZUNION 2 x y AGGREGATE SUM AGGREGATE MAX WEIGHTS 1 1 WEIGHTS 0 inf WITHSCORES",
            "a 0 b inf c inf d inf",
        ),
        ("ZUNION 1 i WEIGHTS 0 WITHSCORES", "a 0 b 0 c 0"),
        ("ZUNION 2 i i WEIGHTS 1 -1 WITHSCORES", "a 0 b 0 c 0"),
    ] {
        let words: Vec<String> =
            expected.split_whitespace().map(|word| format!("{word:?}")).collect();
        assert_eq!(bench.step(line), format!("[{}]", words.join(", ")), "{line}");
    }
}

#[test]
fn stored() {
    check(
        &[
            ("ZADD x 1 a 2 b 3 c", ":3"),
            ("ZADD y 10 b", ":1"),
            ("SET d 1 PX 1000", "+OK"),
            ("zunionstore d 2 x y", ":3"),
            ("PTTL d", ":-1"),
            ("ZRANGE d 0 -1 WITHSCORES", "[\"a\", \"1\", \"c\", \"3\", \"b\", \"12\"]"),
            ("ZINTERSTORE d 2 x y WEIGHTS 2 3 AGGREGATE MAX", ":1"),
            ("ZRANGE d 0 -1 WITHSCORES", "[\"b\", \"30\"]"),
            ("ZDIFFSTORE x 2 x y", ":2"),
            ("ZRANGE x 0 -1", "[\"a\", \"c\"]"),
            ("ZINTERSTORE d 2 x y", ":0"),
            ("EXISTS d", ":0"),
            ("ZINTERSTORE d 2 x y", ":0"),
            ("ZUNIONSTORE d 1 nosuch", ":0"),
        ],
        &[
            "SELECT 0",
            "ZADD x 1 a 2 b 3 c",
            "ZADD y 10 b",
            "SET d 1 PXAT {+1000}",
            "zunionstore d 2 x y",
            "ZINTERSTORE d 2 x y WEIGHTS 2 3 AGGREGATE MAX",
            "ZDIFFSTORE x 2 x y",
            "ZINTERSTORE d 2 x y",
        ],
    );
}

#[test]
fn what_is_wrong_with_the_words() {
    check(
        &[
            ("ZUNION 0 a", "-ERR at least 1 input key is needed for zunion"),
            ("ZDIFF -1 a", "-ERR at least 1 input key is needed for zdiff"),
            ("ZUNIONSTORE d 0 a", "-ERR at least 1 input key is needed for zunionstore"),
            ("ZINTER x a", "-ERR value is not an integer or out of range"),
            ("ZUNION 2 a", "-ERR syntax error"),
            ("ZUNION 9223372036854775807 a", "-ERR syntax error"),
            ("ZUNION 1 a WEIGHTS", "-ERR syntax error"),
            ("ZUNION 1 a WEIGHTS x", "-ERR weight value is not a float"),
            ("ZUNION 1 a AGGREGATE foo", "-ERR syntax error"),
            ("ZUNION 1 a AGGREGATE", "-ERR syntax error"),
            ("ZDIFF 1 a WEIGHTS 1", "-ERR syntax error"),
            ("ZDIFF 1 a AGGREGATE SUM", "-ERR syntax error"),
            ("ZDIFFSTORE d 1 a WITHSCORES", "-ERR syntax error"),
            ("ZUNIONSTORE d 1 a WITHSCORES", "-ERR syntax error"),
            ("SET str 1", "+OK"),
            ("ZUNION 2 a str nonsense", WRONG_TYPE),
            ("ZINTERSTORE d 2 nosuch str", WRONG_TYPE),
            ("ZUNIONSTORE str 1 nosuch", ":0"),
            ("EXISTS str", ":0"),
        ],
        &["SELECT 0", "SET str 1", "ZUNIONSTORE str 1 nosuch"],
    );
}

/// Sums go from the smallest source to the largest, so they do not depend on how keys are named.
#[test]
fn the_smallest_source_comes_first() {
    check(
        &[
            ("ZADD one 1e16 a 1 b 1 c", ":3"),
            ("ZADD two 1 a 1 b", ":2"),
            ("ZADD three 1 a", ":1"),
            (
                "ZUNION 3 one two three WITHSCORES",
                "[\"c\", \"1\", \"b\", \"2\", \"a\", \"10000000000000002\"]",
            ),
            ("ZINTER 3 three one two WITHSCORES", "[\"a\", \"10000000000000002\"]"),
        ],
        &["SELECT 0", "ZADD one 1e16 a 1 b 1 c", "ZADD two 1 a 1 b", "ZADD three 1 a"],
    );
}

/// Keys whose time has come are deleted before a command that stores.
#[test]
fn expired_sources() {
    check(
        &[
            ("ZADD x 1 a", ":1"),
            ("PEXPIRE x 5", ":1"),
            ("ZADD d 1 a", ":1"),
            ("PEXPIRE d 5", ":1"),
            ("+6", ""),
            ("ZUNIONSTORE d 1 x", ":0"),
            ("DBSIZE", ":0"),
        ],
        &[
            "SELECT 0",
            "ZADD x 1 a",
            "PEXPIREAT x {+5}",
            "ZADD d 1 a",
            "PEXPIREAT d {+5}",
            "DEL x",
            "ZUNIONSTORE d 1 x",
        ],
    );
}

#[test]
fn keys_of_commands_with_a_number_of_keys() {
    check(
        &[
            ("COMMAND GETKEYS ZUNION 2 a b WITHSCORES", "[\"a\", \"b\"]"),
            ("COMMAND GETKEYS ZUNIONSTORE d 2 a b WEIGHTS 1 2", "[\"a\", \"b\", \"d\"]"),
            ("COMMAND GETKEYS ZRANGESTORE d a 0 -1", "[\"d\", \"a\"]"),
            ("COMMAND GETKEYS ZUNION 3 a b", "-ERR Invalid arguments specified for command"),
            (
                "COMMAND INFO zdiff",
                "[[\"zdiff\", :-3, [+readonly, +movablekeys], :0, :0, :0, \
                 [+@read, +@sortedset, +@slow]]]",
            ),
        ],
        &[],
    );
}
