//! KEYS and SCAN.

use crate::command::{Call, CommandError};
use crate::glob::{Case, matches};
use crate::number::parse_integer;
use crate::propagate::Change;

/// Keys whose time has come are left out, but not deleted.
pub(super) fn keys<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let pattern = call.word(1);
    let database = call.executor.keyspace.db(call.session.db);
    let (now, loading) = (call.now, call.loading);
    let start = call.reply.position();
    let mut count = 0;
    for entry in database.iter() {
        let expired = !loading && entry.expiry.is_some_and(|at| now > at);
        if !expired && matches(pattern, entry.key, Case::Sensitive) {
            call.reply.bulk(entry.key);
            count += 1;
        }
    }
    call.reply.insert_array(start, count);
    Ok(Change::None)
}

/// What the options of SCAN and its relatives ask for.
pub(super) struct Filter<'a> {
    pattern: Option<&'a [u8]>,
    /// About how many elements one call visits.
    pub(super) count: u64,
}

impl<'a> Filter<'a> {
    /// Reads pairs of an option and its value. `other` gets what is neither COUNT nor MATCH, and
    /// says whether it knows the option.
    pub(super) fn parse(
        mut words: impl Iterator<Item = &'a [u8]>,
        mut other: impl FnMut(&[u8], &'a [u8]) -> bool,
    ) -> Result<Self, CommandError> {
        let mut filter = Self { pattern: None, count: 10 };
        while let Some(word) = words.next() {
            let value = words.next().ok_or(CommandError::Syntax)?;
            if word.eq_ignore_ascii_case(b"COUNT") {
                let count = parse_integer(value).ok_or(CommandError::NotInteger)?;
                let count = u64::try_from(count).ok().filter(|&count| count > 0);
                filter.count = count.ok_or(CommandError::Syntax)?;
            } else if word.eq_ignore_ascii_case(b"MATCH") {
                filter.pattern = Some(value).filter(|pattern| *pattern != b"*");
            } else if !other(word, value) {
                return Err(CommandError::Syntax);
            }
        }
        Ok(filter)
    }

    /// Whether the pattern, if there is one, matches.
    pub(super) fn admits(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| matches(pattern, name, Case::Sensitive))
    }
}

/// Finds keys whose time has come and that match: they are deleted and left out.
pub(super) fn scan<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let cursor = parse_cursor(call.word(1))?;
    let mut type_name: Option<&[u8]> = None;
    let filter = Filter::parse(call.argv.skip(2), |option, value| {
        let known = option.eq_ignore_ascii_case(b"TYPE");
        if known {
            type_name = Some(value);
        }
        known
    })?;
    let mut found: Vec<Vec<u8>> = Vec::new();
    let next = call.db().scan(cursor, filter.count, |entry| {
        let wanted = filter.admits(entry.key)
            && type_name
                .is_none_or(|name| name.eq_ignore_ascii_case(entry.value.type_name().as_bytes()));
        if wanted {
            found.push(entry.key.to_vec());
        }
    });
    found.retain(|key| !call.expire_if_needed(key));
    call.reply.array(2);
    call.reply.bulk(itoa::Buffer::new().format(next).as_bytes());
    call.reply.array(found.len());
    found.iter().for_each(|key| call.reply.bulk(key));
    Ok(Change::None)
}

/// A cursor as C's `strtoul` reads it, which Redis asks: a sign may stand before the digits, a
/// negative number counts from the end of 64 bits, no text at all is 0, and a NUL ends it.
#[doc(alias = "parseScanCursorOrReply")]
pub(super) fn parse_cursor(text: &[u8]) -> Result<u64, CommandError> {
    let error = CommandError::text("ERR invalid cursor");
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if text.is_empty() {
        return Ok(0);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(error);
    }
    let number = std::str::from_utf8(digits).ok().and_then(|text| text.parse::<u64>().ok());
    let number = number.ok_or(error)?;
    Ok(if negative { number.wrapping_neg() } else { number })
}
