//! What a command gets to work with.

use crate::command::{Command, CommandError};
use crate::execute::{Asked, Executor, Facts, Request};
use crate::keyspace::Database;
use crate::number::parse_integer;
use crate::propagate::Propagation;
use crate::resp::{Argv, Reply};
use crate::session::Session;
use crate::units::Millis;
use crate::value::{Kind, StringValue, Value};

/// One command on its way: its words, who sent it and when, and what it may touch.
pub(crate) struct Call<'a, 'c> {
    /// The row of the table that runs.
    pub(crate) command: &'static Command,
    /// The words; their number fits the command's arity.
    pub(crate) argv: Argv<'a>,
    /// The one time that counts, for memory and log alike.
    pub(crate) now: Millis,
    /// Whether the command comes from the log: nothing expires then.
    pub(crate) loading: bool,
    /// Dataset, settings, counters.
    pub(crate) executor: &'c mut Executor,
    /// Who sent it.
    pub(crate) session: &'c mut Session,
    /// The rest of the engine.
    pub(crate) facts: &'c dyn Facts,
    /// Where the reply goes.
    pub(crate) reply: Reply<'c>,
    /// Where the DEL of an expired key goes.
    pub(crate) log: Propagation<'c>,
    /// What the engine is to do afterwards.
    pub(crate) requests: &'c mut Vec<Asked>,
}

impl<'a, 'c> Call<'a, 'c> {
    /// Asks the engine for something, once the command has run.
    pub(crate) fn ask(&mut self, request: Request) {
        self.requests.push(Asked { request, reply: None });
    }

    /// The selected database.
    pub(crate) fn db(&self) -> &Database {
        self.executor.keyspace.db(self.session.db)
    }

    /// The selected database, to change it.
    pub(crate) fn db_mut(&mut self) -> &mut Database {
        self.executor.keyspace.db_mut(self.session.db)
    }

    /// Word `index`; the arity says that it is there.
    pub(crate) fn word(&self, index: usize) -> &'a [u8] {
        self.argv.word(index)
    }

    /// Word `index` as an integer.
    pub(crate) fn integer(&self, index: usize) -> Result<i64, CommandError> {
        parse_integer(self.word(index)).ok_or(CommandError::NotInteger)
    }

    /// Deletes `key` and logs its DEL if its time has come. Every access goes through here first.
    #[doc(alias = "expireIfNeeded")]
    pub(crate) fn expire_if_needed(&mut self, key: &[u8]) -> bool {
        if self.loading || !self.db().is_expired(key, self.now) {
            return false;
        }
        let db = self.session.db;
        self.executor.expire_now(db, key, &mut self.log);
        true
    }

    /// What `key` holds, for a command that reads. Counts a hit or a miss.
    #[doc(alias = "lookupKeyRead")]
    pub(crate) fn read(&mut self, key: &[u8]) -> Option<&Value> {
        self.expire_if_needed(key);
        let executor = &mut *self.executor;
        let value = executor.keyspace.db(self.session.db).get(key);
        executor.statistics.looked_up(value.is_some());
        value
    }

    /// The string at `key`, for a command that reads.
    pub(crate) fn read_string(&mut self, key: &[u8]) -> Result<Option<&StringValue>, CommandError> {
        match self.read(key) {
            None => Ok(None),
            Some(value) => value.as_string().map(Some).ok_or(CommandError::WrongType),
        }
    }

    /// Whether `key` exists, for a command that writes.
    #[doc(alias = "lookupKeyWrite")]
    pub(crate) fn exists(&mut self, key: &[u8]) -> bool {
        !self.expire_if_needed(key) && self.db().contains(key)
    }

    /// Whether `key` exists in database `db`, for a command that writes.
    pub(crate) fn exists_in(&mut self, db: u8, key: &[u8]) -> bool {
        let database = self.executor.keyspace.db(db);
        if !self.loading && database.is_expired(key, self.now) {
            self.executor.expire_now(db, key, &mut self.log);
            return false;
        }
        database.contains(key)
    }

    /// The string at `key`, for a command that writes.
    pub(crate) fn write_string(
        &mut self,
        key: &[u8],
    ) -> Result<Option<&mut StringValue>, CommandError> {
        self.expire_if_needed(key);
        match self.db_mut().get_mut(key) {
            None => Ok(None),
            Some(value) => value.as_string_mut().map(Some).ok_or(CommandError::WrongType),
        }
    }

    /// The collection of type `T` at `key`, for a command that reads, and where its reply goes.
    /// Counts a hit or a miss.
    pub(crate) fn read_of<T: Kind>(
        &mut self,
        key: &[u8],
    ) -> Result<(Option<&T>, &mut Reply<'c>), CommandError> {
        self.expire_if_needed(key);
        let executor = &mut *self.executor;
        let value = executor.keyspace.db(self.session.db).get(key);
        executor.statistics.looked_up(value.is_some());
        let value = value.map(|value| T::of(value).ok_or(CommandError::WrongType)).transpose()?;
        Ok((value, &mut self.reply))
    }

    /// The collection of type `T` at `key`, for a command that writes.
    pub(crate) fn write_of<T: Kind>(&mut self, key: &[u8]) -> Result<Option<&mut T>, CommandError> {
        self.expire_if_needed(key);
        match self.db_mut().get_mut(key) {
            None => Ok(None),
            Some(value) => T::of_mut(value).map(Some).ok_or(CommandError::WrongType),
        }
    }

    /// The collection of type `T` at `key`, for a command that writes, and where its reply goes.
    pub(crate) fn write_and_reply<T: Kind>(
        &mut self,
        key: &[u8],
    ) -> Result<(Option<&mut T>, &mut Reply<'c>), CommandError> {
        self.expire_if_needed(key);
        let value = self.executor.keyspace.db_mut(self.session.db).get_mut(key);
        let value =
            value.map(|value| T::of_mut(value).ok_or(CommandError::WrongType)).transpose()?;
        Ok((value, &mut self.reply))
    }

    /// The collection of type `T` at `key`, a new one if there was none, for a command that adds
    /// to it. Whoever calls this adds at least one element, or takes the key back.
    pub(crate) fn write_or_create<T: Kind>(&mut self, key: &[u8]) -> Result<&mut T, CommandError> {
        if self.write_of::<T>(key)?.is_none() {
            self.db_mut().insert(key, T::empty());
        }
        let value = self.db_mut().get_mut(key);
        value.and_then(T::of_mut).ok_or(CommandError::WrongType)
    }

    /// After elements of the collection at `key` were added, changed or taken out: the key goes
    /// with its last element, and those who watch it are told. Returns whether it went.
    pub(crate) fn collection_changed(&mut self, key: &[u8]) -> bool {
        let emptied = self.db().get(key).is_some_and(Value::is_empty_collection);
        if emptied {
            self.db_mut().remove(key);
        }
        self.changed(key);
        emptied
    }

    /// Replies with the string at `key` or with null.
    pub(crate) fn reply_string(&mut self, key: &[u8]) -> Result<bool, CommandError> {
        self.expire_if_needed(key);
        let executor = &mut *self.executor;
        let Some(value) = executor.keyspace.db(self.session.db).get(key) else {
            executor.statistics.keyspace_misses += 1;
            self.reply.null_bulk();
            return Ok(false);
        };
        executor.statistics.keyspace_hits += 1;
        self.reply.bulk(value.as_string().ok_or(CommandError::WrongType)?.as_bytes());
        Ok(true)
    }

    /// `key` gets a new string and no expiry.
    pub(crate) fn set(&mut self, key: &[u8], value: &[u8]) {
        self.db_mut().set_string(key, value);
        self.changed(key);
    }

    /// Deletes `key`, whether or not its time has come. Returns whether it was there.
    pub(crate) fn delete(&mut self, key: &[u8]) -> bool {
        let deleted = self.db_mut().remove(key).is_some();
        if deleted {
            self.changed(key);
        }
        deleted
    }

    /// Tells those who watch `key` that it was changed.
    #[doc(alias = "signalModifiedKey")]
    pub(crate) fn changed(&mut self, key: &[u8]) {
        self.executor.watches.touch(self.session.db, key);
    }

    /// The error for a subcommand that is not known.
    pub(crate) fn unknown_subcommand(&self) -> CommandError {
        CommandError::Subcommand {
            command: self.command.upper_name(),
            subcommand: super::error::shown(self.word(1), 128),
        }
    }
}
