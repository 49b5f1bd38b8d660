use super::WRONG_TYPE;
use super::{Bench, check};

const FILL: &str = "ZADD z 1 a 2 b 2 c 3.5 d inf e -inf f";

#[test]
fn by_rank() {
    check(
        &[
            (FILL, ":6"),
            ("ZRANGE z 0 -1", "[\"f\", \"a\", \"b\", \"c\", \"d\", \"e\"]"),
            ("ZRANGE z 0 1 WITHSCORES", "[\"f\", \"-inf\", \"a\", \"1\"]"),
            ("ZRANGE z -2 9", "[\"d\", \"e\"]"),
            ("ZRANGE z -99 0", "[\"f\"]"),
            ("ZRANGE z 3 2", "[]"),
            ("ZRANGE z 6 9", "[]"),
            ("ZRANGE z 0 -9223372036854775808", "[]"),
            (
                "ZRANGE z -9223372036854775808 9223372036854775807 REV",
                "[\"e\", \"d\", \"c\", \"b\", \"a\", \"f\"]",
            ),
            ("ZRANGE z 0 1 rev withscores", "[\"e\", \"inf\", \"d\", \"3.5\"]"),
            ("ZREVRANGE z 0 1 WITHSCORES", "[\"e\", \"inf\", \"d\", \"3.5\"]"),
            ("ZREVRANGE z -1 -1", "[\"f\"]"),
            ("ZRANGE nosuch 0 -1", "[]"),
            ("ZRANGE z 0 -1 limit 0 -1", "[\"f\", \"a\", \"b\", \"c\", \"d\", \"e\"]"),
            (
                "ZRANGE z 0 -1 LIMIT 0 1",
                "-ERR syntax error, LIMIT is only supported in combination with either BYSCORE \
                 or BYLEX",
            ),
            ("ZRANGE z 0 -1 LIMIT 0", "-ERR syntax error"),
            ("ZRANGE z 0 -1 LIMIT 0 x", "-ERR value is not an integer or out of range"),
            ("ZRANGE z 0 -1 REV REV", "-ERR syntax error"),
            ("ZREVRANGE z 0 1 REV", "-ERR syntax error"),
            ("ZREVRANGE z 0 1 BYSCORE", "-ERR syntax error"),
            ("ZRANGE z x -1", "-ERR value is not an integer or out of range"),
            ("SET str 1", "+OK"),
            ("ZRANGE str x -1", "-ERR value is not an integer or out of range"),
            ("ZRANGE str 0 -1", WRONG_TYPE),
        ],
        &["SELECT 0", FILL, "SET str 1"],
    );
}

#[test]
fn by_score() {
    let float = "-ERR min or max is not a float";
    check(
        &[
            (FILL, ":6"),
            ("ZRANGEBYSCORE z -inf +inf", "[\"f\", \"a\", \"b\", \"c\", \"d\", \"e\"]"),
            ("ZRANGEBYSCORE z (-inf (inf", "[\"a\", \"b\", \"c\", \"d\"]"),
            ("ZRANGEBYSCORE z 2 2 WITHSCORES", "[\"b\", \"2\", \"c\", \"2\"]"),
            ("ZRANGEBYSCORE z (1 3.5", "[\"b\", \"c\", \"d\"]"),
            ("ZRANGEBYSCORE z 2 (2", "[]"),
            ("ZRANGEBYSCORE z 3 2", "[]"),
            ("ZRANGEBYSCORE z 0 1e999 LIMIT 1 2", "[\"b\", \"c\"]"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT -1 2", "[]"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 4 -2", "[\"d\", \"e\"]"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 1 0", "[]"),
            ("ZRANGEBYSCORE z -inf +inf LIMIT 6 1", "[]"),
            ("ZREVRANGEBYSCORE z +inf (1 WITHSCORES LIMIT 1 2", "[\"d\", \"3.5\", \"c\", \"2\"]"),
            ("ZREVRANGEBYSCORE z 1 2", "[]"),
            ("ZRANGE z 2 1 BYSCORE REV", "[\"c\", \"b\", \"a\"]"),
            ("ZRANGE z 1 2 BYSCORE REV", "[]"),
            ("ZRANGE z (1 2 byscore limit 1 5", "[\"c\"]"),
            ("ZRANGE z 0 1 BYSCORE BYLEX", "-ERR syntax error"),
            ("ZRANGEBYSCORE z 0 1 REV", "-ERR syntax error"),
            ("ZRANGEBYSCORE z (a 1", float),
            ("ZRANGEBYSCORE z \"1 \" 2", float),
            ("ZRANGEBYSCORE z nan 2", float),
            ("ZRANGEBYSCORE z \"\" \" 1\"", "[\"a\"]"),
            ("ZCOUNT z -inf +inf", ":6"),
            ("ZCOUNT z (1 (3.5", ":2"),
            ("ZCOUNT z 9 1", ":0"),
            ("ZCOUNT nosuch 0 1", ":0"),
            ("ZCOUNT nosuch a b", float),
            ("SET str 1", "+OK"),
            ("ZCOUNT str a b", float),
            ("ZCOUNT str 0 1", WRONG_TYPE),
        ],
        &["SELECT 0", FILL, "SET str 1"],
    );
}

#[test]
fn by_bytes() {
    let item = "-ERR min or max not valid string range item";
    check(
        &[
            ("ZADD z 0 a 0 ab 0 b 0 c 0 \"\"", ":5"),
            ("ZRANGEBYLEX z - +", "[\"\", \"a\", \"ab\", \"b\", \"c\"]"),
            ("ZRANGEBYLEX z [a (b", "[\"a\", \"ab\"]"),
            ("ZRANGEBYLEX z (a [b", "[\"ab\", \"b\"]"),
            ("ZRANGEBYLEX z [ (a", "[\"\"]"),
            ("ZRANGEBYLEX z + -", "[]"),
            ("ZRANGEBYLEX z + +", "[]"),
            ("ZRANGEBYLEX z - -", "[]"),
            ("ZRANGEBYLEX z [b [a", "[]"),
            ("ZRANGEBYLEX z - + LIMIT 1 2", "[\"a\", \"ab\"]"),
            ("ZREVRANGEBYLEX z + - LIMIT 0 2", "[\"c\", \"b\"]"),
            ("ZREVRANGEBYLEX z (c [a", "[\"b\", \"ab\", \"a\"]"),
            ("ZRANGE z + - BYLEX REV LIMIT 3 9", "[\"a\", \"\"]"),
            (
                "ZRANGE z - + BYLEX WITHSCORES",
                "-ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ),
            (
                "ZRANGEBYLEX z - + WITHSCORES",
                "-ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ),
            ("ZRANGEBYLEX z a b", item),
            ("ZRANGEBYLEX z \"\" [b", item),
            ("ZRANGEBYLEX z ++ -", item),
            ("ZLEXCOUNT z - +", ":5"),
            ("ZLEXCOUNT z (a +", ":3"),
            ("ZLEXCOUNT nosuch - +", ":0"),
            ("ZLEXCOUNT z a b", item),
        ],
        &["SELECT 0", "ZADD z 0 a 0 ab 0 b 0 c 0 "],
    );
}

#[test]
fn stored() {
    check(
        &[
            (FILL, ":6"),
            ("ZRANGESTORE d z 1 3", ":3"),
            ("ZRANGE d 0 -1 WITHSCORES", "[\"a\", \"1\", \"b\", \"2\", \"c\", \"2\"]"),
            ("EXPIRE d 100", ":1"),
            ("zrangestore d z (1 +inf byscore limit 1 1", ":1"),
            ("TTL d", ":-1"),
            ("ZRANGE d 0 -1", "[\"c\"]"),
            ("ZRANGESTORE d z 0 -1 WITHSCORES", "-ERR syntax error"),
            ("ZRANGESTORE d z 100 200", ":0"),
            ("EXISTS d", ":0"),
            ("ZRANGESTORE d z 100 200", ":0"),
            ("SET d 1", "+OK"),
            ("ZRANGESTORE d nosuch 0 -1", ":0"),
            ("EXISTS d", ":0"),
            ("ZRANGESTORE z z 0 0 REV", ":1"),
            ("ZRANGE z 0 -1", "[\"e\"]"),
            ("SET str 1", "+OK"),
            ("ZRANGESTORE z str 0 -1", WRONG_TYPE),
            ("ZRANGESTORE str z 0 -1", ":1"),
        ],
        &[
            "SELECT 0",
            FILL,
            "ZRANGESTORE d z 1 3",
            "PEXPIREAT d {+100000}",
            "zrangestore d z (1 +inf byscore limit 1 1",
            "ZRANGESTORE d z 100 200",
            "SET d 1",
            "ZRANGESTORE d nosuch 0 -1",
            "ZRANGESTORE z z 0 0 REV",
            "SET str 1",
            "ZRANGESTORE str z 0 -1",
        ],
    );
}

/// Bounds of members mean nothing where scores differ, but what is removed must not depend on the
/// form of the set: a log is loaded with the form that the settings of the day give.
#[test]
fn bounds_of_members_do_not_depend_on_the_form() {
    let ends = ["-", "+", "[a", "(b", "[c", "(d", "[e"];
    for scores in ["1 a 1 b 1 c 1 d 1 e", "1 e 2 d 3 c 4 b 5 a", "2 a 1 b 3 c 1 d 2 e", "7 c"] {
        for (least, most) in ends.iter().flat_map(|least| ends.map(|most| (least, most))) {
            let removed = [0, 128].map(|packed_members| {
                let mut bench = Bench::default();
                bench.executor.config.zset_max_ziplist_entries = packed_members;
                bench.step(&format!("ZADD z {scores}"));
                let found = bench.step(&format!("ZRANGEBYLEX z {least} {most}"));
                let count = bench.step(&format!("ZLEXCOUNT z {least} {most}"));
                let removed = bench.step(&format!("ZREMRANGEBYLEX z {least} {most}"));
                assert_eq!(count, removed);
                (found, removed, bench.step("ZRANGE z 0 -1"))
            });
            assert_eq!(removed[0], removed[1], "{scores}: {least} {most}");
        }
    }
}
