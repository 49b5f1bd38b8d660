//! What commands mean to the loading itself: which are known, and where transactions begin and
//! end. Loader and checker share it, so that they cannot disagree.

use crate::load::fault::{
    Broken, LoadError, NAME_BYTES, OpenTransaction, Place, Problem, Tail, TailClass,
};
use crate::load::scan::Stop;
use crate::profile::OpenMulti;

/// What a command is to the loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// An ordinary command outside a transaction.
    Apply,
    /// MULTI.
    Begin,
    /// An ordinary command inside a transaction.
    Queue,
    /// EXEC, after so many queued commands.
    Commit { commands: u64 },
}

/// Looks a command up: `None` if there is none of that name, else whether it may have so many
/// words.
pub(crate) type Lookup = fn(name: &[u8], words: usize) -> Option<bool>;

/// How far a log is good.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    lookup: Option<Lookup>,
    open_multi: OpenMulti,
    /// Whole commands seen and not refused.
    pub(crate) commands: u64,
    /// End of the last of them outside a transaction, or of the last at all where an open
    /// transaction is applied.
    pub(crate) valid_up_to: u64,
    /// End of the last of them.
    whole_up_to: u64,
    /// End of what stood before the last MULTI, be it inside a transaction.
    before_multi: u64,
    /// The MULTI that waits for its EXEC.
    pub(crate) open: Option<OpenTransaction>,
}

impl Progress {
    /// `lookup` decides which commands are known; without one, every name is.
    pub(crate) const fn new(lookup: Option<Lookup>, open_multi: OpenMulti) -> Self {
        Self {
            lookup,
            open_multi,
            commands: 0,
            valid_up_to: 0,
            whole_up_to: 0,
            before_multi: 0,
            open: None,
        }
    }

    /// Commands that do not count because their transaction has no end.
    pub(crate) fn reverted(&self) -> u64 {
        match self.open_multi {
            OpenMulti::Reverted | OpenMulti::KeptWhenTorn => {
                self.open.map_or(0, |open| open.queued + 1)
            }
            OpenMulti::Applied => 0,
        }
    }

    /// Takes one whole command. `end` is the offset after it.
    pub(crate) fn admit(
        &mut self,
        place: Place,
        name: &[u8],
        words: usize,
        end: u64,
    ) -> Result<Role, Broken> {
        match self.lookup.map(|lookup| lookup(name, words)) {
            Some(None) => {
                let problem = Problem::UnknownCommand { name: readable(name) };
                return Err(self.broken(place, problem));
            }
            Some(Some(false)) => {
                let problem = Problem::WrongArity { name: readable(name), words };
                return Err(self.broken(place, problem));
            }
            None | Some(Some(true)) => {}
        }
        let applies = self.open_multi == OpenMulti::Applied;
        let role = if name.eq_ignore_ascii_case(b"MULTI") {
            // Behind one that stayed open, Redis hears "MULTI calls can not be nested" and goes on:
            // 3.0 at once, 6.2 when the EXEC has come.
            match &mut self.open {
                None => self.open = Some(OpenTransaction { place, queued: 0 }),
                Some(open) => match self.open_multi {
                    OpenMulti::Reverted => {
                        return Err(self.broken(place, Problem::UnexpectedMulti));
                    }
                    OpenMulti::KeptWhenTorn => open.queued += 1,
                    OpenMulti::Applied => {}
                },
            }
            self.before_multi = self.whole_up_to;
            Role::Begin
        } else if name.eq_ignore_ascii_case(b"EXEC") {
            let Some(open) = self.open.take() else {
                return Err(self.broken(place, Problem::UnexpectedExec));
            };
            Role::Commit { commands: open.queued }
        } else if let Some(open) = self.open.as_mut().filter(|_| !applies) {
            open.queued += 1;
            Role::Queue
        } else {
            Role::Apply
        };
        self.commands += 1;
        self.whole_up_to = end;
        if self.open.is_none() || applies {
            self.valid_up_to = end;
        }
        Ok(role)
    }

    /// The error for a command that is wrong as a whole.
    pub(crate) const fn broken(&self, place: Place, problem: Problem) -> Broken {
        Broken { place, valid_up_to: self.valid_up_to, problem }
    }

    /// The error for what stopped the scanner.
    pub(crate) const fn stopped(&self, stop: Stop) -> Broken {
        match stop {
            Stop::Malformed { place, what } => self.broken(place, Problem::Malformed(what)),
            Stop::Preamble => self.broken(Place { offset: 0, command: 1 }, Problem::Preamble),
        }
    }

    /// How the log ended: `None` if it is whole.
    pub(crate) fn end(
        &self,
        end: Result<Option<TailClass>, Stop>,
        size_bytes: u64,
    ) -> Result<Option<Tail>, LoadError> {
        let class = match end {
            Err(stop) => return Err(self.stopped(stop).into()),
            Ok(Some(class)) => class,
            Ok(None) if self.open.is_none() || self.open_multi == OpenMulti::Applied => {
                return Ok(None);
            }
            Ok(None) => TailClass::OpenTransaction,
        };
        let open = self.open.filter(|_| self.open_multi != OpenMulti::Applied);
        let valid_up_to = match (self.open_multi, open, class) {
            // Of two MULTI, Redis cuts before the second.
            (OpenMulti::KeptWhenTorn, Some(_), TailClass::OpenTransaction) => self.before_multi,
            (OpenMulti::KeptWhenTorn, Some(_), _) => self.whole_up_to,
            _ => self.valid_up_to,
        };
        Ok(Some(Tail { class, open, valid_up_to, size_bytes }))
    }
}

/// A name for a message: short, and with what is not text replaced.
fn readable(name: &[u8]) -> String {
    let front = name.get(..NAME_BYTES).unwrap_or(name);
    String::from_utf8_lossy(front).into_owned()
}
