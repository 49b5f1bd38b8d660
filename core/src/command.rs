//! The commands: a table of data, and one file for each family.
//!
//! Every command has one shape, [`Run`]: it gets a [`Call`], writes its reply, and returns what
//! it changed. Arity, refusals, queueing under MULTI, expiry bookkeeping and the log are the
//! executor's, in one place for all.

mod authentication;
pub(crate) mod call;
mod client;
mod connection;
mod counters;
mod debug;
mod error;
mod expire;
mod hashes;
mod introspection;
mod keys;
mod lists;
mod memory;
mod object;
mod random_elements;
pub(crate) mod rewrite;
mod scan;
mod scan_elements;
mod server;
mod set_algebra;
mod set_options;
mod sets;
mod slowlog;
mod sort;
mod sorted_sets;
mod strings;
mod table;
mod transactions;

use crate::propagate::Change;

pub(crate) use authentication::is_locked_out;
pub(crate) use call::Call;
pub use error::CommandError;
pub(crate) use error::shown;
pub use table::COMMANDS;

/// What every command is: it reads and changes what `Call` shows, writes exactly one reply unless
/// it returns an error, and says what it changed.
pub(crate) type Run = for<'a> fn(&mut Call<'a, '_>) -> Result<Change<'a>, CommandError>;

/// One row of the table.
#[derive(Debug)]
pub struct Command {
    /// Its name, lower case.
    pub name: &'static str,
    /// Number of words with the name; at least so many when negative.
    pub arity: i8,
    /// What kind of command it is.
    pub flags: Flags,
    /// Where its keys stand.
    pub keys: Keys,
    /// What it is about.
    pub family: Family,
    /// What the log says after it.
    pub log: LogForm,
    pub(crate) run: Run,
}

/// In what form a command that changed something stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogForm {
    /// Never: the command changes nothing.
    Never,
    /// As the client sent it.
    AsSent,
    /// As something else. Each is a record as it may stand in the log, its words in lower case
    /// being those that vary.
    Rewritten(&'static [&'static str]),
}

/// Properties of a command, as `COMMAND` shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);
    /// May change the dataset; refused while the log cannot be written.
    pub const WRITE: Self = Self(1);
    /// Only reads the dataset.
    pub const READONLY: Self = Self(1 << 1);
    /// May use more memory.
    pub const DENYOOM: Self = Self(1 << 2);
    /// For operators.
    pub const ADMIN: Self = Self(1 << 3);
    /// Not from a script.
    pub const NOSCRIPT: Self = Self(1 << 4);
    /// Its reply is not a function of the dataset.
    pub const RANDOM: Self = Self(1 << 5);
    /// The order of its reply means nothing.
    pub const SORT_FOR_SCRIPT: Self = Self(1 << 6);
    /// Works while loading.
    pub const LOADING: Self = Self(1 << 7);
    /// Works on a stale replica.
    pub const STALE: Self = Self(1 << 8);
    /// Constant or logarithmic time.
    pub const FAST: Self = Self(1 << 9);
    /// Dangerous without being for operators only.
    pub const DANGEROUS: Self = Self(1 << 10);
    /// Runs at once even inside MULTI.
    pub const NEVER_QUEUED: Self = Self(1 << 11);

    /// Where its keys stand depends on its words.
    pub const MOVABLE_KEYS: Self = Self(1 << 12);
    /// Runs before a client has said its password.
    pub const NO_AUTH: Self = Self(1 << 13);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names that Redis 6.2 shows, in its order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        const NAMES: [(Flags, &str); 12] = [
            (Flags::WRITE, "write"),
            (Flags::READONLY, "readonly"),
            (Flags::DENYOOM, "denyoom"),
            (Flags::ADMIN, "admin"),
            (Flags::NOSCRIPT, "noscript"),
            (Flags::RANDOM, "random"),
            (Flags::SORT_FOR_SCRIPT, "sort_for_script"),
            (Flags::LOADING, "loading"),
            (Flags::STALE, "stale"),
            (Flags::FAST, "fast"),
            (Flags::NO_AUTH, "no_auth"),
            (Flags::MOVABLE_KEYS, "movablekeys"),
        ];
        NAMES.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }
}

/// Which words are keys: from `first` to `last` (counted from the end when negative), every
/// `step`-th. All zero for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// Index of the first key.
    pub first: i8,
    /// Index of the last.
    pub last: i8,
    /// Distance from one to the next.
    pub step: i8,
}

impl Keys {
    /// No keys.
    pub const NONE: Self = Self { first: 0, last: 0, step: 0 };
    /// The first argument.
    pub const ONE: Self = Self { first: 1, last: 1, step: 1 };
    /// The first two arguments.
    pub const TWO: Self = Self { first: 1, last: 2, step: 1 };
    /// The second argument.
    pub const SECOND: Self = Self { first: 2, last: 2, step: 1 };
    /// All arguments.
    pub const ALL: Self = Self { first: 1, last: -1, step: 1 };
    /// Every other argument.
    pub const PAIRS: Self = Self { first: 1, last: -1, step: 2 };
}

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// The connection itself.
    Connection,
    /// Keys of any type.
    Keyspace,
    /// Strings.
    String,
    /// Lists.
    List,
    /// Hashes.
    Hash,
    /// Sets.
    Set,
    /// Sorted sets.
    SortedSet,
    /// MULTI and what belongs to it.
    Transaction,
    /// The server.
    Server,
}

impl Command {
    /// Whether a request of so many words is right for this command.
    #[must_use]
    pub fn accepts(&self, words: usize) -> bool {
        let least = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { words >= least } else { words == least }
    }

    /// Its name, upper case, as a message shows it.
    #[must_use]
    pub fn upper_name(&self) -> String {
        self.name.to_ascii_uppercase()
    }
}

/// Number of places in [`INDEX`]. More than twice the commands, so that most have a place alone.
const PLACES: usize = 512;

/// For each hash, the command's place in [`COMMANDS`] plus one; zero for none. Collisions take
/// the next free place.
static INDEX: [u8; PLACES] = index();

const fn index() -> [u8; PLACES] {
    let mut places = [0_u8; PLACES];
    let mut number = 0;
    while number < COMMANDS.len() {
        let mut place = hash(COMMANDS[number].name.as_bytes());
        while places[place] != 0 {
            place = (place + 1) % PLACES;
        }
        assert!(number < 250, "the index counts in bytes and must stay half empty");
        #[expect(clippy::cast_possible_truncation, reason = "below 250, asserted above")]
        let entry = number as u8 + 1;
        places[place] = entry;
        number += 1;
    }
    places
}

/// Letters of either case give the same number.
const fn hash(name: &[u8]) -> usize {
    let mut hash: u32 = 0x811c_9dc5;
    let mut at = 0;
    while at < name.len() {
        hash = (hash ^ (name[at] | 0x20) as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash >> 16 ^ hash) as usize % PLACES
}

/// The command of that name, in any case of letters.
#[must_use]
pub fn lookup(name: &[u8]) -> Option<&'static Command> {
    const LONGEST: usize = 16;
    if name.len() > LONGEST {
        return None;
    }
    let mut place = hash(name);
    loop {
        let number = usize::from(INDEX[place]).checked_sub(1)?;
        let command = &COMMANDS[number];
        if name.eq_ignore_ascii_case(command.name.as_bytes()) {
            return Some(command);
        }
        place = (place + 1) % PLACES;
    }
}

#[cfg(test)]
pub(crate) mod tests;
