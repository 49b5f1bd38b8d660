//! WATCH: which keys somebody watches, and when each was last changed.
//!
//! Redis keeps, for each watched key, a list of clients, and marks them when the key changes.
//! Here clients belong to the engine, so the mark is a number: each change of a watched key gives
//! it the next one, and EXEC compares it with the number its client saw. Keys that nobody watches
//! cost one test for an empty map.

use std::collections::{BTreeMap, BTreeSet};

use crate::digest::Digest;
use crate::session::{Session, WatchedKey};
use crate::units::ClientId;

/// All watched keys, by database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches {
    by_db: BTreeMap<u8, BTreeMap<Box<[u8]>, Watch>>,
    last_version: u64,
}

#[derive(Clone, Debug)]
struct Watch {
    version: u64,
    watchers: BTreeSet<ClientId>,
}

impl Watches {
    /// `session` watches `key` of its database from now on. Twice is once.
    pub(crate) fn add(&mut self, session: &mut Session, key: &[u8]) {
        let db = session.db;
        let version = self.last_version;
        let watch = self
            .by_db
            .entry(db)
            .or_default()
            .entry(key.into())
            .or_insert_with(|| Watch { version, watchers: BTreeSet::new() });
        // Not looked for among the keys of the session: a million keys would cost its square.
        if !watch.watchers.insert(session.id) {
            return;
        }
        session.watched.push(WatchedKey { db, key: key.into(), version: watch.version });
        // The key is kept here, too.
        session.watched_bytes += 2 * (key.len() + size_of::<WatchedKey>()) as u64;
    }

    /// `session` watches nothing any more.
    #[doc(alias = "unwatchAllKeys")]
    pub(crate) fn release(&mut self, session: &mut Session) {
        session.watched_bytes = 0;
        for watched in std::mem::take(&mut session.watched) {
            let Some(keys) = self.by_db.get_mut(&watched.db) else { continue };
            if let Some(watch) = keys.get_mut(&watched.key) {
                watch.watchers.remove(&session.id);
                if watch.watchers.is_empty() {
                    keys.remove(&watched.key);
                }
            }
            if keys.is_empty() {
                self.by_db.remove(&watched.db);
            }
        }
    }

    /// `key` was changed.
    #[doc(alias = "signalModifiedKey")]
    #[inline]
    pub(crate) fn touch(&mut self, db: u8, key: &[u8]) {
        if !self.by_db.is_empty() {
            self.touch_watched(db, key);
        }
    }

    #[cold]
    fn touch_watched(&mut self, db: u8, key: &[u8]) {
        if let Some(watch) = self.by_db.get_mut(&db).and_then(|keys| keys.get_mut(key)) {
            self.last_version += 1;
            watch.version = self.last_version;
        }
    }

    /// All keys of `db` for which `exists` holds are about to be deleted.
    #[doc(alias = "touchAllWatchedKeysInDb")]
    pub(crate) fn touch_all(&mut self, db: u8, exists: impl Fn(&[u8]) -> bool) {
        let Some(keys) = self.by_db.get_mut(&db) else { return };
        for (key, watch) in keys.iter_mut() {
            if exists(key) {
                self.last_version += 1;
                watch.version = self.last_version;
            }
        }
    }

    /// Whether a key that `session` watches has changed since.
    pub(crate) fn is_stale(&self, session: &Session) -> bool {
        session.watched.iter().any(|watched| {
            let watch = self.by_db.get(&watched.db).and_then(|keys| keys.get(&watched.key));
            watch.is_none_or(|watch| watch.version != watched.version)
        })
    }

    /// Adds all marks.
    pub(crate) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u64(self.last_version);
        for (&db, keys) in &self.by_db {
            for (key, watch) in keys {
                digest.put_u8(db);
                digest.put_bytes(key);
                digest.put_u64(watch.version);
                digest.put_count(watch.watchers.len());
            }
        }
    }
}
