//! From settings to a running server, in the order in which failures are cheapest: log,
//! descriptors, port, lock; only then the file.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use aof_core::config::Config;
use aof_core::engine::Engine;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::trace::{Header, dataset_digest};
use aof_core::units::{Micros, Millis};
use mio::{Poll, Waker};

use crate::clock::Clock;
use crate::descriptors::{self, Room};
use crate::driver::Driver;
use crate::host::Host;
use crate::lanes::Lanes;
use crate::lock::LogLock;
use crate::log_text::{self, NoteLog};
use crate::logger;
use crate::net;
use crate::options::ServerOptions;
use crate::record::Recording;
use crate::server::{Server, WAKER};
use crate::signals::Signals;
use crate::start::{self, Outcome};

/// Serves until told to stop. A server that does not start has said why in its log.
///
/// # Errors
/// If there is no log to say it in.
pub fn run(options: ServerOptions) -> anyhow::Result<ExitCode> {
    let ServerOptions { mut config, record } = options;
    let directory = Path::new(&config.dir)
        .canonicalize()
        .with_context(|| format!("Can't chdir to '{}'", config.dir))?;
    config.dir = directory.display().to_string();
    config.process_id = std::process::id();
    logger::install(&config.loglevel, &directory, &config.logfile)?;
    tracing::warn!(
        "aofd version={}, bits={}, pid={}, just started (profile {}, appendfsync {})",
        env!("CARGO_PKG_VERSION"),
        usize::BITS,
        config.process_id,
        config.profile.as_str(),
        config.appendfsync.as_str()
    );
    Ok(serve(config, &directory, record.as_deref()).unwrap_or_else(|error| {
        tracing::warn!("{error:#}");
        ExitCode::FAILURE
    }))
}

fn serve(mut config: Config, directory: &Path, record: Option<&Path>) -> anyhow::Result<ExitCode> {
    let clock = Clock::start();
    make_room(&mut config);
    let listeners = net::listen(&config.bind, config.port)?;
    let mut signals = Signals::catch().context("Can't catch signals")?;
    tracing::info!("Server initialized");

    let path = directory.join(&config.appendfilename);
    let _lock = if config.appendonly { Some(LogLock::take(&path)?) } else { None };
    let seed = random_seed();
    // One moment for the load and for the run, so that a trace of the run can load the same.
    let (now, mono) = (clock.now(), clock.mono());
    let Some(loaded) = load(&config, (seed, now), &path, &mut signals, clock)? else {
        tracing::warn!("Received a signal while loading. The append only file is as it was.");
        return Ok(ExitCode::SUCCESS);
    };

    let poll = Poll::new().context("Can't create the poll set")?;
    let waker = Waker::new(poll.registry(), WAKER).context("Can't create the waker")?;
    let lanes = Lanes::start(waker, clock).context("Can't start the background threads")?;
    let registry = poll.registry().try_clone().context("Can't share the poll set")?;
    let recording = match record {
        Some(path) => Some(begin_recording(path, &config, seed, (now, mono), &loaded)?),
        None => None,
    };
    let notes = NoteLog::new(config.choices().postponed_write);
    let host = Host::new(loaded.file, lanes, registry, clock, notes);
    let engine = Engine::new(config, seed, loaded.keyspace, loaded.length_bytes, now, mono);
    let driver = Driver::new(engine, host, recording);
    let mut server = Server::new(poll, driver, listeners, signals, clock)
        .context("Can't poll the listening sockets")?;
    tracing::info!("Ready to accept connections");
    let reason = server.run().context("The poll set failed")?;
    tracing::warn!("{}", log_text::farewell(reason));
    Ok(ExitCode::from(u8::try_from(reason.exit_code()).unwrap_or(1)))
}

/// What is served first.
struct Loaded {
    keyspace: Keyspace,
    length_bytes: u64,
    file: Option<Arc<File>>,
}

/// Loads the log, or begins with nothing when there is none. `None` if a signal interrupted it.
fn load(
    config: &Config,
    (seed, now): (u64, Millis),
    path: &Path,
    signals: &mut Signals,
    clock: Clock,
) -> anyhow::Result<Option<Loaded>> {
    let keyspace = Keyspace::new(seed);
    if !config.appendonly {
        return Ok(Some(Loaded { keyspace, length_bytes: 0, file: None }));
    }
    let mut executor = Executor::new(config.clone(), keyspace, seed);
    executor.set_load_time(now);
    let outcome = start::start(executor, path, signals, clock)
        .map_err(|error| anyhow!(start::refusal(&error, path)))?;
    Ok(match outcome {
        Outcome::Interrupted => None,
        Outcome::Started(started, file) => Some(Loaded {
            keyspace: started.executor.keyspace,
            length_bytes: started.length_bytes,
            file: Some(file),
        }),
    })
}

/// Begins the trace of the run that starts now.
fn begin_recording(
    path: &Path,
    config: &Config,
    seed: u64,
    (now, mono): (Millis, Micros),
    loaded: &Loaded,
) -> anyhow::Result<Recording> {
    let header = Header {
        config: config.clone(),
        seed,
        now,
        mono,
        loaded_bytes: loaded.length_bytes,
        dataset_digest: dataset_digest(&loaded.keyspace),
    };
    let failed = || format!("Can't record to {}", path.display());
    let mut recording = Recording::create(path, &header).with_context(failed)?;
    if let Some(log) = &loaded.file {
        recording.copy_log(log, loaded.length_bytes).with_context(failed)?;
    }
    Ok(recording)
}

/// Raises the limit of open files, or lowers `maxclients` to what it allows.
fn make_room(config: &mut Config) {
    if let Room::Fewer { clients, limit } = descriptors::make_room(config.maxclients) {
        tracing::warn!(
            "Current maximum open files is {limit}. maxclients has been reduced to {clients} to \
             compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'."
        );
        config.maxclients = clients;
    }
}

/// A seed that nobody outside can guess, so that nobody can choose keys that collide. The
/// standard library's hasher is seeded by the operating system.
fn random_seed() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
