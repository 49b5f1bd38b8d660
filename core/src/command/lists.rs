//! Commands on lists.

use crate::command::{Call, CommandError};
use crate::number::parse_integer;
use crate::propagate::Change;
use crate::value::{ChunkLimit, End, List, Value};

pub(super) fn lpush<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    push(call, End::Front, Absent::Create)
}

pub(super) fn rpush<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    push(call, End::Back, Absent::Create)
}

pub(super) fn lpushx<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    push(call, End::Front, Absent::LeaveOut)
}

pub(super) fn rpushx<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    push(call, End::Back, Absent::LeaveOut)
}

/// What a push does where there is no list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absent {
    Create,
    LeaveOut,
}

#[doc(alias = "pushGenericCommand")]
fn push<'a>(call: &mut Call<'a, '_>, end: End, absent: Absent) -> Result<Change<'a>, CommandError> {
    let (key, limit, words) = (call.word(1), chunk_limit(call), call.argv.skip(2));
    words.clone().try_for_each(check_size)?;
    let length = match call.write_of::<List>(key)? {
        Some(list) => {
            words.for_each(|element| list.push(element, end, limit));
            list.len()
        }
        None if absent == Absent::LeaveOut => {
            call.reply.integer(0);
            return Ok(Change::None);
        }
        None => {
            let mut list = List::default();
            words.for_each(|element| list.push(element, end, limit));
            let length = list.len();
            call.db_mut().insert(key, Value::List(list));
            length
        }
    };
    call.changed(key);
    call.reply.count(length);
    Ok(Change::Verbatim)
}

fn chunk_limit(call: &Call<'_, '_>) -> ChunkLimit {
    ChunkLimit::from_setting(call.executor.config.list_max_ziplist_size)
}

/// The length of an element stands in four bytes. Redis's limit, which only a raised
/// `proto-max-bulk-len` lets anyone reach.
#[doc(alias = "LIST_MAX_ITEM_SIZE")]
fn check_size(element: &[u8]) -> Result<(), CommandError> {
    const MOST_BYTES: u64 = (1 << 32) - 1024;
    if element.len() as u64 > MOST_BYTES {
        return Err(CommandError::text("ERR Element too large"));
    }
    Ok(())
}

pub(super) fn lpop<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    pop(call, End::Front)
}

pub(super) fn rpop<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    pop(call, End::Back)
}

#[doc(alias = "popGenericCommand")]
fn pop<'a>(call: &mut Call<'a, '_>, end: End) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    let count = match call.argv.len() {
        2 => None,
        3 => Some(natural(call.word(2), "ERR value is out of range, must be positive")?),
        _ => return Err(CommandError::WrongArity { command: call.command.name }),
    };
    let (list, reply) = call.write_and_reply::<List>(key)?;
    let Some(list) = list else {
        if count.is_some() {
            reply.null_array();
        } else {
            reply.null_bulk();
        }
        return Ok(Change::None);
    };
    match count {
        None => {
            reply.bulk(list.peek(end).unwrap_or_default());
            list.pop(end);
        }
        Some(0) => {
            reply.array(0);
            return Ok(Change::None);
        }
        Some(count) => {
            let length = list.len();
            let count = count.min(length);
            reply.array(count);
            let elements = list.iter();
            match end {
                End::Front => elements.take(count).for_each(|element| reply.bulk(element)),
                End::Back => elements.rev().take(count).for_each(|element| reply.bulk(element)),
            }
            list.remove(if end == End::Front { 0 } else { length - count }, count);
        }
    }
    let emptied = list.is_empty();
    taken_out(call, key, emptied);
    Ok(Change::Verbatim)
}

/// An integer from 0 on, or an error with this text.
fn natural(word: &[u8], error: &'static str) -> Result<usize, CommandError> {
    let number = parse_integer(word).filter(|&number| number >= 0);
    let number = number.ok_or(CommandError::text(error))?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// The list at `key` was changed, and goes if nothing is left. Saves a look for what is known.
fn taken_out(call: &mut Call<'_, '_>, key: &[u8], emptied: bool) {
    if emptied {
        call.db_mut().remove(key);
    }
    call.changed(key);
}

pub(super) fn llen<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (list, reply) = call.read_of::<List>(call.word(1))?;
    reply.count(list.map_or(0, List::len));
    Ok(Change::None)
}

pub(super) fn lindex<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let index = call.word(2);
    let (list, reply) = call.read_of::<List>(call.word(1))?;
    // The index of nothing is not even read.
    let Some(list) = list else {
        reply.null_bulk();
        return Ok(Change::None);
    };
    let index = parse_integer(index).ok_or(CommandError::NotInteger)?;
    reply.bulk_or_null(position(index, list.len()).and_then(|index| list.get(index)));
    Ok(Change::None)
}

/// The place of element `index`, which counts from the end when negative, if there is one.
fn position(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).ok().filter(|_| index < length)
}

/// First place and number of the elements from `start` to `end`, both included, which count from
/// the end when negative; nothing if there are none.
fn span(start: i64, end: i64, length: usize) -> Option<(usize, usize)> {
    let length = i64::try_from(length).ok()?;
    let from_end = |index: i64| if index < 0 { index + length } else { index };
    let start = from_end(start).max(0);
    let end = from_end(end).min(length - 1);
    let count = end.checked_sub(start)? + 1;
    let (start, count) = (usize::try_from(start).ok()?, usize::try_from(count).ok()?);
    (count > 0).then_some((start, count))
}

pub(super) fn lrange<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let (list, reply) = call.read_of::<List>(call.word(1))?;
    let found = list.and_then(|list| Some((list, span(start, end, list.len())?)));
    let Some((list, (start, count))) = found else {
        reply.array(0);
        return Ok(Change::None);
    };
    reply.array(count);
    list.iter_from(start).take(count).for_each(|element| reply.bulk(element));
    Ok(Change::None)
}

/// A list that loses nothing is not logged, but counts as changed for those who watch it, as in
/// Redis.
pub(super) fn ltrim<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let key = call.word(1);
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let (list, reply) = call.write_and_reply::<List>(key)?;
    reply.ok();
    let Some(list) = list else { return Ok(Change::None) };
    let length = list.len();
    let (first, count) = span(start, end, length).unwrap_or((length, 0));
    list.remove(first + count, length);
    list.remove(0, first);
    taken_out(call, key, count == 0);
    Ok(if count < length { Change::Verbatim } else { Change::None })
}

pub(super) fn lset<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, index, element) = (call.word(1), call.word(2), call.word(3));
    let limit = chunk_limit(call);
    check_size(element)?;
    let list = call.write_of::<List>(key)?.ok_or(CommandError::NoSuchKey)?;
    let index = parse_integer(index).ok_or(CommandError::NotInteger)?;
    let place = position(index, list.len());
    if !place.is_some_and(|place| list.set(place, element, limit)) {
        return Err(CommandError::text("ERR index out of range"));
    }
    call.changed(key);
    call.reply.ok();
    Ok(Change::Verbatim)
}

pub(super) fn linsert<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, place, pivot, element) = (call.word(1), call.word(2), call.word(3), call.word(4));
    let behind = if place.eq_ignore_ascii_case(b"AFTER") {
        1
    } else if place.eq_ignore_ascii_case(b"BEFORE") {
        0
    } else {
        return Err(CommandError::Syntax);
    };
    check_size(element)?;
    let limit = chunk_limit(call);
    let (list, reply) = call.write_and_reply::<List>(key)?;
    let Some(list) = list else {
        reply.integer(0);
        return Ok(Change::None);
    };
    let Some(index) = list.iter().position(|other| other == pivot) else {
        reply.integer(-1);
        return Ok(Change::None);
    };
    list.insert(index + behind, element, limit);
    reply.count(list.len());
    call.changed(key);
    Ok(Change::Verbatim)
}

pub(super) fn lrem<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (key, count, element) = (call.word(1), call.integer(2)?, call.word(3));
    let limit = chunk_limit(call);
    let (list, reply) = call.write_and_reply::<List>(key)?;
    let Some(list) = list else {
        reply.integer(0);
        return Ok(Change::None);
    };
    let end = if count < 0 { End::Back } else { End::Front };
    let most = match usize::try_from(count.unsigned_abs()) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(most) => most,
    };
    let removed = list.remove_equal(element, end, most, limit);
    reply.count(removed);
    if removed == 0 {
        return Ok(Change::None);
    }
    let emptied = list.is_empty();
    taken_out(call, key, emptied);
    Ok(Change::Verbatim)
}

pub(super) fn rpoplpush<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    transfer(call, End::Back, End::Front)
}

pub(super) fn lmove<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let (from, to) = (parse_end(call.word(3))?, parse_end(call.word(4))?);
    transfer(call, from, to)
}

fn parse_end(word: &[u8]) -> Result<End, CommandError> {
    if word.eq_ignore_ascii_case(b"LEFT") {
        Ok(End::Front)
    } else if word.eq_ignore_ascii_case(b"RIGHT") {
        Ok(End::Back)
    } else {
        Err(CommandError::Syntax)
    }
}

/// Both keys may be the same: the list is rotated then.
#[doc(alias = "lmoveGenericCommand")]
fn transfer<'a>(call: &mut Call<'a, '_>, from: End, to: End) -> Result<Change<'a>, CommandError> {
    let (source, target) = (call.word(1), call.word(2));
    let limit = chunk_limit(call);
    if call.write_of::<List>(source)?.is_none() {
        call.reply.null_bulk();
        return Ok(Change::None);
    }
    call.write_of::<List>(target)?;
    let (list, reply) = call.write_and_reply::<List>(source)?;
    let Some(list) = list else { return Err(CommandError::NoSuchKey) };
    let element = list.peek(from).unwrap_or_default().to_vec();
    reply.bulk(&element);
    list.pop(from);
    if source == target {
        list.push(&element, to, limit);
    } else {
        let emptied = list.is_empty();
        call.write_or_create::<List>(target)?.push(&element, to, limit);
        call.changed(target);
        if emptied {
            call.db_mut().remove(source);
        }
    }
    call.changed(source);
    Ok(Change::Verbatim)
}

/// What LPOS was asked for.
struct Search {
    /// Begin at the tail.
    backwards: bool,
    /// Matches to pass over first.
    skip: usize,
    /// How many to reply; the first, as an integer and no array, when not said.
    count: Option<usize>,
    /// Elements to look at.
    most: usize,
}

impl Search {
    fn parse(call: &Call<'_, '_>) -> Result<Self, CommandError> {
        let mut search = Self { backwards: false, skip: 0, count: None, most: usize::MAX };
        let mut words = call.argv.skip(3);
        while let Some(option) = words.next() {
            let value = words.next().ok_or(CommandError::Syntax)?;
            if option.eq_ignore_ascii_case(b"RANK") {
                let rank = parse_integer(value).ok_or(CommandError::NotInteger)?;
                if rank == 0 {
                    return Err(CommandError::text(
                        "ERR RANK can't be zero: use 1 to start from the first match, \
                         2 from the second, ...",
                    ));
                }
                search.backwards = rank < 0;
                // The one number without an opposite is the first match, as in Redis 6.2.
                let rank = rank.checked_abs().unwrap_or(1);
                search.skip = usize::try_from(rank - 1).unwrap_or(usize::MAX);
            } else if option.eq_ignore_ascii_case(b"COUNT") {
                search.count = Some(all_for_zero(natural(value, "ERR COUNT can't be negative")?));
            } else if option.eq_ignore_ascii_case(b"MAXLEN") {
                search.most = all_for_zero(natural(value, "ERR MAXLEN can't be negative")?);
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(search)
    }
}

const fn all_for_zero(count: usize) -> usize {
    if count == 0 { usize::MAX } else { count }
}

pub(super) fn lpos<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let element = call.word(2);
    let search = Search::parse(call)?;
    let (list, reply) = call.read_of::<List>(call.word(1))?;
    let mut found = Vec::new();
    if let Some(list) = list {
        let last = list.len().saturating_sub(1);
        let wanted = search.count.unwrap_or(1);
        let is_match = |(_, other): &(usize, &[u8])| *other == element;
        let elements = list.iter();
        if search.backwards {
            let matches = elements.rev().enumerate().take(search.most).filter(is_match);
            let places = matches.map(|(index, _)| last - index);
            found.extend(places.skip(search.skip).take(wanted));
        } else {
            let matches = elements.enumerate().take(search.most).filter(is_match);
            found.extend(matches.map(|(index, _)| index).skip(search.skip).take(wanted));
        }
    }
    match (search.count, found.first()) {
        (Some(_), _) => {
            reply.array(found.len());
            found.iter().for_each(|&index| reply.count(index));
        }
        (None, Some(&index)) => reply.count(index),
        (None, None) => reply.null_bulk(),
    }
    Ok(Change::None)
}
