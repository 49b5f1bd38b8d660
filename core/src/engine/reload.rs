//! `DEBUG LOADAOF`: the log is written out, read back from the start, and what it says replaces
//! the dataset.
//!
//! All of it happens between one command and the next, by effects that are answered at once: a
//! write, then reads of one piece each. Redis empties its dataset first and ends the process when
//! the log is bad. Here the log is loaded aside and takes the place of the dataset only when all
//! of it is good, so a log that cannot be loaded costs nothing but the attempt; for that time both
//! datasets are in memory.

use crate::aof::log::State;
use crate::digest::Digest;
use crate::execute::Executor;
use crate::keyspace::Keyspace;
use crate::load::{LoadError, LoadStep, Loader};
use crate::note::{Note, ReloadFailure};
use crate::units::{Errno, FileId};

use super::Engine;
use super::effects::Next;
use super::reply_place::ReplyPlace;

/// Bytes of one read.
const READ_BYTES: u32 = 1024 * 1024;

/// A log that is being loaded.
#[derive(Clone, Debug)]
pub(super) struct Reload {
    pub(super) reply: ReplyPlace,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// The log writes what waits.
    Writing,
    /// `offset` bytes of the file are loaded.
    Reading { loader: Box<Loader>, offset: u64, asked: bool },
}

impl Reload {
    pub(super) fn digest_into(&self, digest: &mut Digest) {
        self.reply.digest_into(digest);
        if let Stage::Reading { loader, offset, asked } = &self.stage {
            digest.put_u64(*offset);
            digest.put_bool(*asked);
            loader.executor().keyspace.digest_into(digest);
        }
    }
}

impl Engine {
    pub(super) fn begin_reload(&mut self, reply: ReplyPlace) {
        self.reload = Some(Reload { reply, stage: Stage::Writing });
        self.log.force_write(self.now);
        self.work = true;
    }

    /// What the reload wants next, once the log wants nothing.
    pub(super) fn next_reload(&mut self) -> Option<Next> {
        let mut reload = self.reload.take()?;
        if let Stage::Writing = reload.stage {
            self.log.end_forced_write();
            match self.loader() {
                Ok(loader) => {
                    reload.stage =
                        Stage::Reading { loader: Box::new(loader), offset: 0, asked: false };
                }
                Err(failure) => return Some(self.reload_failed(reload.reply, failure)),
            }
        }
        let length = self.log.file_length_bytes();
        let file = self.log.file();
        let Stage::Reading { offset, asked, .. } = &mut reload.stage else { return None };
        if *offset < length {
            let next = (!std::mem::replace(asked, true)).then(|| {
                let rest = u32::try_from(length - *offset).unwrap_or(u32::MAX);
                Next::Read { file, offset: *offset, max_bytes: rest.min(READ_BYTES) }
            });
            self.reload = Some(reload);
            return next;
        }
        Some(self.finish_reload(reload))
    }

    /// A loader into an empty dataset with the same hashing.
    fn loader(&self) -> Result<Loader, ReloadFailure> {
        if self.log.state() == State::Off {
            return Err(ReloadFailure::LogIsOff);
        }
        if !self.log.buffer().is_empty() {
            return Err(ReloadFailure::NotWritten);
        }
        let keyspace = Keyspace::new(self.executor.keyspace.hash_seed());
        let mut executor = Executor::new(self.executor.config.clone(), keyspace, 0);
        executor.random = self.executor.random.clone();
        executor.set_load_time(self.now);
        Ok(Loader::new(executor))
    }

    /// What `pread(2)` said.
    pub(super) fn read(&mut self, file: FileId, result: Result<&[u8], Errno>) {
        let Some(mut reload) = self.reload.take() else { return };
        self.work = true;
        let Stage::Reading { loader, offset, asked } = &mut reload.stage else { return };
        if !*asked || file != self.log.file() {
            self.reload = Some(reload);
            return;
        }
        *asked = false;
        let loaded = match result {
            Err(errno) => Err(ReloadFailure::NotRead(errno)),
            Ok(b"") => Err(ReloadFailure::FileEnds { offset: *offset }),
            Ok(bytes) => {
                *offset += bytes.len() as u64;
                loader.feed(bytes);
                take_steps(loader).map_err(|error| refused(&error))
            }
        };
        match loaded {
            Ok(()) => self.reload = Some(reload),
            Err(failure) => {
                let Next::Note(note) = self.reload_failed(reload.reply, failure) else { return };
                self.notes.push_back(note);
            }
        }
    }

    fn finish_reload(&mut self, reload: Reload) -> Next {
        let Stage::Reading { loader, .. } = reload.stage else {
            return self.reload_failed(reload.reply, ReloadFailure::NotWritten);
        };
        match loader.finish() {
            Err(error) => self.reload_failed(reload.reply, refused(&error)),
            Ok(loaded) => match loaded.cut {
                Some(tail) => {
                    self.reload_failed(reload.reply, refused(&LoadError::Unfinished(tail)))
                }
                None => {
                    self.executor.replace_keyspace(loaded.executor.keyspace);
                    Next::Note(Note::LogReloaded { commands: loaded.commands })
                }
            },
        }
    }

    /// The dataset stays as it is, and the reply becomes an error.
    fn reload_failed(&mut self, reply: ReplyPlace, failure: ReloadFailure) -> Next {
        self.replace_reply(reply, "ERR Error trying to load the AOF. Check server logs.");
        Next::Note(Note::LogNotReloaded(failure))
    }
}

fn take_steps(loader: &mut Loader) -> Result<(), LoadError> {
    while let LoadStep::Command(_) = loader.next_step()? {}
    Ok(())
}

fn refused(error: &LoadError) -> ReloadFailure {
    ReloadFailure::Refused { class: error.class(), offset: error.place().offset }
}
