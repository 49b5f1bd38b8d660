//! Which places of the dataset were written since a moment.
//!
//! A real kernel copies a page that two processes share when one of them writes to it. Who
//! simulates one must know which places were written, not which commands ran: a command may write
//! to a value and leave it as it was, and an expired key is deleted by nobody's command. Off by
//! default; then it costs the look at one empty pointer for each write.

use super::slab::Stamps;
use super::{Database, Keyspace};

/// A moment in the life of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteMark {
    /// Writes of each database until then.
    writes: Vec<u64>,
    /// Places of each database until then, free ones among them.
    places: Vec<u32>,
}

impl WriteMark {
    /// Places of all databases.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.places.iter().map(|places| u64::from(*places)).sum()
    }

    /// Places of each database.
    #[must_use]
    pub fn places_of_each(&self) -> &[u32] {
        &self.places
    }
}

impl Keyspace {
    /// From now on remembers which places are written.
    pub fn watch_writes(&mut self) {
        for database in &mut self.databases {
            if database.slab.stamps().is_none() {
                database.slab.set_stamps(Some(Box::default()));
            }
        }
    }

    /// Forgets it again: a copy that nobody asks.
    pub fn unwatch_writes(&mut self) {
        self.databases.iter_mut().for_each(|database| database.slab.set_stamps(None));
    }

    /// Now.
    #[must_use]
    pub fn write_mark(&self) -> WriteMark {
        let writes = |database: &Database| database.slab.stamps().map_or(0, Stamps::writes);
        let places = |database: &Database| u32::try_from(database.slab.end()).unwrap_or(u32::MAX);
        WriteMark {
            writes: self.databases.iter().map(writes).collect(),
            places: self.databases.iter().map(places).collect(),
        }
    }

    /// The places that were written since then: database and place. Nothing unless
    /// [`Self::watch_writes`] was called before.
    pub fn written_since(&self, mark: &WriteMark) -> impl Iterator<Item = (u8, u32)> {
        self.databases().zip(&mark.writes).flat_map(|((number, database), writes)| {
            let stamps = database.slab.stamps();
            stamps
                .into_iter()
                .flat_map(|stamps| stamps.after(*writes))
                .map(move |slot| (number, slot))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Millis;

    fn written(keyspace: &Keyspace, mark: &WriteMark) -> Vec<(u8, u32)> {
        keyspace.written_since(mark).collect()
    }

    #[test]
    fn writes_are_told_by_place_and_reads_are_not() {
        let mut keyspace = Keyspace::new(1);
        keyspace.watch_writes();
        for key in [&b"a"[..], b"b", b"c"] {
            keyspace.db_mut(0).set_string(key, b"1");
        }
        let mark = keyspace.write_mark();
        assert_eq!((mark.places(), mark.places_of_each()[0]), (3, 3));
        let _ = keyspace.db(0).get(b"a");
        let _ = keyspace.content_digest();
        assert_eq!(written(&keyspace, &mark), []);
        keyspace.db_mut(0).set_string(b"b", b"2");
        assert_eq!(written(&keyspace, &mark), [(0, 1)]);
        keyspace.db_mut(0).set_expiry(b"c", Some(Millis(5)));
        assert_eq!(written(&keyspace, &mark), [(0, 1), (0, 2)]);
        // The place of a deleted key is used again.
        keyspace.db_mut(0).remove(b"b");
        keyspace.db_mut(0).set_string(b"e", b"1");
        keyspace.db_mut(3).set_string(b"x", b"1");
        assert_eq!(written(&keyspace, &mark), [(0, 1), (0, 2), (3, 0)]);
    }

    #[test]
    fn emptying_writes_to_every_place() {
        let mut keyspace = Keyspace::new(1);
        keyspace.watch_writes();
        keyspace.db_mut(0).set_string(b"a", b"1");
        keyspace.db_mut(0).set_string(b"b", b"1");
        let mark = keyspace.write_mark();
        keyspace.clear();
        assert_eq!(written(&keyspace, &mark), [(0, 0), (0, 1)]);
        keyspace.db_mut(0).set_string(b"c", b"1");
        let mark = keyspace.write_mark();
        // The last key: the structures are given back, and what is known of them is not.
        keyspace.db_mut(0).remove(b"c");
        assert_eq!(written(&keyspace, &mark), [(0, 0)]);
    }

    #[test]
    fn nobody_watches_by_default() {
        let mut keyspace = Keyspace::new(1);
        let mark = keyspace.write_mark();
        keyspace.db_mut(0).set_string(b"a", b"1");
        assert_eq!(written(&keyspace, &mark), []);
    }
}
