//! What `aof check` says about a file, from pieces of any size, keeping no payload.

use crate::load::fault::{Class, LoadError};
use crate::load::progress::{Lookup, Progress};
use crate::load::scan::{Options, Scanner};

/// What the check knows about commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Known {
    /// What this server can load: unknown names and wrong numbers of words are found.
    #[default]
    Table,
    /// Every name and every number of words, as in redis-check-aof.
    Everything,
}

/// A check in progress.
#[derive(Clone, Debug)]
pub struct Check {
    scanner: Scanner,
    progress: Progress,
    error: Option<LoadError>,
    whole_up_to: u64,
    size_bytes: u64,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Report {
    /// The verdict in one word.
    pub verdict: Verdict,
    /// What is wrong, with its place, class and facts.
    pub error: Option<LoadError>,
    /// Whole commands before that, those of an open transaction included.
    pub commands: u64,
    /// Length of what is good, see [`Tail::valid_up_to`](crate::load::Tail).
    pub valid_up_to: u64,
    /// Length of the file.
    pub size_bytes: u64,
}

impl Report {
    /// The class of what is wrong, if anything is.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        self.error.as_ref().map(LoadError::class)
    }
}

/// What can be done with a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It loads as it is.
    Valid,
    /// It loads when `aof-load-truncated` is on, and is then cut to `valid_up_to`.
    Recoverable,
    /// It does not load.
    Broken,
}

impl Check {
    /// A check of a file by these rules.
    #[must_use]
    pub fn new(options: Options, known: Known) -> Self {
        let lookup: Option<Lookup> = match known {
            Known::Table => Some(super::replay::lookup),
            Known::Everything => None,
        };
        let progress = Progress::new(lookup, options.open_multi);
        let scanner = Scanner::new(options);
        Self { scanner, progress, error: None, whole_up_to: 0, size_bytes: 0 }
    }

    /// Whole commands so far, those of an open transaction included.
    #[must_use]
    pub const fn commands(&self) -> u64 {
        self.progress.commands
    }

    /// End of the last whole command, inside a transaction or outside.
    #[must_use]
    pub const fn whole_up_to(&self) -> u64 {
        self.whole_up_to
    }

    /// Whether something broken was found already, so that further pieces are only counted.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.error.is_some()
    }

    /// The next piece of the file, of any size. After something broken, only the size is counted.
    pub fn feed(&mut self, piece: &[u8]) {
        self.size_bytes += piece.len() as u64;
        let mut rest = piece;
        while self.error.is_none() {
            let seen = match self.scanner.advance(rest) {
                Ok((_, None)) => return,
                Ok((taken, Some(seen))) => {
                    rest = &rest[taken..];
                    seen
                }
                Err(stop) => {
                    self.error = Some(self.progress.stopped(stop).into());
                    return;
                }
            };
            let (name, words) = (self.scanner.name(), self.scanner.spans().len());
            let end = seen.place.offset + seen.length_bytes;
            match self.progress.admit(seen.place, name, words, end) {
                Ok(_) => self.whole_up_to = end,
                Err(broken) => self.error = Some(broken.into()),
            }
        }
    }

    /// The file ends here.
    #[must_use]
    pub fn finish(mut self) -> Report {
        if self.error.is_none() {
            self.error = match self.progress.end(self.scanner.end(), self.size_bytes) {
                Ok(tail) => tail.map(LoadError::Unfinished),
                Err(error) => Some(error),
            };
        }
        let verdict = match self.error {
            None => Verdict::Valid,
            Some(LoadError::Unfinished(_)) => Verdict::Recoverable,
            Some(LoadError::Broken(_)) => Verdict::Broken,
        };
        let Progress { commands, .. } = self.progress;
        let valid_up_to =
            self.error.as_ref().map_or(self.progress.valid_up_to, LoadError::valid_up_to);
        Report { verdict, error: self.error, commands, valid_up_to, size_bytes: self.size_bytes }
    }
}

/// Checks a whole file that is in memory.
#[must_use]
pub fn check(options: Options, known: Known, bytes: &[u8]) -> Report {
    let mut check = Check::new(options, known);
    check.feed(bytes);
    check.finish()
}
