//! The property that everything rests on: the log says exactly what memory went through.

use crate::command::COMMANDS;
use crate::command::tests::{Bench, START, commands};
use crate::random::Random;

/// A few keys, so that commands meet each other's work.
const KEYS: [&str; 5] = ["a", "b", "c", "d", "key:with a blank"];

struct Script {
    random: Random,
}

impl Script {
    fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn key(&mut self) -> String {
        self.pick(&KEYS).to_owned()
    }

    fn value(&mut self) -> String {
        match self.below(6) {
            0 => String::new(),
            1 => "9223372036854775807".to_owned(),
            2 => "1.5e3".to_owned(),
            3 => "x".repeat(usize::try_from(self.below(60)).unwrap()),
            _ => self.below(100).to_string(),
        }
    }

    /// A time near now, also before it.
    fn time(&mut self, now: u64, seconds: bool) -> String {
        let near = self.below(4_000);
        let time = if self.below(2) == 0 { now + near } else { now - near };
        if seconds { time / 1000 } else { time }.to_string()
    }

    fn duration(&mut self) -> String {
        self.pick(&["-1", "0", "1", "2", "3", "20", "1500"]).to_owned()
    }

    /// One request: some shape of a write or read, sometimes with wrong words.
    fn request(&mut self, now: u64) -> Vec<String> {
        let (key, other, value) = (self.key(), self.key(), self.value());
        let mut words: Vec<String> = match self.below(34) {
            0..=3 => vec!["SET".into(), key, value],
            4 | 5 => vec!["SET".into(), key, value, "PX".into(), self.duration()],
            6 => vec!["set".into(), key, value, "EXAT".into(), self.time(now, true), "GET".into()],
            7 => vec!["SET".into(), key, value, self.pick(&["KEEPTTL", "NX", "XX", "GET"]).into()],
            8 => vec!["SETEX".into(), key, self.duration(), value],
            9 => vec!["PSETEX".into(), key, self.duration(), value],
            10 => vec!["SETNX".into(), key, value],
            11 => vec!["GETSET".into(), key, value],
            12 => vec!["GETDEL".into(), key],
            13 => vec!["GETEX".into(), key, "PX".into(), self.duration()],
            14 => vec!["GETEX".into(), key, "PXAT".into(), self.time(now, false)],
            15 => vec!["GETEX".into(), key, "PERSIST".into()],
            16 => vec!["MSET".into(), key, value.clone(), other, value],
            17 => vec!["MSETNX".into(), key, value.clone(), other, value],
            18 => vec!["APPEND".into(), key, value],
            19 => vec!["SETRANGE".into(), key, self.below(10).to_string(), value],
            20 => vec!["INCRBY".into(), key, value],
            21 => vec![self.pick(&["INCR", "DECR"]).into(), key],
            22 => vec!["INCRBYFLOAT".into(), key, self.pick(&["0.1", "-3e2", "inf", "x"]).into()],
            23 => vec![self.pick(&["DEL", "UNLINK"]).into(), key, other],
            24 => vec![self.pick(&["RENAME", "RENAMENX"]).into(), key, other],
            25 => vec!["EXPIRE".into(), key, self.duration()],
            26 => vec!["PEXPIRE".into(), key, self.duration()],
            27 => vec!["EXPIREAT".into(), key, self.time(now, true)],
            28 => vec!["PEXPIREAT".into(), key, self.time(now, false)],
            29 => vec!["PERSIST".into(), key],
            30 => vec![self.pick(&["GET", "TTL", "TYPE", "STRLEN"]).into(), key],
            31 => vec!["SELECT".into(), self.below(3).to_string()],
            32 => vec![self.pick(&["RANDOMKEY", "DBSIZE", "FLUSHDB", "WHAT"]).into()],
            _ => vec!["SCAN".into(), "0".into()],
        };
        if self.below(25) == 0 {
            words.push(self.pick(&["NX", "x", ""]).to_owned());
        }
        words
    }
}

/// Runs a random script of three clients, with transactions, WATCH, time and the active cycle.
fn run(seed: u64, steps: u32) -> Bench {
    let mut script = Script { random: Random::new(seed) };
    let mut bench = Bench::default();
    for _ in 0..steps {
        let client = 1 + script.below(3);
        let reply = match script.below(30) {
            0 => bench.run_words(client, &["MULTI"]),
            1 | 2 => bench.run_words(client, &["EXEC"]),
            3 => bench.run_words(client, &["WATCH", &script.key()]),
            4 => {
                bench.step("cycle");
                continue;
            }
            5..=8 => {
                bench.now.0 += script.below(900);
                continue;
            }
            9 if script.below(10) == 0 => bench.run_words(client, &["FLUSHALL"]),
            _ => {
                let request = script.request(bench.now.0);
                bench.run_words(client, &request)
            }
        };
        assert!(reply.ends_with(b"\r\n"), "seed {seed}: no whole reply");
    }
    bench
}

/// Replaying the log into a fresh executor gives the same keys, values and expiry times.
#[test]
fn the_log_gives_the_same_dataset() {
    let mut records = 0;
    let mut transactions = 0;
    for seed in 0..400 {
        let bench = run(seed, 250);
        let replayed = bench.replayed();
        assert_eq!(
            replayed.keyspace.content_digest(),
            bench.executor.keyspace.content_digest(),
            "seed {seed}, log:\n{}",
            bench.log_lines().join("\n")
        );
        records += bench.units.len();
        transactions += bench.log_lines().iter().filter(|line| *line == "EXEC").count();
    }
    // The scripts do enough for the test to mean something.
    assert!(records > 20_000 && transactions > 500, "{records} records, {transactions} EXECs");
}

/// At the end of every unit the log so far gives the dataset that memory had then.
#[test]
fn every_unit_is_a_state_that_memory_had() {
    for seed in 1_000..1_060 {
        let mut script = Script { random: Random::new(seed) };
        let mut bench = Bench::default();
        for _ in 0..120 {
            let client = 1 + script.below(2);
            match script.below(12) {
                0 => bench.now.0 += script.below(900),
                1 => drop(bench.run_words(client, &["MULTI"])),
                2 => drop(bench.run_words(client, &["EXEC"])),
                _ => {
                    let request = script.request(bench.now.0);
                    bench.run_words(client, &request);
                }
            }
            assert_eq!(bench.units.last().copied().unwrap_or(0), bench.log.len());
            assert_eq!(
                bench.replayed().keyspace.content_digest(),
                bench.executor.keyspace.content_digest(),
                "seed {seed} after:\n{}",
                bench.log_lines().join("\n")
            );
        }
    }
}

/// The same script gives the same bytes, replies and state.
#[test]
fn two_runs_agree() {
    let digest = |bench: &Bench| {
        let mut digest = crate::digest::Digest::new();
        bench.executor.digest_into(&mut digest);
        bench.sessions.values().for_each(|session| session.digest_into(&mut digest));
        digest.finish()
    };
    for seed in 0..20 {
        let (one, other) = (run(seed, 300), run(seed, 300));
        assert_eq!(one.log, other.log, "seed {seed}");
        assert_eq!(digest(&one), digest(&other), "seed {seed}");
    }
}

/// No relative time, no increment of a float, no GET reaches the log, whatever was asked.
#[test]
fn the_log_holds_effects_only() {
    const FORMS: [&str; 22] = [
        "SELECT",
        "MULTI",
        "EXEC",
        "SET",
        "SETNX",
        "MSET",
        "MSETNX",
        "APPEND",
        "SETRANGE",
        "INCR",
        "DECR",
        "INCRBY",
        "DECRBY",
        "DEL",
        "UNLINK",
        "RENAME",
        "RENAMENX",
        "PEXPIREAT",
        "PERSIST",
        "FLUSHDB",
        "FLUSHALL",
        "set",
    ];
    for seed in 2_000..2_100 {
        for words in commands(&run(seed, 200).log) {
            assert!(FORMS.contains(&words[0].as_str()), "seed {seed}: {words:?}");
            let relative = words.iter().skip(3).any(|word| matches!(&**word, "PX" | "EX" | "GET"));
            assert!(!relative || words[0] == "MSET", "seed {seed}: {words:?}");
        }
    }
}

/// Random words after every command's name: no panic, one reply, and a log that replays.
#[test]
fn no_words_make_a_command_panic() {
    const WORDS: [&str; 24] = [
        "",
        "a",
        "b",
        "0",
        "1",
        "-1",
        "9223372036854775807",
        "-9223372036854775808",
        "1e400",
        "EX",
        "PX",
        "NX",
        "XX",
        "GET",
        "KEEPTTL",
        "PERSIST",
        "ID",
        "TYPE",
        "normal",
        "SKIPME",
        "yes",
        "COUNT",
        "MATCH",
        "*",
    ];
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut bench = Bench::default();
        for command in COMMANDS {
            let mut words = vec![command.name];
            for _ in 0..random.below(6) {
                words.push(WORDS[usize::try_from(random.below(WORDS.len() as u64)).unwrap()]);
            }
            bench.run_words(1, &words);
            bench.run_words(1, &["client", "reply", "on"]);
            if random.below(4) == 0 {
                bench.run_words(1, &["exec"]);
            }
        }
        bench.now.0 = START.0 + 5;
        assert_eq!(
            bench.replayed().keyspace.content_digest(),
            bench.executor.keyspace.content_digest(),
            "seed {seed}"
        );
    }
}
