//! The log as tiles, the dataset, and the clients.

use std::collections::{BTreeMap, BTreeSet};

use aof_core::command::lookup;
use aof_core::keyspace::Keyspace;
use aof_core::promise::Failure;
use aof_core::resp::Argv;
use aof_core::sim::journal::{Answer, Asked, Entry, Journal, Origin};
use aof_core::sim::verdict::{Fate, Frontier};
use aof_core::sim::world::{Phase, World};
use aof_core::units::{ClientId, Micros, Millis};

use crate::reply;
use crate::show::{fate, line, value, words};
use crate::view::log::{ClientCommand, ClientView, KeyView, LogEntry};
use crate::view::{self, Bytes};

/// Keys that are listed; the count says how many there are.
pub const KEYS_SHOWN: usize = 1_000;
/// Commands that are listed of one client, the newest.
const COMMANDS_SHOWN: usize = 500;

/// What is shown of the log, and by which frontier.
pub struct Sight<'a> {
    /// What was asked and executed.
    pub journal: &'a Journal,
    /// Where everything stands.
    pub frontier: Frontier,
    /// How the server came to its end, if it did.
    pub failure: Option<Failure>,
}

impl Sight<'_> {
    /// What the failure did to a write that ends at `to`.
    fn fate(&self, to: u64) -> Option<Fate> {
        self.failure.map(|failure| match failure {
            Failure::Killed => self.frontier.after_kill(to),
            Failure::PowerCut => self.frontier.after_power_cut(to),
        })
    }

    fn layer(&self, entry: &Entry) -> &'static str {
        let frontier = &self.frontier;
        if entry.to <= frontier.durable {
            "disk"
        } else if entry.to > frontier.written {
            "memory"
        } else if frontier.syncing.is_some_and(|(_, to)| entry.to <= to) {
            "syncing"
        } else {
            "cache"
        }
    }

    /// The tiles.
    #[must_use]
    pub fn entries(&self) -> Vec<LogEntry> {
        let asked = self.journal.asked();
        let entries = self.journal.entries().iter().zip(0_u64..);
        entries
            .map(|(entry, index)| {
                let cause = entry.asked.and_then(|number| asked.get(number));
                LogEntry {
                    index,
                    from: entry.from,
                    to: entry.to,
                    words: words(&entry.words),
                    bytes: Bytes(entry.words.as_bytes().to_vec()),
                    origin: match entry.origin {
                        Origin::Client => "client",
                        Origin::Log => "log",
                        Origin::Expiry => "expiry",
                    },
                    unit: entry.unit as u64,
                    client: cause.map(|asked| World::client_of(asked.client).0),
                    key: keys(entry.words.as_argv()).next().map(view::text),
                    executed_at_us: entry.executed.0,
                    acknowledged: cause.is_none_or(|asked| asked.answer == Answer::Sent),
                    layer: self.layer(entry),
                    fate: self.fate(entry.to).map(fate),
                }
            })
            .collect()
    }
}

/// The keys of a command.
pub fn keys(argv: Argv<'_>) -> impl Iterator<Item = &[u8]> {
    let places = lookup(argv.name()).map(|command| command.keys);
    let (first, last, step) = places.map_or((0, 0, 0), |keys| {
        let from_end = usize::from(keys.last.unsigned_abs());
        let last = if keys.last < 0 { argv.len().saturating_sub(from_end) } else { from_end };
        (usize::from(keys.first.unsigned_abs()), last, usize::from(keys.step.unsigned_abs()))
    });
    let places = (first > 0).then(|| (first..=last).step_by(step.max(1)));
    places.into_iter().flatten().filter_map(move |place| argv.get(place))
}

/// Which command of the log touched each key last.
fn last_entries(journal: &Journal) -> BTreeMap<(u8, &[u8]), u64> {
    let mut last = BTreeMap::new();
    let mut db = 0;
    for (entry, index) in journal.entries().iter().zip(0_u64..) {
        let argv = entry.words.as_argv();
        if argv.name().eq_ignore_ascii_case(b"SELECT") {
            let number = argv.get(1).and_then(|word| std::str::from_utf8(word).ok());
            db = number.and_then(|text| text.parse().ok()).unwrap_or(db);
        }
        for key in keys(argv) {
            last.insert((db, key), index);
        }
    }
    last
}

/// The dataset of a server, the first keys of it.
#[must_use]
pub fn dataset(
    keyspace: &Keyspace,
    journal: &Journal,
    touched: &std::ops::Range<u64>,
    now: Millis,
) -> Vec<KeyView> {
    let last = last_entries(journal);
    keyspace
        .databases()
        .flat_map(|(db, database)| database.iter().map(move |entry| (db, entry)))
        .take(KEYS_SHOWN)
        .map(|(db, entry)| {
            let by = last.get(&(db, entry.key)).copied();
            let when = entry.expiry.map(|when| i128::from(when.0) - i128::from(now.0));
            let (value, more) = value::shown(entry.value);
            KeyView {
                db,
                key: view::text(entry.key),
                kind: entry.value.type_name(),
                value,
                more,
                expires_in_ms: when.map(|left| i64::try_from(left).unwrap_or(i64::MAX)),
                entry: by,
                touched: by.is_some_and(|index| touched.contains(&index)),
            }
        })
        .collect()
}

/// The dataset that is in memory now.
#[must_use]
pub fn keyspace(world: &World) -> Option<&Keyspace> {
    match world.phase() {
        Phase::Running(engine) => Some(&engine.executor().keyspace),
        Phase::Booting(boot) => boot.keyspace(),
        Phase::Down(_) => None,
    }
}

/// Everybody who ever asked, and what.
#[must_use]
pub fn clients(world: &World, sight: &Sight<'_>) -> Vec<ClientView> {
    let asked = world.journal().asked();
    let mut numbers: BTreeSet<u64> =
        asked.iter().map(|asked| World::client_of(asked.client).0).collect();
    numbers.extend(world.settings().clients.iter().map(|client| client.0));
    if let Some(engine) = world.engine() {
        numbers.extend(engine.clients().map(|(client, _)| World::client_of(client).0));
    }
    numbers.into_iter().map(|number| client(world, sight, ClientId(number))).collect()
}

fn client(world: &World, sight: &Sight<'_>, number: ClientId) -> ClientView {
    let connection = world.connection(number);
    let client = world.engine().and_then(|engine| engine.client(connection));
    let asked = world.journal().asked().iter();
    let mine: Vec<&Asked> =
        asked.filter(|asked| World::client_of(asked.client) == number).collect();
    let newest = mine.len().saturating_sub(COMMANDS_SHOWN);
    ClientView {
        id: number.0,
        db: client.map_or(0, |client| client.session.db),
        in_multi: client.is_some_and(|client| client.session.transaction.is_some()),
        commands: mine[newest..].iter().map(|asked| command(world, sight, asked)).collect(),
        connected: client.is_some_and(|client| client.ending().is_none()),
        paused: client.is_some_and(aof_core::client::Client::paused),
    }
}

fn command(world: &World, sight: &Sight<'_>, asked: &Asked) -> ClientCommand {
    let earlier_life = asked.client != world.connection(World::client_of(asked.client));
    let fate_of = || {
        if !asked.is_write() {
            None
        } else if asked.lost {
            Some(Fate::Lost)
        } else if sight.failure.is_some() {
            sight.fate(asked.to)
        } else {
            earlier_life.then_some(Fate::Kept)
        }
    };
    ClientCommand {
        text: line(&asked.words),
        reply: (asked.answer == Answer::Sent).then(|| reply::shown(&asked.reply)),
        is_error: reply::is_error(&asked.reply),
        is_write: asked.is_write(),
        step: asked.step,
        state: match asked.answer {
            Answer::Held => "held",
            Answer::Sent => "answered",
            Answer::ConnectionLost => "lost-connection",
        },
        fate: fate_of().map(fate),
    }
}

/// Simulated time as events carry it, for expiry.
#[must_use]
pub fn wall(world: &World, now: Micros) -> Millis {
    Millis(world.machine().epoch.0 + now.0 / 1_000)
}
