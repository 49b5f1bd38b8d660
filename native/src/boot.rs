//! From settings to a running server, in the order in which failures are cheapest: log,
//! descriptors, port, lock; only then the file.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use aof_core::config::{Config, directives};
use aof_core::effect::HaltReason;
use aof_core::engine::Engine;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::trace::{Header, dataset_digest};
use aof_core::units::{Micros, Millis};
use mio::{Poll, Waker};
use nix::sys::prctl::set_thp_disable;

use crate::apart;
use crate::clock::Clock;
use crate::descriptors::{self, Room};
use crate::directory::Directory;
use crate::driver::Driver;
use crate::fork;
use crate::host::Host;
use crate::lanes::Lanes;
use crate::loading::Waiting;
use crate::lock::{LockError, LogLock};
use crate::log_text::{self, NoteLog};
use crate::logger;
use crate::net::{self, ListenError};
use crate::options::ServerOptions;
use crate::record::{Recording, Reserved};
use crate::rewriting::Rewriting;
use crate::server::{Server, WAKER};
use crate::signals::Signals;
use crate::socket::Listener;
use crate::start::{self, Outcome};
use crate::usage::{self, Meter};

/// Serves until told to stop. A server that does not start has said why in its log.
///
/// # Errors
/// If there is no log to say it in.
pub fn run(options: ServerOptions) -> anyhow::Result<ExitCode> {
    let ServerOptions { mut config, record, configured } = options;
    let directory = Path::new(&config.dir)
        .canonicalize()
        .with_context(|| format!("Can't chdir to '{}'", config.dir))?;
    config.dir = directory.display().to_string();
    config.process_id = std::process::id();
    config.process = usage::process_facts(random_seed);
    config.most_clients = descriptors::most_clients();
    check_files(&config, &directory, record.as_deref())?;
    logger::install(&config.loglevel, &directory, &config.logfile)?;
    tracing::warn!("oO0OoO0OoO0Oo aofd is starting oO0OoO0OoO0Oo");
    tracing::warn!(
        "aofd version={}, bits={}, pid={}, just started (profile {}, appendfsync {})",
        env!("CARGO_PKG_VERSION"),
        usize::BITS,
        config.process_id,
        config.profile.as_str(),
        config.appendfsync.as_str()
    );
    tracing::warn!("{}", log_text::configured(configured));
    for warning in directives::warnings(&config) {
        tracing::warn!("WARNING: {warning}");
    }
    Ok(serve(config, &directory, record.as_deref()).unwrap_or_else(|error| {
        if let Some(warning) = error.downcast_ref().and_then(ListenError::warning) {
            tracing::warn!("{warning}");
        }
        tracing::warn!("{error:#}");
        ExitCode::FAILURE
    }))
}

/// Files that the server writes must not be the append only file. Checked before any is opened.
fn check_files(config: &Config, directory: &Path, record: Option<&Path>) -> anyhow::Result<()> {
    let others = [
        ("logfile", Some(config.logfile.as_str()).filter(|name| !name.is_empty()).map(Path::new)),
        ("--record", record),
        (
            "unixsocket",
            Some(Path::new(&config.unixsocket)).filter(|_| !config.unixsocket.is_empty()),
        ),
    ];
    let others: Vec<_> = others
        .into_iter()
        .filter_map(|(setting, path)| Some((setting, path?)))
        // Only `logfile` is relative to `dir`.
        .map(|(setting, path)| match setting {
            "logfile" => (setting, directory.join(path)),
            _ => (setting, path.to_owned()),
        })
        .collect();
    if config.appendonly {
        apart::check(&directory.join(&config.appendfilename), &others)?;
    }
    Ok(())
}

fn serve(mut config: Config, directory: &Path, record: Option<&Path>) -> anyhow::Result<ExitCode> {
    let clock = Clock::start();
    let meter = Meter::start();
    make_room(&mut config)?;
    if config.disable_thp
        && let Err(errno) = set_thp_disable(true)
    {
        tracing::warn!("Unable to modify 'disable-thp' with prctl: {}", errno.desc());
    }
    let mut signals = Signals::catch().context("Can't catch signals")?;
    fork::install_panic_hook();
    let path = directory.join(&config.appendfilename);
    let mut lock = None;
    let names = Directory::open(directory, &config.appendfilename)
        .with_context(|| format!("Can't open {}", directory.display()))?;
    let listeners = listen(&config, || {
        if config.appendonly {
            lock = Some(LogLock::take(&path)?);
        }
        Ok(())
    })?;
    let failed = |path: &Path| format!("Can't record to {}", path.display());
    let reserved = match record {
        Some(path) => Some(Reserved::create(path).with_context(|| failed(path))?),
        None => None,
    };
    let poll = Poll::new().context("Can't create the poll set")?;
    let mut waiting =
        Waiting::new(poll, listeners, clock).context("Can't poll the listening sockets")?;
    tracing::warn!("Server initialized");

    let seed = random_seed();
    // One moment for the load and for the run, so that a trace of the run can load the same.
    let (now, mono) = (clock.now(), clock.mono());
    let outside = (&mut signals, &mut waiting);
    let Some(loaded) = load(&config, (seed, now), &path, outside, clock)? else {
        tracing::warn!("Received shutdown signal during loading, exiting now.");
        remove_unix_socket(&waiting.listeners);
        return Ok(ExitCode::SUCCESS);
    };

    let waker = Waker::new(waiting.poll.registry(), WAKER).context("Can't create the waker")?;
    let rewriting = Rewriting::new(names, lock);
    let lanes = Lanes::start(waker, rewriting.directory(), clock)
        .context("Can't start the background threads")?;
    let registry = waiting.poll.registry().try_clone().context("Can't share the poll set")?;
    let recording = match reserved {
        Some(reserved) => Some(begin_recording(reserved, &config, seed, (now, mono), &loaded)?),
        None => None,
    };
    let notes = NoteLog::new(config.choices().postponed_write);
    let mut host = Host::new(loaded.file, rewriting, lanes, registry, clock, notes);
    host.meter = meter;
    let engine = Engine::new(config, seed, loaded.keyspace, loaded.length_bytes, now, mono);
    let driver = Driver::new(engine, host, recording);
    let mut server =
        Server::new(waiting, driver, signals, clock).context("Can't poll the pipe of signals")?;
    for line in log_text::ready(server.listeners()) {
        tracing::info!("{line}");
    }
    let reason = server.run().context("The poll set failed")?;
    if matches!(reason, HaltReason::Shutdown { .. }) {
        remove_unix_socket(server.listeners());
    }
    tracing::warn!("{}", log_text::farewell(reason));
    Ok(ExitCode::from(u8::try_from(reason.exit_code()).unwrap_or(1)))
}

/// Listens everywhere. `lock` is called when the ports are ours and before the file of a Unix
/// socket is replaced: that would take it away from another server on the same log.
fn listen(
    config: &Config,
    lock: impl FnOnce() -> Result<(), LockError>,
) -> anyhow::Result<Vec<Listener>> {
    let backlog = config.tcp_backlog;
    let mut listeners = net::listen_tcp(&config.bind, config.port, backlog)?;
    lock()?;
    if !config.unixsocket.is_empty() {
        let path = Path::new(&config.unixsocket);
        listeners.push(net::listen_unix(path, config.unixsocketperm, backlog)?);
    }
    if listeners.is_empty() {
        return Err(ListenError::Nowhere.into());
    }
    tracing::info!("Running mode=standalone, port={}.", config.port);
    let somaxconn = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok();
    if let Some(warning) = net::backlog_warning(backlog, somaxconn.as_deref()) {
        tracing::warn!("{warning}");
    }
    Ok(listeners)
}

/// At the end of a server that was asked to end. One that dies leaves the file, as Redis does.
#[doc(alias = "closeListeningSockets")]
fn remove_unix_socket(listeners: &[Listener]) {
    for listener in listeners {
        if let Listener::Unix { path, .. } = listener {
            tracing::info!("Removing the unix socket file.");
            std::fs::remove_file(path).ok();
        }
    }
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
    (signals, waiting): (&mut Signals, &mut Waiting),
    clock: Clock,
) -> anyhow::Result<Option<Loaded>> {
    let keyspace = Keyspace::new(seed);
    if !config.appendonly {
        return Ok(Some(Loaded { keyspace, length_bytes: 0, file: None }));
    }
    let mut executor = Executor::new(config.clone(), keyspace, seed);
    executor.set_load_time(now);
    let outcome = start::start(executor, path, signals, waiting, clock)
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
    reserved: Reserved,
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
    let mut recording = reserved.begin(&header).context("Can't record")?;
    if let Some(log) = &loaded.file {
        recording.copy_log(log, loaded.length_bytes).context("Can't record")?;
    }
    Ok(recording)
}

/// Raises the limit of open files, or lowers `maxclients` to what it allows.
fn make_room(config: &mut Config) -> anyhow::Result<()> {
    let wanted = config.maxclients;
    let room = descriptors::make_room(wanted);
    for (is_warning, line) in log_text::room(wanted, &room) {
        if is_warning {
            tracing::warn!("{line}");
        } else {
            tracing::info!("{line}");
        }
    }
    match room {
        Room::Enough | Room::Raised { .. } => {}
        Room::Fewer { clients, .. } => config.maxclients = clients,
        Room::None { limit } => return Err(anyhow!(log_text::no_room(limit))),
    }
    Ok(())
}

/// A seed that nobody outside can guess, so that nobody can choose keys that collide. The
/// standard library's hasher is seeded by the operating system.
fn random_seed() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
