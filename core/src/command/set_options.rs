//! The options that SET and GETEX share.

use crate::command::CommandError;
use crate::number::parse_integer;
use crate::resp::Argv;
use crate::units::Millis;

/// What becomes of a key's expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry<'a> {
    /// Nothing was said: SET removes it, GETEX leaves it.
    Unsaid,
    /// `KEEPTTL`.
    Keep,
    /// `PERSIST`.
    Remove,
    /// `EX`, `PX`, `EXAT` or `PXAT` with its number.
    Until(Deadline<'a>),
}

/// A point in time as a client writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deadline<'a> {
    /// The number.
    pub(super) number: &'a [u8],
    /// Counted in seconds, else in milliseconds.
    pub(super) seconds: bool,
    /// Counted since the epoch, else from now on.
    pub(super) absolute: bool,
}

impl Deadline<'_> {
    /// The time it means. Zero, negative and too large numbers are errors.
    pub(super) fn at(self, now: Millis, command: &'static str) -> Result<Millis, CommandError> {
        let error = CommandError::ExpireTime { command };
        let number = parse_integer(self.number).ok_or(CommandError::NotInteger)?;
        let number = u64::try_from(number).ok().filter(|&n| n > 0).ok_or(error.clone())?;
        let milliseconds = if self.seconds { number.checked_mul(1000) } else { Some(number) };
        let base = if self.absolute { 0 } else { now.0 };
        milliseconds
            .and_then(|milliseconds| milliseconds.checked_add(base))
            .filter(|&at| i64::try_from(at).is_ok())
            .map(Millis)
            .ok_or(error)
    }
}

/// When SET writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// Always.
    Always,
    /// `NX`: only if the key does not exist.
    Missing,
    /// `XX`: only if it does.
    Present,
}

/// Options of SET or GETEX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options<'a> {
    pub(super) condition: Condition,
    pub(super) expiry: Expiry<'a>,
    /// `GET`: reply with the old value.
    pub(super) get: bool,
}

/// Which command's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grammar {
    Set,
    GetEx,
}

impl<'a> Options<'a> {
    /// Reads the words from `first` on.
    ///
    /// As in 6.2: `NX` excludes `XX` and `GET`; one kind of deadline excludes the others, but may
    /// be repeated, and the last one counts.
    #[doc(alias = "parseExtendedStringArgumentsOrReply")]
    pub(super) fn parse(
        argv: Argv<'a>,
        first: usize,
        grammar: Grammar,
    ) -> Result<Self, CommandError> {
        let set = grammar == Grammar::Set;
        let mut options = Self { condition: Condition::Always, expiry: Expiry::Unsaid, get: false };
        let mut words = argv.skip(first);
        while let Some(word) = words.next() {
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            if set && is("NX") && options.condition != Condition::Present && !options.get {
                options.condition = Condition::Missing;
            } else if set && is("XX") && options.condition != Condition::Missing {
                options.condition = Condition::Present;
            } else if set && is("GET") && options.condition != Condition::Missing {
                options.get = true;
            } else if set && is("KEEPTTL") && options.takes(Expiry::Keep) {
                options.expiry = Expiry::Keep;
            } else if !set && is("PERSIST") && options.takes(Expiry::Remove) {
                options.expiry = Expiry::Remove;
            } else {
                let (seconds, absolute) = if is("EX") {
                    (true, false)
                } else if is("PX") {
                    (false, false)
                } else if is("EXAT") {
                    (true, true)
                } else if is("PXAT") {
                    (false, true)
                } else {
                    return Err(CommandError::Syntax);
                };
                let number = words.next().ok_or(CommandError::Syntax)?;
                let deadline = Expiry::Until(Deadline { number, seconds, absolute });
                if !options.takes(deadline) {
                    return Err(CommandError::Syntax);
                }
                options.expiry = deadline;
            }
        }
        Ok(options)
    }

    /// Whether `expiry` goes together with what was said before: nothing, or the same kind.
    fn takes(&self, expiry: Expiry<'_>) -> bool {
        match (self.expiry, expiry) {
            (Expiry::Unsaid, _)
            | (Expiry::Keep, Expiry::Keep)
            | (Expiry::Remove, Expiry::Remove) => true,
            (Expiry::Until(before), Expiry::Until(after)) => {
                (before.seconds, before.absolute) == (after.seconds, after.absolute)
            }
            _ => false,
        }
    }
}
