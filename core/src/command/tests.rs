//! Every family against the replies and the log that Redis 6.2 gives.

mod authentication;
mod client;
mod connection;
mod debug;
mod expire;
mod hashes;
mod info;
mod keys;
mod lists;
mod log_forms;
mod memory;
mod rewrite;
mod server;
mod sets;
mod slowlog;
mod sort;
mod sorted_sets;
mod strings;
mod table;
mod transactions;

use std::collections::BTreeMap;

use crate::config::Config;
use crate::execute::{
    AofFacts, ClientFacts, Executed, Executor, Facts, Refusal, Request, ServerFacts,
};
use crate::keyspace::Keyspace;
use crate::peer::Peer;
use crate::propagate::{Propagation, PropagationState};
use crate::resp::{Decoded, Decoder, Limits, OwnedArgv};
use crate::session::Session;
use crate::units::{ClientId, Errno, Millis};
use crate::usage::Usage;

/// When every script begins: a Saturday in November 2026.
pub(crate) const START: Millis = Millis(1_795_226_400_000);

/// A server without sockets and disk: some clients, a clock, and a log in memory.
pub(crate) struct Bench {
    pub(crate) executor: Executor,
    pub(crate) sessions: BTreeMap<u64, Session>,
    pub(crate) state: PropagationState,
    pub(crate) log: Vec<u8>,
    pub(crate) now: Millis,
    pub(crate) units: Vec<usize>,
    pub(crate) requests: Vec<Request>,
    pub(crate) refusal: Option<Errno>,
    pub(crate) usage: Option<Usage>,
    pub(crate) aof: AofFacts,
}

struct BenchFacts<'a> {
    refusal: Option<Errno>,
    others: &'a BTreeMap<u64, Session>,
    usage: Option<Usage>,
    aof: AofFacts,
}

impl Facts for BenchFacts<'_> {
    fn refusal(&self) -> Option<Refusal> {
        self.refusal.map(|errno| Refusal { errno })
    }
    fn aof(&self) -> AofFacts {
        self.aof
    }
    fn clients(&self) -> ClientFacts {
        ClientFacts { connected: self.others.len() as u64 + 1, received: 9, held_bytes: 0 }
    }
    fn server(&self) -> ServerFacts {
        ServerFacts { started: START }
    }
    fn usage(&self) -> Option<Usage> {
        self.usage
    }
    fn other_sessions(&self, visit: &mut dyn FnMut(&Session, u64)) {
        self.others.values().for_each(|session| visit(session, 0));
    }
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            executor: Executor::new(Config::default(), Keyspace::new(1), 1),
            sessions: BTreeMap::new(),
            state: PropagationState::default(),
            log: Vec::new(),
            now: START,
            units: Vec::new(),
            requests: Vec::new(),
            refusal: None,
            usage: None,
            aof: AofFacts {
                enabled: true,
                current_size_bytes: 42,
                delayed_syncs: 7,
                ..AofFacts::default()
            },
        }
    }
}

impl Bench {
    /// Runs words for client `id`, which connects when it is new.
    pub(crate) fn run_words<W: AsRef<[u8]>>(&mut self, id: u64, words: &[W]) -> Vec<u8> {
        let argv = OwnedArgv::from_words(words);
        let new = || Session::connected_at(ClientId(id), Peer::Simulated, START);
        let mut session = self.sessions.remove(&id).unwrap_or_else(new);
        let mut reply = Vec::new();
        let facts = BenchFacts {
            refusal: self.refusal,
            others: &self.sessions,
            usage: self.usage,
            aof: self.aof,
        };
        let mut log = Propagation::new(&mut self.state, &mut self.log);
        let Executed { replies, requests } = self.executor.execute(
            &mut session,
            argv.as_argv(),
            self.now,
            &facts,
            &mut reply,
            &mut log,
        );
        assert_eq!(replies == 0, reply.is_empty(), "the count of replies is wrong");
        self.units.extend(log.units());
        self.requests.extend(requests.into_iter().map(|asked| asked.request));
        self.sessions.insert(id, session);
        reply
    }

    /// One step of a script: `2> GET a` is client 2 (1 without a number), `+500` lets 500 ms
    /// pass, `cycle` runs the active expiry cycle. Quotes as in an inline request.
    pub(crate) fn step(&mut self, line: &str) -> String {
        if let Some(milliseconds) = line.strip_prefix('+') {
            self.now.0 += milliseconds.parse::<u64>().unwrap();
            return String::new();
        }
        if line == "cycle" {
            let mut log = Propagation::new(&mut self.state, &mut self.log);
            let deleted = self.executor.expire_cycle(self.now, &mut log);
            self.units.extend(log.units());
            return deleted.to_string();
        }
        let (id, line) = match line.split_once("> ") {
            Some((id, line)) => (id.parse().unwrap(), line),
            None => (1, line),
        };
        let input = format!("{line}\r\n");
        let mut decoder = Decoder::new(Limits::default());
        let Decoded::Command { argv, .. } = decoder.decode(input.as_bytes()) else {
            panic!("{line:?} is no command");
        };
        let words: Vec<Vec<u8>> = argv.iter().map(<[u8]>::to_vec).collect();
        show(&self.run_words(id, &words))
    }

    /// The log as lines of words.
    pub(crate) fn log_lines(&self) -> Vec<String> {
        commands(&self.log).iter().map(|words| words.join(" ")).collect()
    }

    /// The content of a fresh executor that replays the log.
    pub(crate) fn replayed(&self) -> Executor {
        let mut executor = Executor::new(Config::default(), Keyspace::new(2), 2);
        let mut session = Session::new(ClientId(0));
        let mut decoder = Decoder::new(Limits::default());
        let mut rest = &self.log[..];
        while !rest.is_empty() {
            let Decoded::Command { argv, consumed } = decoder.decode(rest) else {
                panic!("the log is cut");
            };
            assert!(argv.canonical().is_some(), "the log is not canonical");
            if !matches!(argv.name(), b"MULTI" | b"EXEC") {
                executor.replay(&mut session, argv).unwrap();
            }
            rest = &rest[consumed..];
        }
        executor
    }
}

/// The commands of a log.
pub(crate) fn commands(log: &[u8]) -> Vec<Vec<String>> {
    let mut decoder = Decoder::new(Limits::default());
    let mut rest = log;
    let mut commands = Vec::new();
    while !rest.is_empty() {
        let Decoded::Command { argv, consumed } = decoder.decode(rest) else {
            panic!("the log is cut: {rest:?}");
        };
        commands.push(argv.iter().map(|word| String::from_utf8_lossy(word).into()).collect());
        rest = &rest[consumed..];
    }
    commands
}

/// A reply as one short text: `+OK`, `-ERR …`, `:1`, `"bulk"`, `nil`, `[…, …]`, `[nil]`.
pub(crate) fn show(reply: &[u8]) -> String {
    if reply.is_empty() {
        return "(none)".to_owned();
    }
    let (text, rest) = show_one(reply);
    assert!(rest.is_empty(), "more than one reply: {:?}", String::from_utf8_lossy(reply));
    text
}

fn show_one(reply: &[u8]) -> (String, &[u8]) {
    let end = reply.windows(2).position(|pair| pair == b"\r\n").expect("a line end");
    let line = String::from_utf8_lossy(&reply[..end]).into_owned();
    let mut rest = &reply[end + 2..];
    let length = || line[1..].parse::<i64>().unwrap();
    let text = match (reply[0], reply[0] == b'$' || reply[0] == b'*') {
        (b'$', _) if length() < 0 => "nil".to_owned(),
        (b'*', _) if length() < 0 => "[nil]".to_owned(),
        (b'$', _) => {
            let length = usize::try_from(length()).unwrap();
            let bulk = String::from_utf8_lossy(&rest[..length]).into_owned();
            assert_eq!(&rest[length..length + 2], b"\r\n");
            rest = &rest[length + 2..];
            format!("{bulk:?}")
        }
        (b'*', _) => {
            let mut items = Vec::new();
            for _ in 0..length() {
                let (item, after) = show_one(rest);
                items.push(item);
                rest = after;
            }
            format!("[{}]", items.join(", "))
        }
        _ => line,
    };
    (text, rest)
}

/// Runs a script of (command, reply) and compares the whole log. `{}` in a log line stands for
/// [`START`]; `{+500}` for 500 ms later. Then replays the log and compares the datasets.
#[track_caller]
pub(crate) fn check(script: &[(&str, &str)], log: &[&str]) {
    let mut bench = Bench::default();
    for (line, expected) in script {
        assert_eq!(bench.step(line), *expected, "reply to {line:?}");
    }
    let expected: Vec<String> = log.iter().map(|line| with_times(line)).collect();
    assert_eq!(bench.log_lines(), expected, "the log");
    assert_eq!(
        bench.replayed().keyspace.content_digest(),
        bench.executor.keyspace.content_digest(),
        "the replayed dataset"
    );
    assert_units(&bench);
}

/// Units end where commands end, never inside a transaction, and the last one ends the log.
#[track_caller]
fn assert_units(bench: &Bench) {
    assert!(bench.units.is_sorted(), "units are out of order");
    assert_eq!(bench.units.last().copied().unwrap_or(0), bench.log.len(), "the last unit");
    let mut start = 0;
    for &end in &bench.units {
        let names: Vec<String> =
            commands(&bench.log[start..end]).into_iter().map(|words| words[0].clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let body = names.strip_prefix(&["SELECT"]).unwrap_or(&names);
        let transaction = body.first() == Some(&"MULTI") && body.last() == Some(&"EXEC");
        assert!(body.len() == 1 || transaction, "{names:?} is no unit");
        start = end;
    }
}

fn with_times(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split(' ') {
        let time = word.strip_prefix('{').and_then(|word| word.strip_suffix('}'));
        words.push(match time {
            Some("") => START.0.to_string(),
            Some(later) => (START.0 + later[1..].parse::<u64>().unwrap()).to_string(),
            None => word.to_owned(),
        });
    }
    words.join(" ")
}
