//! A client that does nothing wrong: it has keys of its own, knows what they must be, and checks
//! every reply.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aof_tests::client::{Client, Reply};
use aof_tests::wait;
use aof_tests::workload::{Command, Random};

use super::behaviour::PASSWORD;

/// Who waits so long is not served. Far from any time that a busy machine makes.
pub(super) const STALL: Duration = Duration::from_secs(120);

/// Keys of each type.
const KEYS: u64 = 12;
/// Elements of a list, then it is cut.
const LONGEST_LIST: usize = 40;

/// What its keys hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Model {
    strings: BTreeMap<String, Vec<u8>>,
    counters: BTreeMap<String, i64>,
    lists: BTreeMap<String, Vec<Vec<u8>>>,
    hashes: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
}

/// A change or a question.
#[derive(Clone, Debug)]
enum Deed {
    Set(String, Vec<u8>),
    Append(String, Vec<u8>),
    Get(String),
    Delete(String),
    Add(String, i64),
    Push(String, Vec<u8>),
    Cut(String),
    Range(String),
    SetField(String, String, Vec<u8>),
    GetField(String, String),
    /// All or nothing.
    Together(Vec<Deed>),
}

fn words(parts: &[&[u8]]) -> Command {
    parts.iter().map(|part| part.to_vec()).collect()
}

fn simple(text: &str) -> Reply {
    Reply::Simple(text.as_bytes().to_vec())
}

fn count(number: usize) -> Reply {
    Reply::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

impl Deed {
    fn draw(random: &mut Random, name: &str, alone: bool) -> Self {
        let number = random.below(KEYS);
        let key = |kind: &str| format!("honest:{name}:{kind}:{number}");
        let value = |random: &mut Random| {
            let length = if random.one_in(20) { 4_000 } else { random.below(80) };
            let byte = |random: &mut Random| u8::try_from(random.below(256)).unwrap_or(0);
            (0..length).map(|_| byte(random)).collect::<Vec<u8>>()
        };
        let field = |random: &mut Random| format!("field:{}", random.below(10));
        match random.below(if alone { 12 } else { 11 }) {
            0 | 1 => Self::Set(key("string"), value(random)),
            2 => Self::Append(key("string"), value(random)),
            3 => Self::Get(key("string")),
            4 => Self::Delete(key("string")),
            5 | 6 => Self::Add(key("counter"), i64::try_from(random.below(100)).unwrap_or(0) - 50),
            7 => Self::Push(key("list"), value(random)),
            8 => Self::Range(key("list")),
            9 => Self::SetField(key("hash"), field(random), value(random)),
            10 => Self::GetField(key("hash"), field(random)),
            _ => Self::Together(
                (0..random.below(6)).map(|_| Self::draw(random, name, false)).collect(),
            ),
        }
    }

    fn commands(&self) -> Vec<Command> {
        let one = |parts: &[&[u8]]| vec![words(parts)];
        match self {
            Self::Set(key, value) => one(&[b"SET", key.as_bytes(), value]),
            Self::Append(key, value) => one(&[b"APPEND", key.as_bytes(), value]),
            Self::Get(key) => one(&[b"GET", key.as_bytes()]),
            Self::Delete(key) => one(&[b"DEL", key.as_bytes()]),
            Self::Add(key, by) => one(&[b"INCRBY", key.as_bytes(), by.to_string().as_bytes()]),
            Self::Push(key, value) => one(&[b"RPUSH", key.as_bytes(), value]),
            Self::Cut(key) => {
                let from = format!("-{LONGEST_LIST}");
                one(&[b"LTRIM", key.as_bytes(), from.as_bytes(), b"-1"])
            }
            Self::Range(key) => one(&[b"LRANGE", key.as_bytes(), b"0", b"-1"]),
            Self::SetField(key, field, value) => {
                one(&[b"HSET", key.as_bytes(), field.as_bytes(), value])
            }
            Self::GetField(key, field) => one(&[b"HGET", key.as_bytes(), field.as_bytes()]),
            Self::Together(deeds) => {
                let mut commands = one(&[b"MULTI"]);
                commands.extend(deeds.iter().flat_map(Self::commands));
                commands.push(words(&[b"EXEC"]));
                commands
            }
        }
    }
}

impl Model {
    /// Does it, and says what the server must answer.
    fn apply(&mut self, deed: &Deed) -> Vec<Reply> {
        let reply = match deed {
            Deed::Set(key, value) => {
                self.strings.insert(key.clone(), value.clone());
                Reply::ok()
            }
            Deed::Append(key, more) => {
                let value = self.strings.entry(key.clone()).or_default();
                value.extend_from_slice(more);
                count(value.len())
            }
            Deed::Get(key) => Reply::Bulk(self.strings.get(key).cloned()),
            Deed::Delete(key) => count(usize::from(self.strings.remove(key).is_some())),
            Deed::Add(key, by) => {
                let counter = self.counters.entry(key.clone()).or_default();
                *counter += by;
                Reply::Integer(*counter)
            }
            Deed::Push(key, value) => {
                let list = self.lists.entry(key.clone()).or_default();
                list.push(value.clone());
                count(list.len())
            }
            Deed::Cut(key) => {
                if let Some(list) = self.lists.get_mut(key) {
                    list.drain(..list.len().saturating_sub(LONGEST_LIST));
                }
                Reply::ok()
            }
            Deed::Range(key) => {
                let list = self.lists.get(key).cloned().unwrap_or_default();
                Reply::Array(Some(list.into_iter().map(Reply::bulk).collect()))
            }
            Deed::SetField(key, field, value) => {
                let hash = self.hashes.entry(key.clone()).or_default();
                count(usize::from(hash.insert(field.clone(), value.clone()).is_none()))
            }
            Deed::GetField(key, field) => {
                Reply::Bulk(self.hashes.get(key).and_then(|hash| hash.get(field)).cloned())
            }
            Deed::Together(deeds) => {
                let inner: Vec<Reply> = deeds.iter().flat_map(|deed| self.apply(deed)).collect();
                let mut replies = vec![Reply::ok()];
                replies.extend(inner.iter().map(|_| simple("QUEUED")));
                replies.push(Reply::Array(Some(inner)));
                return replies;
            }
        };
        vec![reply]
    }

    /// What a server has under these keys.
    fn of_server(client: &mut Client, name: &str) -> io::Result<Self> {
        let mut model = Self::default();
        let mut ask = |words: &[&str]| client.call(words).map(|answer| answer.reply);
        for number in 0..KEYS {
            let key = |kind: &str| format!("honest:{name}:{kind}:{number}");
            if let Reply::Bulk(Some(value)) = ask(&["GET", &key("string")])? {
                model.strings.insert(key("string"), value);
            }
            if let Reply::Bulk(Some(value)) = ask(&["GET", &key("counter")])? {
                let value = String::from_utf8_lossy(&value).parse().expect("a number");
                model.counters.insert(key("counter"), value);
            }
            let bytes = |reply: &Reply| match reply {
                Reply::Bulk(Some(bytes)) => bytes.clone(),
                other => panic!("{other:?} in a collection"),
            };
            let list = ask(&["LRANGE", &key("list"), "0", "-1"])?;
            if !list.elements().is_empty() {
                model.lists.insert(key("list"), list.elements().iter().map(bytes).collect());
            }
            let hash = ask(&["HGETALL", &key("hash")])?;
            let pairs = hash.elements().chunks(2);
            let pairs: BTreeMap<String, Vec<u8>> =
                pairs.map(|pair| (pair[0].text(), bytes(&pair[1]))).collect();
            if !pairs.is_empty() {
                model.hashes.insert(key("hash"), pairs);
            }
        }
        Ok(model)
    }
}

/// The client.
#[derive(Debug)]
pub(crate) struct Honest {
    name: String,
    random: Random,
    model: Model,
    /// Rounds in which every reply was right.
    pub(crate) rounds: u64,
    /// Replies that were right.
    pub(crate) replies: u64,
    /// The longest that a round took.
    pub(crate) longest_wait: Duration,
    /// How often its connection ended.
    ends: u64,
}

/// A connection that may have to say the password, and to wait until there is room.
pub(crate) fn connect(port: u16, wants_password: bool) -> Client {
    let connected = wait::for_at_most(STALL, || {
        let mut client = Client::connect(port).ok()?;
        client.patience(STALL);
        if wants_password {
            client.call(&["AUTH", PASSWORD]).ok().filter(|answer| answer.reply == Reply::ok())?;
        }
        let answer = client.call(&["PING"]).ok()?;
        (answer.reply == simple("PONG")).then_some(client)
    });
    connected.expect("room for one more client")
}

impl Honest {
    pub(crate) fn new(name: &str, seed: u64) -> Self {
        Self {
            name: name.to_owned(),
            random: Random::new(seed),
            model: Model::default(),
            rounds: 0,
            replies: 0,
            longest_wait: Duration::ZERO,
            ends: 0,
        }
    }

    /// Asks and checks until `stop`. Its connection may end only as often as `kills` says that
    /// everybody's was ended.
    pub(crate) fn live(
        &mut self,
        (port, wants_password): (u16, bool),
        kills: &AtomicU64,
        stop: &AtomicBool,
    ) {
        let mut client = connect(port, wants_password);
        while !stop.load(Ordering::SeqCst) {
            let count = 1 + self.random.below(6);
            let mut deeds: Vec<Deed> =
                (0..count).map(|_| Deed::draw(&mut self.random, &self.name, true)).collect();
            let long = self.model.lists.iter().filter(|(_, list)| list.len() > LONGEST_LIST);
            deeds.extend(long.map(|(key, _)| Deed::Cut(key.clone())));
            let asked = Instant::now();
            let Err(mut error) = self.ask(&mut client, &deeds) else {
                self.longest_wait = self.longest_wait.max(asked.elapsed());
                continue;
            };
            let found = loop {
                // One that hit nobody is counted, too.
                self.ends += 1;
                let kills = kills.load(Ordering::SeqCst);
                assert!(self.ends <= kills, "{} had no reply: {error}", self.name);
                client = connect(port, wants_password);
                match Model::of_server(&mut client, &self.name) {
                    Ok(found) => break found,
                    Err(again) => error = again,
                }
            };
            self.settle(found, &deeds);
        }
    }

    /// The model changes only if all is answered.
    fn ask(&mut self, client: &mut Client, deeds: &[Deed]) -> io::Result<()> {
        let commands: Vec<Command> = deeds.iter().flat_map(Deed::commands).collect();
        let mut model = self.model.clone();
        let expected: Vec<Reply> = deeds.iter().flat_map(|deed| model.apply(deed)).collect();
        let answers = client.pipeline(&commands)?;
        for ((command, expected), answer) in commands.iter().zip(&expected).zip(&answers) {
            let shown: Vec<_> =
                command.iter().map(|word| word.escape_ascii().to_string()).collect();
            assert_eq!(&answer.reply, expected, "{} asked {shown:?}", self.name);
        }
        self.model = model;
        self.rounds += 1;
        self.replies += answers.len() as u64;
        Ok(())
    }

    /// The connection ended before all was answered: the first so many deeds were done, and none
    /// after them. Which, the server shows.
    fn settle(&mut self, found: Model, deeds: &[Deed]) {
        let mut model = self.model.clone();
        let mut done = 0;
        while model != found {
            let deed = deeds.get(done).unwrap_or_else(|| {
                panic!(
                    "{}: no prefix of {deeds:?} leads from {:?} to {found:?}",
                    self.name, self.model
                )
            });
            model.apply(deed);
            done += 1;
        }
        self.model = found;
    }

    /// Everything that was acknowledged is there, and nothing else.
    pub(crate) fn verify(&self, client: &mut Client, when: &str) {
        let found = Model::of_server(client, &self.name).expect("all answers");
        assert_eq!(found, self.model, "{} {when}", self.name);
    }
}
