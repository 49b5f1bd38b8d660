//! A log becomes a dataset, up to its end or up to what is wrong with it.

use std::io;
use std::path::Path;

use anyhow::Context;
use aof_core::config::Config;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadError, LoadStep, Loader, Replayed};
use aof_core::profile::ProfileName;
use aof_core::units::Millis;
use clap::{Args, ValueEnum};

use super::source::Source;

/// How a log is read; the same for all commands that read one.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// Read it as strictly as a server of this profile would.
    #[arg(long, value_enum, default_value_t = ProfileChoice::Hardened)]
    profile: ProfileChoice,
    /// Show no progress. (It is only shown on a terminal, and for large files.)
    #[arg(long)]
    pub(super) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileChoice {
    #[value(name = "hardened")]
    Hardened,
    #[value(name = "redis-6.2")]
    Redis62,
    #[value(name = "redis-3.0")]
    Redis30,
}

impl Reading {
    pub(super) const fn profile(&self) -> ProfileName {
        match self.profile {
            ProfileChoice::Hardened => ProfileName::Hardened,
            ProfileChoice::Redis62 => ProfileName::Redis62,
            ProfileChoice::Redis30 => ProfileName::Redis30,
        }
    }
}

/// Looks on while a log is loaded.
pub(super) trait Watcher {
    /// One whole command was read.
    fn command(&mut self, _replayed: &Replayed<'_>) {}
    /// The dataset after the commands before `offset`; called after every command outside a
    /// transaction.
    fn dataset(&mut self, _offset: u64, _keyspace: &Keyspace) {}
}

/// Looks away.
impl Watcher for () {}

/// A log that was loaded as far as it goes.
#[derive(Debug)]
pub(super) struct Log {
    loader: Loader,
    /// Why it ends before the end of the file, if it does.
    pub(super) damage: Option<LoadError>,
    /// Length of the file.
    pub(super) size_bytes: u64,
}

impl Log {
    /// What was loaded.
    pub(super) const fn keyspace(&self) -> &Keyspace {
        &self.loader.executor().keyspace
    }

    /// Length of what was loaded.
    pub(super) const fn good_bytes(&self) -> u64 {
        self.loader.valid_up_to()
    }
}

/// Loads the file. `now` is when relative times in logs of other servers begin to run.
pub(super) fn load(
    file: &Path,
    reading: &Reading,
    now: Millis,
    watcher: &mut impl Watcher,
) -> anyhow::Result<Log> {
    let mut source = Source::open(file, reading.quiet)?;
    load_from(&mut source, reading.profile(), now, watcher)
        .with_context(|| format!("Can't read {}", file.display()))
}

/// Loads what is left of an open file.
pub(super) fn load_from(
    source: &mut Source,
    profile: ProfileName,
    now: Millis,
    watcher: &mut impl Watcher,
) -> io::Result<Log> {
    let config = Config { profile, aof_load_truncated: true, ..Config::default() };
    // No key comes from a client that could choose it to collide, and runs are to be the same.
    let mut executor = Executor::new(config, Keyspace::new(0), 0);
    executor.set_load_time(now);
    let mut loader = Loader::new(executor);
    let mut read_bytes = 0;
    let mut damage = None;
    while let Some(piece) = source.next_piece()? {
        read_bytes += piece.len() as u64;
        loader.feed(piece);
        if damage.is_none() {
            damage = take_steps(&mut loader, watcher).err();
        }
        // The size of a pipe is known only at its end.
        if damage.is_some() && source.size_bytes().is_some() {
            break;
        }
    }
    let damage = damage.or_else(|| match loader.end() {
        Ok(tail) => tail.map(LoadError::Unfinished),
        Err(error) => Some(error),
    });
    Ok(Log { loader, damage, size_bytes: source.size_bytes().unwrap_or(read_bytes) })
}

/// Takes the commands that are there.
fn take_steps(loader: &mut Loader, watcher: &mut impl Watcher) -> Result<(), LoadError> {
    loop {
        let before = loader.valid_up_to();
        match loader.next_step()? {
            LoadStep::Command(replayed) => watcher.command(&replayed),
            LoadStep::NeedMore => return Ok(()),
        }
        if loader.valid_up_to() != before {
            watcher.dataset(loader.valid_up_to(), &loader.executor().keyspace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";

    fn load_bytes(bytes: &[u8]) -> Log {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log");
        std::fs::write(&path, bytes).expect("written");
        let reading = Reading { profile: ProfileChoice::Hardened, quiet: true };
        load(&path, &reading, Millis(0), &mut ()).expect("readable")
    }

    #[test]
    fn a_damaged_log_gives_what_was_before_the_damage() {
        for (tail, whole) in [("", true), ("*3\r\n$3", false), ("nonsense", false)] {
            let log = load_bytes(format!("{SET}{tail}").as_bytes());
            assert_eq!(log.damage.is_none(), whole, "{tail}");
            assert_eq!(log.good_bytes(), SET.len() as u64, "{tail}");
            assert_eq!(log.size_bytes, (SET.len() + tail.len()) as u64, "{tail}");
            assert_eq!(log.keyspace().len(), 1, "{tail}");
        }
        // The front of "REDIS", cut: known to be wrong only at the end.
        let log = load_bytes(b"RED");
        assert_eq!(log.damage.map(|error| error.class().as_str()), Some("malformed"));
    }
}
