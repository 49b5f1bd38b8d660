//! ZRANGE in all its forms.

use crate::command::{Call, CommandError};
use crate::propagate::Change;
use crate::value::SortedSet;

use super::bounds::{Bounds, By, window};
use super::{limits, store};

/// What is asked for, but for the key.
#[derive(Clone, Copy, Debug)]
struct Query<'a> {
    bounds: Bounds<'a>,
    reverse: bool,
    with_scores: bool,
    offset: i64,
    count: i64,
}

/// What the name of a command has already decided.
#[derive(Clone, Copy, Debug)]
struct Form {
    /// Index of the key; the two ends follow.
    key: usize,
    /// BYSCORE and BYLEX are options where it says nothing.
    by: Option<By>,
    /// REV is an option where it says nothing.
    reverse: Option<bool>,
    /// The result is stored, so there are always scores.
    stores: bool,
}

const fn form(by: Option<By>, reverse: Option<bool>) -> Form {
    Form { key: 1, by, reverse, stores: false }
}

impl<'a> Query<'a> {
    /// Options first, then what contradicts, then the ends: the order in which Redis complains.
    #[doc(alias = "zrangeGenericCommand")]
    fn parse(call: &Call<'a, '_>, form: Form) -> Result<Self, CommandError> {
        let Form { key, mut by, mut reverse, stores } = form;
        let (mut with_scores, mut offset, mut count) = (false, 0, -1);
        let mut index = key + 3;
        while let Some(word) = call.argv.get(index) {
            if !stores && word.eq_ignore_ascii_case(b"WITHSCORES") {
                with_scores = true;
            } else if word.eq_ignore_ascii_case(b"LIMIT") && index + 2 < call.argv.len() {
                offset = call.integer(index + 1)?;
                count = call.integer(index + 2)?;
                index += 2;
            } else if reverse.is_none() && word.eq_ignore_ascii_case(b"REV") {
                reverse = Some(true);
            } else if by.is_none() && word.eq_ignore_ascii_case(b"BYLEX") {
                by = Some(By::Lex);
            } else if by.is_none() && word.eq_ignore_ascii_case(b"BYSCORE") {
                by = Some(By::Score);
            } else {
                return Err(CommandError::Syntax);
            }
            index += 1;
        }
        let (by, reverse) = (by.unwrap_or(By::Rank), reverse.unwrap_or(false));
        if count != -1 && by == By::Rank {
            return Err(CommandError::text(
                "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or \
                 BYLEX",
            ));
        }
        if with_scores && by == By::Lex {
            return Err(CommandError::text(
                "ERR syntax error, WITHSCORES not supported in combination with BYLEX",
            ));
        }
        // Scores and members are named as they are met: the greatest first when reversed.
        let swapped = reverse && by != By::Rank;
        let (least, most) = if swapped { (key + 2, key + 1) } else { (key + 1, key + 2) };
        let bounds = Bounds::parse(call, by, least, most)?;
        Ok(Self { bounds, reverse, with_scores, offset, count })
    }

    fn places(&self, set: &SortedSet) -> core::ops::Range<usize> {
        let places = self.bounds.places(set, self.reverse);
        match self.bounds {
            Bounds::Rank(..) => places,
            _ => window(places, self.offset, self.count, self.reverse),
        }
    }
}

fn range<'a>(call: &mut Call<'a, '_>, form: Form) -> Result<Change<'a>, CommandError> {
    let query = Query::parse(call, form)?;
    let (set, reply) = call.read_of::<SortedSet>(call.word(form.key))?;
    let Some(set) = set else {
        reply.array(0);
        return Ok(Change::None);
    };
    let places = query.places(set);
    reply.array(places.len() * if query.with_scores { 2 } else { 1 });
    let mut put = |(member, score): (&[u8], f64)| {
        reply.bulk(member);
        if query.with_scores {
            reply.double(score);
        }
    };
    let elements = set.range(places.start, places.end);
    if query.reverse {
        elements.rev().for_each(&mut put);
    } else {
        elements.for_each(&mut put);
    }
    Ok(Change::None)
}

/// `ZRANGE key min max [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]`
pub(in crate::command) fn zrange<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    range(call, form(None, None))
}

/// `ZREVRANGE key start stop [WITHSCORES]`
pub(in crate::command) fn zrevrange<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    range(call, form(Some(By::Rank), Some(true)))
}

/// `ZRANGEBYSCORE key min max [WITHSCORES] [LIMIT offset count]`
pub(in crate::command) fn zrangebyscore<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    range(call, form(Some(By::Score), Some(false)))
}

/// `ZREVRANGEBYSCORE key max min [WITHSCORES] [LIMIT offset count]`
pub(in crate::command) fn zrevrangebyscore<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    range(call, form(Some(By::Score), Some(true)))
}

/// `ZRANGEBYLEX key min max [LIMIT offset count]`
pub(in crate::command) fn zrangebylex<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    range(call, form(Some(By::Lex), Some(false)))
}

/// `ZREVRANGEBYLEX key max min [LIMIT offset count]`
pub(in crate::command) fn zrevrangebylex<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    range(call, form(Some(By::Lex), Some(true)))
}

/// `ZRANGESTORE destination source min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]`
pub(in crate::command) fn zrangestore<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    let query = Query::parse(call, Form { key: 2, by: None, reverse: None, stores: true })?;
    let limits = limits(call);
    let mut result = SortedSet::default();
    if let (Some(source), _) = call.read_of::<SortedSet>(call.word(2))? {
        let places = query.places(source);
        for (member, score) in source.range(places.start, places.end) {
            result.insert(member, score, &limits);
        }
    }
    Ok(store(call, call.word(1), result))
}
