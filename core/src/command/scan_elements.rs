//! HSCAN, SSCAN, ZSCAN: walking through the elements of one collection.

use crate::command::scan::{Filter, parse_cursor};
use crate::command::{Call, CommandError};
use crate::number::FloatText;
use crate::propagate::Change;
use crate::value::{Hash, Kind, Set, SortedSet};

/// Gets an element and what belongs to it.
pub(super) type Visit<'v> = dyn FnMut(&[u8], Option<&[u8]>) + 'v;

/// A collection that can be walked through in several calls.
pub(super) trait Scan: Kind {
    /// Visits about `count` elements from `cursor` on, each with what belongs to it, and returns
    /// the cursor to go on with, 0 at the end. An element that is there from beginning to end is
    /// visited at least once.
    fn scan(&self, cursor: u64, count: u64, visit: &mut Visit<'_>) -> u64;
}

impl Scan for Hash {
    fn scan(&self, cursor: u64, count: u64, visit: &mut Visit<'_>) -> u64 {
        Self::scan(self, cursor, count, |field, value| visit(field, Some(value)))
    }
}

impl Scan for Set {
    fn scan(&self, cursor: u64, count: u64, visit: &mut Visit<'_>) -> u64 {
        Self::scan(self, cursor, count, |member| visit(member, None))
    }
}

impl Scan for SortedSet {
    fn scan(&self, cursor: u64, count: u64, visit: &mut Visit<'_>) -> u64 {
        let mut visit =
            |member: &[u8], score| visit(member, Some(FloatText::new(score).as_bytes()));
        Self::scan(self, cursor, count, &mut visit)
    }
}

/// `HSCAN key cursor [MATCH pattern] [COUNT count]` and its relatives. The reply holds each
/// element with what belongs to it, in turn. Options are looked at only if there is such a key.
#[doc(alias = "scanGenericCommand")]
pub(super) fn scan<'a, T: Scan>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let cursor = parse_cursor(call.word(2))?;
    let filter = Filter::parse(call.argv.skip(3), |_, _| false);
    let (collection, reply) = call.read_of::<T>(call.word(1))?;
    let Some(collection) = collection else {
        reply.array(2);
        reply.bulk(b"0");
        reply.array(0);
        return Ok(Change::None);
    };
    let filter = filter?;
    let start = reply.position();
    let mut words = 0;
    let next = collection.scan(cursor, filter.count, &mut |element, belonging| {
        if filter.admits(element) {
            reply.bulk(element);
            words += 1;
            if let Some(belonging) = belonging {
                reply.bulk(belonging);
                words += 1;
            }
        }
    });
    reply.insert_array(start, words);
    let mut digits = itoa::Buffer::new();
    reply.insert_bulk(start, digits.format(next).as_bytes());
    reply.insert_array(start, 2);
    Ok(Change::None)
}
