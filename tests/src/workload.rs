//! A recorded workload: the same seed and the same clock give the same commands, so that two
//! servers can be given exactly the same work and be compared.
//!
//! Nothing in it expires while it runs: an end is either far away or past. Keys that do expire
//! are a part of its own, [`short_lived`], in a database of their own, because the moment at which
//! two servers notice differs.

use std::time::{SystemTime, UNIX_EPOCH};

/// One command: its words.
pub type Command = Vec<Vec<u8>>;

/// Databases that the workload uses.
pub const DATABASES: [u8; 5] = [0, 1, 2, 7, 15];
/// Where [`short_lived`] keys are.
pub const SHORT_LIVED_DATABASE: u8 = 9;

/// A generator of numbers that anybody can run again (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that follow from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next_u64() % limit
    }

    /// True in one of `cases` cases.
    pub fn one_in(&mut self, cases: u64) -> bool {
        self.below(cases) == 0
    }

    /// One of these.
    ///
    /// # Panics
    /// If there is none.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        &choices[index]
    }
}

/// The seed of this run: `AOF_LAB_SEED`, or always the same. Printed, so that a failure can be
/// run again.
#[must_use]
pub fn seed(what: &str) -> u64 {
    let given = std::env::var("AOF_LAB_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or(20_261_121);
    eprintln!("{what}: AOF_LAB_SEED={seed}");
    seed
}

/// A command's name as clients write it: the log keeps the case.
pub(crate) fn cased(random: &mut Random, name: &str) -> Vec<u8> {
    match random.below(6) {
        0 => name.to_ascii_lowercase().into_bytes(),
        1 => {
            let mut mixed = name.to_ascii_lowercase().into_bytes();
            if let Some(first) = mixed.first_mut() {
                first.make_ascii_uppercase();
            }
            mixed
        }
        _ => name.as_bytes().to_vec(),
    }
}

/// Wall clock in milliseconds since the epoch.
#[must_use]
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// Words from text.
#[must_use]
pub fn words(line: &str) -> Command {
    line.split_whitespace().map(|word| word.as_bytes().to_vec()).collect()
}

/// Makes commands.
#[derive(Debug)]
pub struct Workload {
    random: Random,
    now_ms: u64,
}

/// Commands that `Workload` makes, with how often: reads, writes, and ends of keys.
const KINDS: &[(&str, u64)] = &[
    ("SET", 60),
    ("GET", 10),
    ("GETSET", 5),
    ("GETDEL", 5),
    ("GETEX", 16),
    ("SETNX", 5),
    ("SETEX", 6),
    ("PSETEX", 6),
    ("MSET", 8),
    ("MSETNX", 5),
    ("MGET", 5),
    ("APPEND", 12),
    ("STRLEN", 3),
    ("INCR", 10),
    ("INCRBY", 8),
    ("DECR", 6),
    ("DECRBY", 6),
    ("INCRBYFLOAT", 14),
    ("GETRANGE", 6),
    ("SETRANGE", 10),
    ("DEL", 10),
    ("UNLINK", 5),
    ("EXISTS", 4),
    ("TYPE", 3),
    ("EXPIRE", 10),
    ("PEXPIRE", 8),
    ("EXPIREAT", 8),
    ("PEXPIREAT", 8),
    ("TTL", 3),
    ("PTTL", 3),
    ("PERSIST", 6),
    ("RENAME", 8),
    ("RENAMENX", 6),
    ("KEYS", 1),
    ("SCAN", 1),
    ("DBSIZE", 2),
    ("FLUSHDB", 1),
    ("PING", 1),
    ("ECHO", 1),
];

impl Workload {
    /// Commands that follow from `seed`, for a clock that says `now_ms`.
    #[must_use]
    pub fn new(seed: u64, now_ms: u64) -> Self {
        Self { random: Random::new(seed), now_ms }
    }

    /// At least `count` commands: transactions whole, and the connection in its first database
    /// and outside a transaction at the end.
    pub fn commands(&mut self, count: usize) -> Vec<Command> {
        let mut commands = Vec::new();
        while commands.len() < count {
            match self.random.below(40) {
                0 | 1 => {
                    let database = *self.random.one_of(&DATABASES);
                    commands.push(words(&format!("SELECT {database}")));
                }
                2 | 3 => self.transaction(&mut commands),
                4 if self.random.one_in(12) => commands.push(words("FLUSHALL")),
                // The second one finds nothing.
                5 if self.random.one_in(12) => {
                    commands.extend([words("FLUSHDB"), words("FLUSHDB")]);
                }
                _ => commands.push(self.command()),
            }
        }
        commands.push(words("SELECT 0"));
        commands
    }

    /// SET in every database, so that the end is not empty whatever came before.
    pub fn fill(&mut self, sets_each: usize) -> Vec<Command> {
        let mut commands = Vec::new();
        for database in DATABASES {
            commands.push(words(&format!("SELECT {database}")));
            for _ in 0..sets_each {
                let mut command = vec![cased(&mut self.random, "SET")];
                self.set(&mut command);
                commands.push(command);
            }
        }
        commands.push(words("SELECT 0"));
        commands
    }

    fn transaction(&mut self, commands: &mut Vec<Command>) {
        let watches = self.random.one_in(3);
        if watches {
            commands.push(vec![b"WATCH".to_vec(), self.key(), self.key()]);
            // The connection's own write before MULTI makes the transaction fail.
            if self.random.one_in(3) {
                commands.push(self.command());
            }
            if self.random.one_in(5) {
                commands.push(words("UNWATCH"));
            }
        }
        let names = ["MULTI", "multi", "Multi"];
        commands.push(words(self.random.one_of::<&str>(&names)));
        for _ in 0..self.random.below(6) {
            if self.random.one_in(8) {
                let database = *self.random.one_of(&DATABASES);
                commands.push(words(&format!("SELECT {database}")));
            }
            commands.push(self.command());
        }
        if self.random.one_in(12) {
            commands.push(words("GET"));
        }
        let end = if self.random.one_in(6) { "DISCARD" } else { "EXEC" };
        commands.push(words(end));
    }

    /// One command that is no transaction and selects no database.
    pub fn command(&mut self) -> Command {
        let total: u64 = KINDS.iter().map(|(_, weight)| weight).sum();
        let mut at = self.random.below(total);
        let mut kind = "PING";
        for (name, weight) in KINDS {
            if at < *weight {
                kind = name;
                break;
            }
            at -= weight;
        }
        let mut words = vec![cased(&mut self.random, kind)];
        self.arguments(kind, &mut words);
        words
    }

    fn arguments(&mut self, kind: &str, words: &mut Command) {
        match kind {
            "SET" => self.set(words),
            "GETEX" => self.get_and_expire(words),
            "GET" | "GETDEL" | "STRLEN" | "TYPE" | "TTL" | "PTTL" | "PERSIST" => {
                words.push(self.key());
            }
            "GETSET" | "SETNX" => words.extend([self.key(), self.value()]),
            "APPEND" => words.extend([self.key(), self.small_value()]),
            "SETEX" => words.extend([self.key(), self.seconds(), self.value()]),
            "PSETEX" => words.extend([self.key(), self.milliseconds(), self.value()]),
            "MSET" | "MSETNX" => {
                for _ in 0..=self.random.below(3) {
                    words.extend([self.key(), self.value()]);
                }
            }
            "MGET" | "DEL" | "UNLINK" | "EXISTS" => {
                for _ in 0..=self.random.below(3) {
                    words.push(self.key());
                }
            }
            "INCR" | "DECR" => words.push(self.number_key()),
            "INCRBY" | "DECRBY" => words.extend([self.number_key(), self.increment()]),
            "INCRBYFLOAT" => words.extend([self.number_key(), self.float()]),
            "GETRANGE" => words.extend([self.key(), self.index(), self.index()]),
            "SETRANGE" => {
                let offset = self.random.below(60).to_string().into_bytes();
                words.extend([self.key(), offset, self.small_value()]);
            }
            "EXPIRE" => words.extend([self.key(), self.any_seconds()]),
            "PEXPIRE" => words.extend([self.key(), self.any_milliseconds()]),
            "EXPIREAT" => words.extend([self.key(), self.moment(1000)]),
            "PEXPIREAT" => words.extend([self.key(), self.moment(1)]),
            "RENAME" | "RENAMENX" => words.extend([self.key(), self.key()]),
            "KEYS" => words.push(b"*".to_vec()),
            "SCAN" => words.extend([&b"0"[..], b"COUNT", b"10000"].map(<[u8]>::to_vec)),
            "ECHO" => words.push(self.small_value()),
            _ => {}
        }
    }

    fn set(&mut self, words: &mut Command) {
        words.extend([self.key(), self.value()]);
        match self.random.below(12) {
            0 => self.option(words, "EX"),
            1 => self.option(words, "PX"),
            2 => self.option(words, "EXAT"),
            3 => self.option(words, "PXAT"),
            4 => words.push(cased(&mut self.random, "KEEPTTL")),
            _ => {}
        }
        match self.random.below(8) {
            0 => words.push(cased(&mut self.random, "NX")),
            1 => words.push(cased(&mut self.random, "XX")),
            2 => words.push(cased(&mut self.random, "GET")),
            3 => words.extend([cased(&mut self.random, "XX"), cased(&mut self.random, "GET")]),
            _ => {}
        }
    }

    fn get_and_expire(&mut self, words: &mut Command) {
        words.push(self.key());
        match self.random.below(6) {
            0 => self.option(words, "EX"),
            1 => self.option(words, "PX"),
            2 => self.option(words, "EXAT"),
            3 => self.option(words, "PXAT"),
            4 => words.push(cased(&mut self.random, "PERSIST")),
            _ => {}
        }
    }

    fn option(&mut self, words: &mut Command, name: &str) {
        words.push(cased(&mut self.random, name));
        // GETEX with a moment that is past deletes at once. SET keeps the key until somebody
        // notices, and two servers notice at different times.
        let may_be_past = words.first().is_some_and(|name| name.eq_ignore_ascii_case(b"GETEX"));
        words.push(match name {
            "EX" => self.seconds(),
            "PX" => self.milliseconds(),
            "EXAT" if may_be_past => self.moment(1000),
            "PXAT" if may_be_past => self.moment(1),
            "EXAT" => self.later(1000),
            _ => self.later(1),
        });
    }

    fn key(&mut self) -> Vec<u8> {
        match self.random.below(20) {
            0..=11 => format!("key:{}", self.random.below(30)).into_bytes(),
            12..=16 => self.number_key(),
            17 => b"with blank".to_vec(),
            18 => b"\x00\r\n\xff".to_vec(),
            _ => Vec::new(),
        }
    }

    fn number_key(&mut self) -> Vec<u8> {
        format!("number:{}", self.random.below(12)).into_bytes()
    }

    fn value(&mut self) -> Vec<u8> {
        match self.random.below(16) {
            0 => self.increment(),
            1 => self.float(),
            2 => {
                let length = usize::try_from(1000 + self.random.below(6000)).unwrap_or(1000);
                let byte = u8::try_from(self.random.below(256)).unwrap_or(b'x');
                vec![byte; length]
            }
            3 => b"*1\r\n$4\r\nPING\r\n".to_vec(),
            _ => self.small_value(),
        }
    }

    fn small_value(&mut self) -> Vec<u8> {
        let length = self.random.below(24);
        let plain = !self.random.one_in(4);
        let byte = |random: &mut Random| {
            let number = if plain { 97 + random.below(26) } else { random.below(256) };
            u8::try_from(number).unwrap_or(b'x')
        };
        (0..length).map(|_| byte(&mut self.random)).collect()
    }

    fn increment(&mut self) -> Vec<u8> {
        let text = match self.random.below(12) {
            0 => "9223372036854775807".to_owned(),
            1 => "-9223372036854775808".to_owned(),
            2 => "0".to_owned(),
            3 => format!("-{}", 1 + self.random.below(1000)),
            _ => self.random.below(100_000).to_string(),
        };
        text.into_bytes()
    }

    fn float(&mut self) -> Vec<u8> {
        let whole = self.random.below(2000);
        let part = self.random.below(100_000);
        let text = match self.random.below(10) {
            0 => format!("{whole}"),
            1 => format!("{whole}e{}", self.random.below(18)),
            2 => format!("-{whole}.{part}"),
            3 => format!("0.{part:08}"),
            4 => "0.1".to_owned(),
            5 => format!("{whole}.5e-{}", self.random.below(12)),
            _ => format!("{whole}.{part}"),
        };
        text.into_bytes()
    }

    fn index(&mut self) -> Vec<u8> {
        let at = i64::try_from(self.random.below(60)).unwrap_or(0);
        (at - 30).to_string().into_bytes()
    }

    /// At least a quarter of an hour ahead.
    fn seconds(&mut self) -> Vec<u8> {
        (1000 + self.random.below(1_000_000)).to_string().into_bytes()
    }

    fn milliseconds(&mut self) -> Vec<u8> {
        (1_000_000 + self.random.below(1_000_000_000)).to_string().into_bytes()
    }

    /// Sometimes past: the key goes.
    fn any_seconds(&mut self) -> Vec<u8> {
        match self.random.below(8) {
            0 => b"0".to_vec(),
            1 => b"-5".to_vec(),
            _ => self.seconds(),
        }
    }

    fn any_milliseconds(&mut self) -> Vec<u8> {
        if self.random.one_in(6) { b"-5".to_vec() } else { self.milliseconds() }
    }

    /// A moment in units of `unit_ms`; sometimes past.
    fn moment(&mut self, unit_ms: u64) -> Vec<u8> {
        if self.random.one_in(6) {
            let at = self.now_ms - 1000 * (1 + self.random.below(100_000));
            return (at / unit_ms).to_string().into_bytes();
        }
        self.later(unit_ms)
    }

    /// A moment that no test lives to see.
    fn later(&mut self, unit_ms: u64) -> Vec<u8> {
        let at = self.now_ms + 1000 * (1000 + self.random.below(1_000_000));
        (at / unit_ms).to_string().into_bytes()
    }
}

/// Keys that end soon, all in [`SHORT_LIVED_DATABASE`], and nothing that looks at them.
#[must_use]
pub fn short_lived(keys: u64) -> Vec<Command> {
    let mut commands = vec![words(&format!("SELECT {SHORT_LIVED_DATABASE}"))];
    for key in 0..keys {
        let (milliseconds, kind) = (1 + key % 30, key % 3);
        commands.push(words(&match kind {
            0 => format!("SET short:{key} v PX {milliseconds}"),
            1 => format!("PSETEX short:{key} {milliseconds} v"),
            _ => format!("set short:{key} v px {}", 5 * milliseconds),
        }));
    }
    commands.push(words("SELECT 0"));
    commands
}
