use super::{Bench, START};
use crate::resp::OwnedArgv;

fn took(bench: &mut Bench, words: &[&str], micros: u64, limit: u64) {
    let argv = OwnedArgv::from_words(words);
    let client = ("127.0.0.1:5".to_owned(), &b"me"[..]);
    bench.executor.slowlog.push(argv.as_argv(), micros, START, client, limit);
}

#[test]
fn entries_have_the_fields_of_redis() {
    let mut bench = Bench::default();
    took(&mut bench, &["GET", "a"], 12_345, 128);
    took(&mut bench, &["AUTH", "secret"], 10_000, 128);
    assert_eq!(
        bench.step("SLOWLOG GET"),
        "[[:1, :1795226400, :10000, [\"AUTH\", \"(redacted)\"], \"127.0.0.1:5\", \"me\"], \
         [:0, :1795226400, :12345, [\"GET\", \"a\"], \"127.0.0.1:5\", \"me\"]]"
    );
    for (line, reply) in [
        ("SLOWLOG LEN", ":2"),
        ("SLOWLOG GET 0", "[]"),
        ("SLOWLOG GET x", "-ERR value is not an integer or out of range"),
        ("SLOWLOG RESET", "+OK"),
        ("SLOWLOG LEN", ":0"),
        ("SLOWLOG GET", "[]"),
        (
            "SLOWLOG WHAT",
            "-ERR Unknown subcommand or wrong number of arguments for 'WHAT'. Try SLOWLOG HELP.",
        ),
    ] {
        assert_eq!(bench.step(line), reply, "{line}");
    }
    // Numbers go on after RESET.
    took(&mut bench, &["PING"], 1, 128);
    assert!(bench.step("SLOWLOG GET 1").starts_with("[[:2, "));
}

#[test]
fn long_commands_are_cut() {
    let mut bench = Bench::default();
    let long = "x".repeat(300);
    let mut words = vec!["RPUSH"; 40];
    words[1] = &long;
    took(&mut bench, &words, 1, 128);
    let shown = bench.step("SLOWLOG GET");
    assert!(shown.contains(&format!("\"{}... (172 more bytes)\"", "x".repeat(128))), "{shown}");
    assert!(shown.contains("\"... (9 more arguments)\""), "{shown}");
    let kept = bench.executor.slowlog.commands()[0].words.len();
    assert_eq!(kept, 32);
    took(&mut bench, &["RPUSH"; 32], 1, 128);
    assert!(!bench.step("SLOWLOG GET 1").contains("more arguments"));
}

#[test]
fn only_the_newest_are_kept() {
    let mut bench = Bench::default();
    for _ in 0..10 {
        took(&mut bench, &["PING"], 1, 3);
    }
    assert_eq!(bench.step("SLOWLOG LEN"), ":3");
    assert!(bench.step("SLOWLOG GET 1").starts_with("[[:9, "));
    assert!(bench.step("SLOWLOG GET -1").contains("[:7, "), "a negative count is all");
    took(&mut bench, &["PING"], 1, 0);
    assert_eq!(bench.step("SLOWLOG LEN"), ":0");
}
