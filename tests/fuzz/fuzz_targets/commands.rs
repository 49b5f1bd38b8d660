//! Commands of a client: nothing panics, every reply is well-formed RESP, and the log that they
//! leave loads as the dataset that they made.
//!
//! The input is what a client sends, inline or as arrays. `@ 1500` lets 1,500 ms go by, `@ x`
//! lets another client speak.
#![no_main]

use aof_core::config::Config;
use aof_core::execute::{Executor, NoFacts};
use aof_core::keyspace::Keyspace;
use aof_core::load::Loader;
use aof_core::propagate::{Propagation, PropagationState};
use aof_core::resp::{Argv, Decoded, Decoder, Limits};
use aof_core::session::Session;
use aof_core::units::{ClientId, Millis};
use libfuzzer_sys::fuzz_target;

/// Longest string that a command may make.
const STRING_LIMIT_BYTES: u64 = 64 * 1024;

/// Most commands of one input.
const COMMANDS: usize = 300;

struct Bench {
    executor: Executor,
    sessions: [Session; 2],
    speaker: usize,
    now: u64,
    state: PropagationState,
    log: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let mut config = Config { proto_max_bulk_len: STRING_LIMIT_BYTES, ..Config::default() };
        // Small, so that both forms of every collection and the changes between them are met.
        config.hash_max_ziplist_entries = 4;
        config.set_max_intset_entries = 4;
        config.zset_max_ziplist_entries = 4;
        config.list_max_ziplist_size = 4;
        let executor = Executor::new(config, Keyspace::new(7), 7);
        let sessions = [Session::new(ClientId(1)), Session::new(ClientId(2))];
        let state = PropagationState::default();
        Self { executor, sessions, speaker: 0, now: 1_700_000_000_000, state, log: Vec::new() }
    }

    fn take(&mut self, argv: Argv<'_>) {
        if argv.name() == b"@" {
            let argument = argv.get(1).and_then(|word| str::from_utf8(word).ok());
            match argument.and_then(|word| word.parse::<u32>().ok()) {
                Some(millis) => {
                    self.now += u64::from(millis);
                    let mut log = Propagation::new(&mut self.state, &mut self.log);
                    self.executor.expire_cycle(Millis(self.now), &mut log);
                }
                None => self.speaker = 1 - self.speaker,
            }
            return;
        }
        let mut reply = Vec::new();
        let session = &mut self.sessions[self.speaker];
        let mut log = Propagation::new(&mut self.state, &mut self.log);
        let now = Millis(self.now);
        let done = self.executor.execute(session, argv, now, &NoFacts, &mut reply, &mut log);
        let mut rest = reply.as_slice();
        for _ in 0..done.replies {
            rest = skip_reply(rest).unwrap_or_else(|| {
                panic!("{} is answered with {}", shown(argv), reply.escape_ascii())
            });
        }
        assert!(rest.is_empty(), "{} gets more: {}", shown(argv), rest.escape_ascii());
        // CONFIG SET may have raised it.
        self.executor.config.proto_max_bulk_len = STRING_LIMIT_BYTES;
    }

    /// The log must say what memory went through.
    fn judge(&self) {
        let mut executor = Executor::new(Config::default(), Keyspace::new(3), 3);
        // Nothing in the log may be relative to the time at which it is loaded.
        executor.set_load_time(Millis(self.now + 1_000_000_000));
        let mut loader = Loader::new(executor);
        loader.feed(&self.log);
        let log = || self.log.escape_ascii().to_string();
        let loaded = loader.finish().unwrap_or_else(|error| panic!("{error}: {}", log()));
        assert!(loaded.cut.is_none(), "{:?}: {}", loaded.cut, log());
        let (mine, its) = (&self.executor.keyspace, &loaded.executor.keyspace);
        if mine.content_digest() == its.content_digest() {
            return;
        }
        for (number, database) in mine.databases() {
            for entry in database.iter() {
                let held = its.db(number).entry(entry.key);
                assert_eq!(Some(entry), held, "db {number}, left memory, right log: {}", log());
            }
        }
        assert_eq!(mine.len(), its.len(), "the log leaves keys that memory lacks: {}", log());
        panic!("equal datasets have different digests: {}", log());
    }
}

/// What is behind one whole reply.
fn skip_reply(reply: &[u8]) -> Option<&[u8]> {
    let (&kind, rest) = reply.split_first()?;
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let (line, mut rest) = (&rest[..end], &rest[end + 2..]);
    let number = || str::from_utf8(line).ok()?.parse::<i64>().ok();
    match kind {
        b'+' | b'-' => Some(rest),
        b':' => number().map(|_| rest),
        b'$' | b'*' if number()? == -1 => Some(rest),
        b'$' => {
            let length = usize::try_from(number()?).ok()?;
            rest.get(length..)?.strip_prefix(b"\r\n")
        }
        b'*' => {
            for _ in 0..number()? {
                rest = skip_reply(rest)?;
            }
            Some(rest)
        }
        _ => None,
    }
}

fn shown(argv: Argv<'_>) -> String {
    let words: Vec<String> = argv.iter().map(|word| word.escape_ascii().to_string()).collect();
    words.join(" ")
}

fuzz_target!(|data: &[u8]| {
    let mut bench = Bench::new();
    let mut decoder =
        Decoder::new(Limits { bulk_bytes: STRING_LIMIT_BYTES, unauthenticated: false });
    let mut rest = data;
    for _ in 0..COMMANDS {
        let consumed = match decoder.decode(rest) {
            Decoded::Command { argv, consumed } => {
                bench.take(argv);
                consumed
            }
            Decoded::Empty { consumed } => consumed,
            Decoded::NeedMore | Decoded::Malformed(_) => break,
        };
        rest = &rest[consumed..];
    }
    bench.judge();
});
