//! ZADD and ZINCRBY.

use crate::command::{Call, CommandError};
use crate::number::parse_float;
use crate::propagate::Change;
use crate::value::{ScoreUpdate, SortedSet};

use super::limits;

/// What the words between key and scores ask for.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    /// NX: only new members.
    add_only: bool,
    /// XX: only members that are there.
    update_only: bool,
    /// GT: only to a greater score.
    greater: bool,
    /// LT: only to a lesser one.
    less: bool,
    /// CH: reply how many were added or changed.
    count_changed: bool,
    /// INCR: the score is added to the one before, and replied.
    increment: bool,
}

impl Options {
    /// Takes one word, if it is an option.
    fn take(&mut self, word: &[u8]) -> bool {
        let place = match word.len() {
            2 if word.eq_ignore_ascii_case(b"NX") => &mut self.add_only,
            2 if word.eq_ignore_ascii_case(b"XX") => &mut self.update_only,
            2 if word.eq_ignore_ascii_case(b"CH") => &mut self.count_changed,
            2 if word.eq_ignore_ascii_case(b"GT") => &mut self.greater,
            2 if word.eq_ignore_ascii_case(b"LT") => &mut self.less,
            4 if word.eq_ignore_ascii_case(b"INCR") => &mut self.increment,
            _ => return false,
        };
        *place = true;
        true
    }

    /// In the order in which Redis complains.
    fn check(self, pairs: usize) -> Result<(), CommandError> {
        let Self { add_only, update_only, greater, less, .. } = self;
        if add_only && update_only {
            return Err(CommandError::text(
                "ERR XX and NX options at the same time are not compatible",
            ));
        }
        if (add_only && (greater || less)) || (greater && less) {
            return Err(CommandError::text(
                "ERR GT, LT, and/or NX options at the same time are not compatible",
            ));
        }
        if self.increment && pairs > 1 {
            return Err(CommandError::text(
                "ERR INCR option supports a single increment-element pair",
            ));
        }
        Ok(())
    }

    /// The score that a member gets which had `old`, or none when it is left alone.
    #[doc(alias = "zsetAdd")]
    fn decide(self, old: Option<f64>, score: f64) -> Result<Option<f64>, CommandError> {
        let Some(old) = old else { return Ok((!self.update_only).then_some(score)) };
        if self.add_only {
            return Ok(None);
        }
        let new = if self.increment { old + score } else { score };
        if new.is_nan() {
            return Err(CommandError::text("ERR resulting score is not a number (NaN)"));
        }
        let declined = (self.less && new >= old) || (self.greater && new <= old);
        Ok((!declined).then_some(new))
    }
}

/// `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member ...`
pub(in crate::command) fn zadd<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    add(call, Options::default())
}

/// `ZINCRBY key increment member`
pub(in crate::command) fn zincrby<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    add(call, Options { increment: true, ..Options::default() })
}

/// All scores are read before anything is changed. Logged as it came, if it changed anything:
/// INCR adds the same to the same when it is replayed.
#[doc(alias = "zaddGenericCommand")]
fn add<'a>(call: &mut Call<'a, '_>, mut options: Options) -> Result<Change<'a>, CommandError> {
    let argv = call.argv;
    let mut first = 2;
    while argv.get(first).is_some_and(|word| options.take(word)) {
        first += 1;
    }
    let words = argv.len() - first;
    if words == 0 || words % 2 == 1 {
        return Err(CommandError::Syntax);
    }
    options.check(words / 2)?;
    let score = |place: usize| parse_float(argv.word(place)).ok_or(CommandError::NotFloat);
    let first_score = score(first)?;
    let more: Vec<f64> = (first + 2..argv.len()).step_by(2).map(score).collect::<Result<_, _>>()?;
    let key = call.word(1);
    let limits = limits(call);
    let set = if options.update_only {
        call.write_of::<SortedSet>(key)?
    } else {
        Some(call.write_or_create::<SortedSet>(key)?)
    };
    let (mut added, mut changed, mut result) = (0, 0, None);
    if let Some(set) = set {
        let members = argv.skip(first + 1).step_by(2);
        for (score, member) in core::iter::once(first_score).chain(more).zip(members) {
            let decide = |old| options.decide(old, score);
            match set.update(member, &limits, decide)? {
                ScoreUpdate::Added(score) => {
                    added += 1;
                    result = Some(score);
                }
                ScoreUpdate::Changed(score) => {
                    changed += 1;
                    result = Some(score);
                }
                ScoreUpdate::Same(score) => result = Some(score),
                ScoreUpdate::Declined => {}
            }
        }
    }
    match result {
        _ if !options.increment => {
            call.reply.count(added + if options.count_changed { changed } else { 0 });
        }
        Some(score) => call.reply.double(score),
        None => call.reply.null_bulk(),
    }
    if added + changed == 0 {
        return Ok(Change::None);
    }
    call.changed(key);
    Ok(Change::Verbatim)
}
