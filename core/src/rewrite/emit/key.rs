//! The commands of one key.

use super::ITEMS_PER_COMMAND;
use super::sink::Sink;
use crate::digest::Digest;
use crate::keyspace::Entry;
use crate::number::FloatText;
use crate::value::{Bookmark, Member, Value};

/// A longer word is emitted in pieces of this size.
pub(super) const LONG_WORD_BYTES: usize = 64 * 1024;

/// How far the commands of a key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    within: Within,
    /// Where in a list the items were found last.
    bookmark: Bookmark,
    /// Commands that are whole, of this key and those before it.
    commands: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// Items from `next` on; a string is one.
    Items { next: usize },
    /// The rest of a command that is emitted in pieces: word `word` from byte `offset` on.
    Words { command: Command, word: usize, offset: usize },
    /// The time at which it expires, if it does.
    Expiry,
    /// Nothing.
    End,
}

/// One command of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    /// The one that makes `count` items from `first` on.
    Items { first: usize, count: usize },
    /// PEXPIREAT.
    Expiry,
}

/// Why no more items were emitted.
enum Stop {
    /// There are none.
    End,
    /// There is enough.
    Full,
    /// The next command has a long word.
    Long(Command),
}

impl Progress {
    pub(super) const START: Self =
        Self { within: Within::Items { next: 0 }, bookmark: Bookmark::FRONT, commands: 0 };

    pub(super) const fn commands(&self) -> u64 {
        self.commands
    }

    /// Begins with another key.
    pub(super) const fn next_key(&mut self) {
        self.within = Within::Items { next: 0 };
        self.bookmark = Bookmark::FRONT;
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        // The bookmark follows from the rest.
        let (number, command, word, offset) = match self.within {
            Within::Items { next } => (0, Command::Items { first: next, count: 0 }, 0, 0),
            Within::Words { command, word, offset } => (1, command, word, offset),
            Within::Expiry => (2, Command::Expiry, 0, 0),
            Within::End => (3, Command::Expiry, 0, 0),
        };
        digest.put_u8(number);
        if let Command::Items { first, count } = command {
            digest.put_count(first);
            digest.put_count(count);
        }
        digest.put_count(word);
        digest.put_count(offset);
        digest.put_u64(self.commands);
    }

    /// Goes on with `entry` until the sink has `until` bytes or more. Returns whether the key is
    /// done.
    pub(super) fn advance<S: Sink>(&mut self, entry: Entry<'_>, sink: &mut S, until: u64) -> bool {
        loop {
            match self.within {
                Within::Items { next } => match self.items(entry, next, sink, until) {
                    Stop::End => self.within = Within::Expiry,
                    Stop::Full => return false,
                    Stop::Long(command) => {
                        self.within = Within::Words { command, word: 0, offset: 0 };
                    }
                },
                Within::Words { command, word, offset } => {
                    if sink.size() >= until {
                        return false;
                    }
                    self.within = self.piece(entry, command, word, offset, sink);
                }
                Within::Expiry if entry.expiry.is_some() && sink.size() >= until => return false,
                Within::Expiry => self.expiry(entry, sink),
                Within::End => return true,
            }
        }
    }

    #[doc(alias = "rewriteListObject")]
    #[doc(alias = "rewriteSetObject")]
    #[doc(alias = "rewriteHashObject")]
    #[doc(alias = "rewriteSortedSetObject")]
    fn items<S: Sink>(&mut self, entry: Entry<'_>, next: usize, sink: &mut S, until: u64) -> Stop {
        let run = Run { head: Head::of(entry), total: entry.value.len(), until };
        match entry.value {
            Value::String(string) => {
                self.run(&run, core::iter::once(string.as_bytes()), next, sink)
            }
            Value::List(list) => {
                let items = list.iter_at(next, &mut self.bookmark);
                self.run(&run, items, next, sink)
            }
            Value::Set(set) => self.run(&run, set.iter_from(next), next, sink),
            Value::Hash(hash) => self.run(&run, hash.iter_from(next), next, sink),
            Value::SortedSet(members) => {
                self.run(&run, members.range(next, usize::MAX), next, sink)
            }
        }
    }

    /// Commands with `items`, which begin with item `next`.
    fn run<S: Sink, I: Item>(
        &mut self,
        run: &Run<'_>,
        mut items: impl Iterator<Item = I>,
        mut next: usize,
        sink: &mut S,
    ) -> Stop {
        while next < run.total {
            let begin = sink.size();
            if begin >= run.until {
                self.within = Within::Items { next };
                return Stop::Full;
            }
            let count = ITEMS_PER_COMMAND.min(run.total - next);
            let mut is_short = run.head.key.len() <= LONG_WORD_BYTES;
            if is_short {
                run.head.put(count, sink);
                is_short = items.by_ref().take(count).all(|item| item.put(sink));
            }
            if !is_short {
                sink.cut(begin);
                return Stop::Long(Command::Items { first: next, count });
            }
            next += count;
            self.commands += 1;
        }
        Stop::End
    }

    fn expiry<S: Sink>(&mut self, entry: Entry<'_>, sink: &mut S) {
        let Some(when) = entry.expiry else {
            self.within = Within::End;
            return;
        };
        if entry.key.len() > LONG_WORD_BYTES {
            self.within = Within::Words { command: Command::Expiry, word: 0, offset: 0 };
            return;
        }
        sink.put(b"*3\r\n$9\r\nPEXPIREAT\r\n");
        sink.bulk(entry.key);
        sink.bulk(itoa::Buffer::new().format(when.0).as_bytes());
        self.commands += 1;
        self.within = Within::End;
    }

    /// One piece of a word of a command, and what comes after it.
    fn piece<S: Sink>(
        &mut self,
        entry: Entry<'_>,
        command: Command,
        word: usize,
        offset: usize,
        sink: &mut S,
    ) -> Within {
        let head = Head::of(entry);
        let words = match command {
            Command::Items { count, .. } => 2 + count * head.words_per_item,
            Command::Expiry => 3,
        };
        if word == 0 {
            sink.header(b'*', words);
        }
        let rest = match (command, word.checked_sub(2)) {
            (Command::Items { .. }, None) if word == 0 => piece_of(head.name, offset, sink),
            (Command::Expiry, None) if word == 0 => piece_of(b"PEXPIREAT", offset, sink),
            (_, None) => piece_of(entry.key, offset, sink),
            (Command::Expiry, Some(_)) => {
                let when = entry.expiry.map_or(0, |when| when.0);
                piece_of(itoa::Buffer::new().format(when).as_bytes(), offset, sink)
            }
            (Command::Items { first, .. }, Some(word)) => {
                let (item, part) = (first + word / head.words_per_item, word % head.words_per_item);
                piece_of_item(entry.value, item, part, offset, sink)
            }
        };
        if let Some(offset) = rest {
            return Within::Words { command, word, offset };
        }
        if word + 1 < words {
            return Within::Words { command, word: word + 1, offset: 0 };
        }
        self.commands += 1;
        match command {
            Command::Items { first, count } => Within::Items { next: first + count },
            Command::Expiry => Within::End,
        }
    }
}

/// What a series of commands has in common.
struct Run<'a> {
    head: Head<'a>,
    /// Items of the value.
    total: usize,
    until: u64,
}

/// How each command for a value begins.
#[derive(Clone, Copy)]
struct Head<'a> {
    name: &'static [u8],
    /// `name` as a word of a command.
    encoded: &'static [u8],
    words_per_item: usize,
    key: &'a [u8],
}

impl<'a> Head<'a> {
    const fn of(entry: Entry<'a>) -> Self {
        let (name, encoded, words_per_item): (&[u8], &[u8], usize) = match entry.value {
            Value::String(_) => (b"SET", b"$3\r\nSET\r\n", 1),
            Value::List(_) => (b"RPUSH", b"$5\r\nRPUSH\r\n", 1),
            Value::Set(_) => (b"SADD", b"$4\r\nSADD\r\n", 1),
            Value::Hash(_) => (b"HMSET", b"$5\r\nHMSET\r\n", 2),
            Value::SortedSet(_) => (b"ZADD", b"$4\r\nZADD\r\n", 2),
        };
        Self { name, encoded, words_per_item, key: entry.key }
    }

    fn put<S: Sink>(&self, items: usize, sink: &mut S) {
        sink.header(b'*', 2 + items * self.words_per_item);
        sink.put(self.encoded);
        sink.bulk(self.key);
    }
}

/// An element of a value with what stands beside it.
trait Item {
    /// Emits its words, or says that one of them is long.
    fn put<S: Sink>(&self, sink: &mut S) -> bool;
}

impl Item for &[u8] {
    fn put<S: Sink>(&self, sink: &mut S) -> bool {
        let is_short = self.len() <= LONG_WORD_BYTES;
        if is_short {
            sink.bulk(self);
        }
        is_short
    }
}

impl Item for Member<'_> {
    fn put<S: Sink>(&self, sink: &mut S) -> bool {
        (&**self).put(sink)
    }
}

impl Item for (&[u8], &[u8]) {
    fn put<S: Sink>(&self, sink: &mut S) -> bool {
        self.0.put(sink) && self.1.put(sink)
    }
}

/// The score comes first.
impl Item for (&[u8], f64) {
    fn put<S: Sink>(&self, sink: &mut S) -> bool {
        sink.bulk(FloatText::new(self.1).as_bytes());
        self.0.put(sink)
    }
}

/// Emits a piece of a word from byte `offset` on. Returns where the next one begins.
fn piece_of<S: Sink>(word: &[u8], offset: usize, sink: &mut S) -> Option<usize> {
    if offset == 0 {
        sink.header(b'$', word.len());
    }
    let end = word.len().min(offset + LONG_WORD_BYTES);
    sink.put(word.get(offset..end).unwrap_or(&[]));
    if end < word.len() {
        return Some(end);
    }
    sink.put(b"\r\n");
    None
}

/// Emits a piece of word `part` of item `item`.
fn piece_of_item<S: Sink>(
    value: &Value,
    item: usize,
    part: usize,
    offset: usize,
    sink: &mut S,
) -> Option<usize> {
    match value {
        Value::String(string) => piece_of(string.as_bytes(), offset, sink),
        Value::List(list) => piece_of(list.get(item).unwrap_or(&[]), offset, sink),
        Value::Set(set) => piece_of(set.at(item).as_deref().unwrap_or(&[]), offset, sink),
        Value::Hash(hash) => {
            let (field, value) = hash.at(item).unwrap_or((&[], &[]));
            piece_of(if part == 0 { field } else { value }, offset, sink)
        }
        Value::SortedSet(members) => {
            let (member, score) = members.get(item).unwrap_or((&[], 0.0));
            if part == 0 {
                piece_of(FloatText::new(score).as_bytes(), offset, sink)
            } else {
                piece_of(member, offset, sink)
            }
        }
    }
}
