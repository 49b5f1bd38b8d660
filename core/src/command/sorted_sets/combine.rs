//! ZUNION, ZINTER, ZDIFF, and the same stored.
//!
//! A source is a sorted set or a set, whose members count as having score 1, or nothing. As in
//! Redis the smallest source comes first in a sum, except for a difference: additions of scores
//! that are not exact depend on their order, and so do replies.

use core::cmp::Ordering;
use std::collections::BTreeMap;

use crate::command::{Call, CommandError};
use crate::keyspace::Database;
use crate::number::{parse_float, parse_integer};
use crate::propagate::Change;
use crate::resp::Argv;
use crate::value::{Member, ScoreKey, Set, SortedSet, Value};

use super::{limits, store};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Union,
    Intersection,
    Difference,
}

/// What becomes of two scores of one member.
#[derive(Clone, Copy, Debug)]
enum Aggregate {
    Sum,
    Least,
    Greatest,
}

/// What is asked for.
struct Query<'a> {
    operation: Operation,
    keys: Vec<&'a [u8]>,
    weights: Vec<f64>,
    aggregate: Aggregate,
    with_scores: bool,
}

/// One source with its weight.
#[derive(Clone, Copy)]
struct Source<'a> {
    key: &'a [u8],
    holds: Holds<'a>,
    weight: f64,
}

#[derive(Clone, Copy)]
enum Holds<'a> {
    Nothing,
    Sorted(&'a SortedSet),
    Plain(&'a Set),
}

/// A member in the order of its bytes.
struct Key<'a>(Member<'a>);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl Eq for Key<'_> {}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        (*self.0).cmp(&*other.0)
    }
}

impl Aggregate {
    #[doc(alias = "zunionInterAggregate")]
    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Sum => number_or_zero(one + other),
            Self::Least => {
                if other < one {
                    other
                } else {
                    one
                }
            }
            Self::Greatest => {
                if other > one {
                    other
                } else {
                    one
                }
            }
        }
    }
}

/// Infinity times zero, and infinity minus infinity, count as zero.
fn number_or_zero(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}

impl<'a> Source<'a> {
    fn len(self) -> usize {
        match self.holds {
            Holds::Nothing => 0,
            Holds::Sorted(set) => set.len(),
            Holds::Plain(set) => set.len(),
        }
    }

    /// The score of `member` before its weight.
    #[doc(alias = "zuiFind")]
    fn score(self, member: &[u8]) -> Option<f64> {
        match self.holds {
            Holds::Nothing => None,
            Holds::Sorted(set) => set.score(member),
            Holds::Plain(set) => set.contains(member).then_some(1.0),
        }
    }

    /// Calls `visit` for each member with its score.
    #[doc(alias = "zuiNext")]
    fn visit(self, mut visit: impl FnMut(Member<'a>, f64)) {
        match self.holds {
            Holds::Nothing => {}
            Holds::Sorted(set) => {
                set.iter().for_each(|(member, score)| visit(Member::from(member), score));
            }
            Holds::Plain(set) => set.iter().for_each(|member| visit(member, 1.0)),
        }
    }
}

/// How many keys word `index` says that follow it.
fn count_of_keys(argv: Argv<'_>, index: usize, name: &'static str) -> Result<usize, CommandError> {
    let count = parse_integer(argv.word(index)).ok_or(CommandError::NotInteger)?;
    if count < 1 {
        let text = format!("ERR at least 1 input key is needed for {name}");
        return Err(CommandError::Text(text.into()));
    }
    usize::try_from(count)
        .ok()
        .filter(|&count| count < argv.len() - index)
        .ok_or(CommandError::Syntax)
}

impl<'a> Query<'a> {
    /// Word `index` is the number of keys. The type of what they hold is looked at before the
    /// options, as in Redis.
    #[doc(alias = "zunionInterDiffGenericCommand")]
    fn parse(
        call: &mut Call<'a, '_>,
        operation: Operation,
        index: usize,
    ) -> Result<Self, CommandError> {
        let argv = call.argv;
        let stores = index > 1;
        let count = count_of_keys(argv, index, call.command.name)?;
        let keys: Vec<&[u8]> = argv.skip(index + 1).take(count).collect();
        for key in &keys {
            let value = if stores {
                call.expire_if_needed(key);
                call.db().get(key)
            } else {
                call.read(key)
            };
            if !matches!(value, None | Some(Value::SortedSet(_) | Value::Set(_))) {
                return Err(CommandError::WrongType);
            }
        }
        let mut query = Self {
            operation,
            weights: vec![1.0; keys.len()],
            keys,
            aggregate: Aggregate::Sum,
            with_scores: false,
        };
        query.parse_options(argv, index + 1 + count, stores)?;
        Ok(query)
    }

    fn parse_options(
        &mut self,
        argv: Argv<'a>,
        mut index: usize,
        stores: bool,
    ) -> Result<(), CommandError> {
        let weighs = self.operation != Operation::Difference;
        while let Some(word) = argv.get(index) {
            let remaining = argv.len() - index;
            if weighs && remaining > self.keys.len() && word.eq_ignore_ascii_case(b"WEIGHTS") {
                for (weight, word) in self.weights.iter_mut().zip(argv.skip(index + 1)) {
                    *weight = parse_float(word)
                        .ok_or(CommandError::text("ERR weight value is not a float"))?;
                }
                index += self.keys.len();
            } else if weighs && remaining > 1 && word.eq_ignore_ascii_case(b"AGGREGATE") {
                index += 1;
                self.aggregate = match argv.word(index) {
                    word if word.eq_ignore_ascii_case(b"SUM") => Aggregate::Sum,
                    word if word.eq_ignore_ascii_case(b"MIN") => Aggregate::Least,
                    word if word.eq_ignore_ascii_case(b"MAX") => Aggregate::Greatest,
                    _ => return Err(CommandError::Syntax),
                };
            } else if !stores && word.eq_ignore_ascii_case(b"WITHSCORES") {
                self.with_scores = true;
            } else {
                return Err(CommandError::Syntax);
            }
            index += 1;
        }
        Ok(())
    }

    fn sources<'d>(&self, db: &'d Database) -> Vec<Source<'d>>
    where
        'a: 'd,
    {
        let source = |(&key, &weight): (&&'a [u8], &f64)| {
            let holds = match db.get(key) {
                Some(Value::SortedSet(set)) => Holds::Sorted(set),
                Some(Value::Set(set)) => Holds::Plain(set),
                _ => Holds::Nothing,
            };
            Source { key, holds, weight }
        };
        self.keys.iter().zip(&self.weights).map(source).collect()
    }

    /// The members of the result with their scores, in order.
    fn result<'d>(&self, db: &'d Database) -> Vec<(Member<'d>, f64)>
    where
        'a: 'd,
    {
        let mut sources = self.sources(db);
        if self.operation != Operation::Difference {
            sources.sort_by_key(|source| source.len());
        }
        let mut result = match self.operation {
            Operation::Union => self.union(&sources),
            Operation::Intersection => self.intersection(&sources),
            Operation::Difference => difference(&sources),
        };
        result.sort_by(|one, other| {
            let scores = ScoreKey::new(one.1).cmp(&ScoreKey::new(other.1));
            scores.then_with(|| (*one.0).cmp(&*other.0))
        });
        result
    }

    fn union<'d>(&self, sources: &[Source<'d>]) -> Vec<(Member<'d>, f64)> {
        let mut scores = BTreeMap::new();
        for source in sources {
            source.visit(|member, score| {
                let score = number_or_zero(source.weight * score);
                scores
                    .entry(Key(member))
                    .and_modify(|old| *old = self.aggregate.of(*old, score))
                    .or_insert(score);
            });
        }
        scores.into_iter().map(|(key, score)| (key.0, score)).collect()
    }

    fn intersection<'d>(&self, sources: &[Source<'d>]) -> Vec<(Member<'d>, f64)> {
        let Some((first, others)) = sources.split_first() else { return Vec::new() };
        let mut result = Vec::new();
        first.visit(|member, score| {
            let start = number_or_zero(first.weight * score);
            let sum = others.iter().try_fold(start, |sum, other| {
                let score = if other.key == first.key { Some(score) } else { other.score(&member) };
                score.map(|score| self.aggregate.of(sum, score * other.weight))
            });
            result.extend(sum.map(|sum| (member, sum)));
        });
        result
    }
}

/// Members of the first source that are in no other, with their scores.
#[doc(alias = "zdiff")]
fn difference<'d>(sources: &[Source<'d>]) -> Vec<(Member<'d>, f64)> {
    let Some((first, others)) = sources.split_first() else { return Vec::new() };
    let mut result = Vec::new();
    first.visit(|member, score| {
        if others.iter().all(|other| other.score(&member).is_none()) {
            result.push((member, score));
        }
    });
    result
}

fn reply_result<'a>(
    call: &mut Call<'a, '_>,
    operation: Operation,
) -> Result<Change<'a>, CommandError> {
    let query = Query::parse(call, operation, 1)?;
    let result = query.result(call.executor.keyspace.db(call.session.db));
    let reply = &mut call.reply;
    reply.array(result.len() * if query.with_scores { 2 } else { 1 });
    for (member, score) in result {
        reply.bulk(&member);
        if query.with_scores {
            reply.double(score);
        }
    }
    Ok(Change::None)
}

fn store_result<'a>(
    call: &mut Call<'a, '_>,
    operation: Operation,
) -> Result<Change<'a>, CommandError> {
    let query = Query::parse(call, operation, 2)?;
    let limits = limits(call);
    let mut set = SortedSet::default();
    for (member, score) in query.result(call.db()) {
        set.insert(&member, score, &limits);
    }
    Ok(store(call, call.word(1), set))
}

/// `ZUNION numkeys key ... [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]`
pub(in crate::command) fn zunion<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    reply_result(call, Operation::Union)
}

/// `ZINTER numkeys key ... [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX] [WITHSCORES]`
pub(in crate::command) fn zinter<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    reply_result(call, Operation::Intersection)
}

/// `ZDIFF numkeys key ... [WITHSCORES]`
pub(in crate::command) fn zdiff<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    reply_result(call, Operation::Difference)
}

/// `ZUNIONSTORE destination numkeys key ... [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX]`
pub(in crate::command) fn zunionstore<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    store_result(call, Operation::Union)
}

/// `ZINTERSTORE destination numkeys key ... [WEIGHTS weight ...] [AGGREGATE SUM|MIN|MAX]`
pub(in crate::command) fn zinterstore<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    store_result(call, Operation::Intersection)
}

/// `ZDIFFSTORE destination numkeys key ...`
pub(in crate::command) fn zdiffstore<'a>(
    call: &mut Call<'a, '_>,
) -> Result<Change<'a>, CommandError> {
    store_result(call, Operation::Difference)
}
