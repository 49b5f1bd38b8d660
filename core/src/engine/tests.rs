//! The engine against a scripted outside: who may be answered when, in every profile and policy.

use std::collections::{BTreeMap, VecDeque};

mod clients;
mod reload;
mod rewrite_config;
mod rewriting;
mod watching;

use super::*;
use crate::config::Policy;
use crate::effect::{HaltReason, Lane, Work};
use crate::peer::Peer;
use crate::profile::ProfileName;
use crate::pump::{Environment, Outcome, drain, pump};
use crate::resp::OwnedArgv;
use crate::units::{Errno, JobId};

/// An outside that does what it is told and remembers what it was asked.
#[derive(Default)]
struct Outside {
    seen: Vec<String>,
    received: BTreeMap<u64, String>,
    /// Answers to the next writes; then everything is taken.
    writes: VecDeque<Result<u64, Errno>>,
    /// Background jobs that have not ended.
    jobs: VecDeque<(JobId, Work)>,
    /// What the kernel has and what the disk has, by the outside's own account.
    written: u64,
    synced: u64,
    halted: Option<HaltReason>,
    /// The file of the log.
    file: Vec<u8>,
    /// Reads end with this.
    fail_read: Option<Errno>,
}

impl Environment for Outside {
    fn perform(&mut self, effect: Effect<'_>) -> Outcome<'_> {
        match effect {
            Effect::Write { file, bytes, offset, .. } => {
                let offered = bytes.len() as u64;
                self.seen.push(format!("write {offered}"));
                let result = self.writes.pop_front().unwrap_or(Ok(offered));
                if let Ok(taken) = result {
                    self.written = offset + taken;
                    self.file.truncate(usize::try_from(offset).unwrap());
                    self.file.extend_from_slice(&bytes[..usize::try_from(taken).unwrap()]);
                }
                return Outcome::Now(Event::Written { file, result });
            }
            Effect::Read { file, offset, max_bytes } => {
                self.seen.push(format!("read at {offset}"));
                if let Some(errno) = self.fail_read {
                    return Outcome::Now(Event::Read { file, result: Err(errno) });
                }
                let from = self.file.len().min(usize::try_from(offset).unwrap());
                let rest = &self.file[from..];
                let bytes = &rest[..rest.len().min(usize::try_from(max_bytes).unwrap())];
                return Outcome::Now(Event::Read { file, result: Ok(bytes) });
            }
            Effect::Submit { job, lane: Lane::Inline, work } => {
                self.seen.push(format!("inline {}", name(&work)));
                self.finish(&work, Ok(()));
                return Outcome::Now(Event::Job { job, result: Ok(()), took: Micros(0) });
            }
            Effect::Submit { job, work, .. } => {
                self.seen.push(format!("start {}", name(&work)));
                self.jobs.push_back((job, work));
                return Outcome::Later;
            }
            Effect::Send { client, bytes, replies, .. } => {
                let text = String::from_utf8_lossy(bytes).replace("\r\n", " ");
                self.seen.push(format!("send {}: {replies}", client.0));
                self.received.entry(client.0).or_default().push_str(&text);
            }
            Effect::Close { client, reason } => {
                self.seen.push(format!("close {}: {reason:?}", client.0));
            }
            Effect::Pause { client } => self.seen.push(format!("pause {}", client.0)),
            Effect::Resume { client } => self.seen.push(format!("resume {}", client.0)),
            Effect::Sleep { micros } => self.seen.push(format!("sleep {micros}")),
            Effect::RewriteConfig { config } => {
                self.seen.push(format!("rewrite {}", config.config_file));
                let result = self.fail_read.map_or(Ok(()), Err);
                return Outcome::Now(Event::ConfigRewritten { result });
            }
            Effect::OpenPipes => {
                return Outcome::Now(Event::PipesOpened { result: Err(Errno::EIO) });
            }
            Effect::Append { .. }
            | Effect::Fork { .. }
            | Effect::PipeWrite { .. }
            | Effect::ClosePipes
            | Effect::Kill { .. } => panic!("nothing is rewritten here: {effect:?}"),
            Effect::Deadline { at } => self.seen.push(format!("deadline {}", at.0)),
            Effect::Note(note) => self.seen.push(format!("{note:?}")),
            Effect::Halt(reason) => {
                self.seen.push(format!("halt {}", reason.exit_code()));
                self.halted = Some(reason);
            }
        }
        Outcome::Done
    }
}

impl Outside {
    fn finish(&mut self, work: &Work, result: Result<(), Errno>) {
        match work {
            Work::Sync { upto, .. } if result.is_ok() => self.synced = self.synced.max(upto.0),
            Work::Truncate { length_bytes, .. } => self.written = *length_bytes,
            _ => {}
        }
    }
}

fn name(work: &Work) -> &'static str {
    match work {
        Work::Sync { .. } => "sync",
        Work::Truncate { .. } => "truncate",
        Work::Close { .. } => "close",
        _ => "another",
    }
}

struct Rig {
    engine: Engine,
    outside: Outside,
    now: u64,
}

impl Rig {
    fn new(profile: ProfileName, policy: Policy) -> Self {
        Self::with(Config { profile, appendfsync: policy, ..Config::default() })
    }

    fn with(config: Config) -> Self {
        let now = 1_000_000;
        let engine = Engine::new(config, 7, Keyspace::new(7), 0, Millis(now), Micros(0));
        let mut rig = Self { engine, outside: Outside::default(), now };
        for client in 1..=3 {
            rig.event(Event::Connected { client: ClientId(client), peer: Peer::Simulated });
        }
        rig
    }

    fn event(&mut self, event: Event<'_>) -> String {
        pump(&mut self.engine, &mut self.outside, event);
        std::mem::take(&mut self.outside.seen).join(", ")
    }

    /// One command, as redis-cli would split it; no turn ends.
    fn command(&mut self, client: u64, line: &str) -> String {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let argv = OwnedArgv::from_words(&words);
        self.event(Event::Command {
            client: ClientId(client),
            argv: argv.as_argv(),
            now: Millis(self.now),
        })
    }

    fn turn_end(&mut self) -> String {
        let now = Millis(self.now);
        self.event(Event::TurnEnd { now, mono: Micros(self.now * 1000) })
    }

    /// A tick and the end of its turn, as every host does it.
    fn tick(&mut self, later_ms: u64) -> String {
        self.now += later_ms;
        let now = Millis(self.now);
        let mut seen = self.event(Event::Tick { now, mono: Micros(self.now * 1000) });
        let end = self.turn_end();
        if !seen.is_empty() && !end.is_empty() {
            seen.push_str(", ");
        }
        seen + &end
    }

    /// A command and the end of its turn.
    fn turn(&mut self, client: u64, line: &str) -> String {
        let mut seen = self.command(client, line);
        if !seen.is_empty() {
            seen.push_str(", ");
        }
        seen + &self.turn_end()
    }

    fn job_ends(&mut self, result: Result<(), Errno>) -> String {
        self.job_ends_after(Micros(1), result)
    }

    fn job_ends_after(&mut self, took: Micros, result: Result<(), Errno>) -> String {
        let (job, work) = self.outside.jobs.pop_front().expect("a job is running");
        self.outside.finish(&work, result);
        self.event(Event::Job { job, result, took })
    }

    fn received(&mut self, client: u64) -> String {
        self.outside.received.remove(&client).unwrap_or_default()
    }
}

const SELECT_AND_SET: &str = "write 50";

#[test]
fn a_reply_follows_what_the_policy_asks() {
    for (profile, policy, expected) in [
        (ProfileName::Redis62, Policy::Always, "write 50, inline sync, send 1: 1"),
        (ProfileName::Redis62, Policy::EverySec, "write 50, send 1: 1"),
        (ProfileName::Redis62, Policy::No, "write 50, send 1: 1"),
        (ProfileName::Redis30, Policy::Always, "write 50, inline sync, send 1: 1"),
        (ProfileName::Redis30, Policy::EverySec, "write 50, send 1: 1"),
        (ProfileName::Hardened, Policy::Always, "write 50, start sync"),
        (ProfileName::Hardened, Policy::EverySec, "write 50, send 1: 1"),
        (ProfileName::Hardened, Policy::No, "write 50, send 1: 1"),
    ] {
        let mut rig = Rig::new(profile, policy);
        assert_eq!(rig.turn(1, "SET a 1"), expected, "{profile:?} {policy:?}");
        if profile == ProfileName::Hardened && policy == Policy::Always {
            assert_eq!(rig.received(1), "");
            assert_eq!(rig.job_ends(Ok(())), "send 1: 1");
        }
        assert_eq!(rig.received(1), "+OK ");
        assert_eq!(rig.engine.ledger().acknowledged(), Lsn(50));
    }
}

#[test]
fn one_turn_of_many_clients_is_one_write_and_one_sync() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    for client in 1..=3 {
        assert_eq!(rig.command(client, "SET a 1"), "");
    }
    assert_eq!(rig.turn_end(), "write 104, start sync");
    assert_eq!(rig.job_ends(Ok(())), "send 1: 1, send 2: 1, send 3: 1");
}

#[test]
fn the_next_group_starts_before_the_replies_of_this_one() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.turn(1, "SET a 1");
    assert_eq!(rig.turn(2, "SET b 2"), "", "it waits for the running sync");
    assert_eq!(rig.job_ends(Ok(())), "write 27, start sync, send 1: 1");
    assert_eq!(rig.job_ends(Ok(())), "send 2: 1");
}

/// On a slow disk the clients that are released and the one that waits share the next sync.
#[test]
fn a_slow_disk_is_shared_by_all_who_come_in_time() {
    const SLOW: Micros = Micros(40_000);
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.command(1, "SET a 1");
    rig.turn(2, "SET b 1");
    rig.turn(3, "SET c 1");
    let seen = rig.job_ends_after(SLOW, Ok(()));
    assert_eq!(seen, "send 1: 1, send 2: 1", "two may come back, so no sync starts");
    assert_eq!(rig.turn_end(), "deadline 1000030000");
    assert_eq!(rig.turn(1, "SET a 2"), "", "one is still missing, and the deadline is known");
    assert_eq!(rig.turn(2, "SET b 2"), "write 81, start sync");
    assert_eq!(rig.job_ends_after(SLOW, Ok(())), "send 3: 1, send 1: 1, send 2: 1");
    // Only one comes back, and waits no longer than until the deadline.
    rig.now += 100;
    rig.turn_end();
    assert_eq!(rig.turn(1, "SET a 3"), "deadline 1000130000");
    rig.now += 29;
    assert_eq!(rig.turn_end(), "");
    rig.now += 1;
    assert_eq!(rig.turn_end(), "write 27, start sync");
    assert_eq!(rig.job_ends_after(SLOW, Ok(())), "send 1: 1");
    assert_eq!(rig.turn(1, "SET a 4"), "write 27, start sync", "alone, it waits for nobody");
}

#[test]
fn a_group_that_is_gathered_goes_at_once_when_the_server_ends_or_the_policy_changes() {
    let gathering = || {
        let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
        rig.command(1, "SET a 1");
        rig.turn(2, "SET b 1");
        rig.turn(3, "SET c 1");
        rig.job_ends_after(Micros(40_000), Ok(()));
        rig
    };
    let mut rig = gathering();
    let now = Millis(rig.now);
    let seen = rig.event(Event::Shutdown { now });
    assert!(seen.ends_with("write 27, start sync"), "{seen}");
    let mut rig = gathering();
    assert_eq!(
        rig.turn(1, "CONFIG SET appendfsync no"),
        "PolicyChanged, write 27, start sync, send 1: 1"
    );
    assert_eq!(rig.job_ends(Ok(())), "send 3: 1", "what it was promised is kept");
}

#[test]
fn reads_wait_under_always_and_nowhere_else() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.turn(1, "SET a 1");
    assert_eq!(rig.turn(2, "GET a"), "", "it has seen a write that could be undone");
    assert_eq!(rig.job_ends(Ok(())), "send 1: 1, send 2: 1");
    assert_eq!(rig.turn(2, "GET a"), "send 2: 1", "nothing unsynced: free");

    for policy in [Policy::EverySec, Policy::No] {
        let mut rig = Rig::new(ProfileName::Hardened, policy);
        rig.outside.writes.push_back(Err(Errno::ENOSPC));
        rig.turn(1, "SET a 1");
        assert_eq!(rig.received(1), "", "held until the write succeeds");
        assert_eq!(rig.turn(2, "GET a"), "send 2: 1");
    }
}

#[test]
fn a_postponed_write_is_acknowledged_by_redis_only() {
    // In Redis 3.0 no tick brings a sync; what follows is the same.
    for profile in [ProfileName::Redis62, ProfileName::Hardened] {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.turn(1, "SET a 1");
        assert_eq!(rig.tick(1_000), "start sync");
        let seen = rig.turn(1, "SET b 2");
        assert!(seen.starts_with("WritePostponed { waiting_bytes: 27 }"), "{seen}");
        let sent = rig.received(1);
        let in_memory = rig.engine.ledger().acknowledged() > rig.engine.ledger().written();
        if profile == ProfileName::Redis62 {
            assert_eq!(sent, "+OK +OK ");
            assert!(in_memory, "kill -9 loses an acknowledged write now");
        } else {
            assert_eq!(sent, "+OK ");
            assert!(!in_memory);
            rig.job_ends(Ok(()));
            rig.turn_end();
            assert_eq!(rig.received(1), "+OK ");
        }
    }
}

#[test]
fn a_full_disk_refuses_writes_and_ping_and_heals() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::EverySec);
        rig.outside.writes.extend(std::iter::repeat_n(Err(Errno::ENOSPC), 10));
        let seen = rig.turn(1, "SET a 1");
        assert!(seen.contains("WriteFailed(Errno(28))"), "{seen}");
        let expected = if profile != ProfileName::Hardened { "+OK " } else { "" };
        assert_eq!(rig.received(1), expected, "{profile:?}: the first failing write");
        let refused = "-MISCONF Errors writing to the AOF file: No space left on device ";
        for line in ["SET b 2", "PING"] {
            rig.turn(2, line);
            assert_eq!(rig.received(2), refused, "{line}");
        }
        rig.turn(2, "GET b");
        assert_eq!(rig.received(2), "$-1 ", "reads go on");
        rig.outside.writes.clear();
        let seen = rig.tick(1_000);
        assert!(seen.starts_with(SELECT_AND_SET), "{seen}");
        assert!(seen.contains("WriteRecovered"), "{seen}");
        if profile == ProfileName::Hardened {
            assert_eq!(rig.received(1), "+OK ", "now it is true");
        }
        rig.turn(2, "PING");
        assert_eq!(rig.received(2), "+PONG ");
    }
}

#[test]
fn a_reply_held_too_long_has_its_client_closed() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.outside.writes.extend(std::iter::repeat_n(Err(Errno::ENOSPC), 100));
    rig.turn(1, "SET a 1");
    for _ in 0..10 {
        let seen = rig.tick(1_000);
        assert!(!seen.contains("close"), "{seen}");
    }
    let seen = rig.tick(1);
    assert!(seen.contains("HeldTooLong { held_ms: 10001 }, "), "{seen}");
    assert!(seen.contains("close 1: HeldTooLong"), "{seen}");
    assert_eq!(rig.received(1), "", "neither OK nor an error");
}

#[test]
fn always_halts_and_answers_nobody() {
    for profile in ProfileName::ALL {
        let mut rig = Rig::new(profile, Policy::Always);
        rig.outside.writes.push_back(Err(Errno::ENOSPC));
        let seen = rig.turn(1, "SET a 1");
        assert!(seen.ends_with("halt 1"), "{seen}");
        assert_eq!(rig.received(1), "");
        assert_eq!(rig.turn(1, "GET a"), "", "it does nothing any more");
    }
}

#[test]
fn leaving_always_still_brings_the_sync_that_was_promised() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::Always);
    rig.turn(1, "SET a 1");
    rig.turn(1, "SET b 2");
    rig.turn(2, "CONFIG SET appendfsync no");
    assert_eq!(rig.received(1), "");
    let seen = rig.job_ends(Ok(()));
    assert!(seen.starts_with("write 27, start sync"), "{seen}");
    rig.job_ends(Ok(()));
    assert_eq!(rig.received(1), "+OK +OK ");
}

#[test]
fn entering_always_is_itself_answered_after_a_sync() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::No);
    rig.turn(1, "SET a 1");
    assert_eq!(rig.received(1), "+OK ");
    let seen = rig.turn(2, "CONFIG SET appendfsync always");
    assert!(seen.contains("start sync"), "{seen}");
    assert_eq!(rig.received(2), "");
    rig.job_ends(Ok(()));
    assert_eq!(rig.received(2), "+OK ");
}

#[test]
fn turning_the_log_off_is_answered_when_everything_is_on_the_disk() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::No);
    rig.turn(1, "SET a 1");
    let seen = rig.turn(2, "CONFIG SET appendonly no");
    assert!(seen.contains("start sync"), "{seen}");
    assert_eq!(rig.received(2), "");
    rig.turn(1, "SET b 2");
    let seen = rig.job_ends(Ok(()));
    assert!(seen.contains("AppendOnlyStopped, start close"), "{seen}");
    assert_eq!(rig.received(2), "+OK ");
    rig.job_ends(Ok(()));
    assert_eq!(rig.engine.ledger().appended(), Lsn(50), "SET b is not logged");
    assert_eq!(rig.turn(1, "SET c 3"), "send 1: 1");
}

#[test]
fn a_shutdown_flushes_syncs_and_ends() {
    for profile in ProfileName::ALL {
        for policy in Policy::ALL {
            let mut rig = Rig::new(profile, policy);
            rig.command(1, "SET a 1");
            let now = Millis(rig.now);
            let mut seen = rig.event(Event::Shutdown { now });
            while !rig.outside.jobs.is_empty() {
                seen.push_str(&rig.job_ends(Ok(())));
            }
            let forgets = profile == ProfileName::Redis30;
            let begin = if forgets { "" } else { ", write 50" };
            let begin = format!("ShutdownRequested, ShutdownSync{begin}");
            assert!(seen.starts_with(&begin), "{seen}");
            assert!(seen.ends_with("halt 0"), "{profile:?} {policy:?}: {seen}");
            assert_eq!(seen.contains("write"), !forgets, "{seen}");
            assert_eq!(rig.outside.synced, if forgets { 0 } else { 50 });
            let told = !forgets || policy != Policy::Always;
            assert_eq!(rig.received(1), if told { "+OK " } else { "" }, "what became true is said");
        }
    }
}

#[test]
fn a_shutdown_that_cannot_write_ends_with_an_error_code() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.command(1, "SET a 1");
    rig.outside.writes.push_back(Err(Errno::ENOSPC));
    let now = Millis(rig.now);
    let seen = rig.event(Event::Shutdown { now });
    assert!(seen.ends_with("halt 1"), "{seen}");
    assert_eq!(rig.received(1), "");
}

#[test]
fn writers_are_paused_while_the_buffer_is_full() {
    let mut rig = Rig::with(Config {
        aof_buffer_limit_bytes: 100,
        appendfsync: Policy::EverySec,
        ..Config::default()
    });
    rig.turn(1, "SET a 1");
    rig.tick(1_000);
    rig.turn(1, "SET b 2");
    let value = "x".repeat(100);
    let seen = rig.turn(2, &format!("SET c {value}"));
    assert_eq!(seen, "pause 2");
    assert_eq!(rig.turn(3, "GET a"), "send 3: 1", "readers are not");
    let seen = rig.job_ends(Ok(()));
    assert!(seen.ends_with("resume 2"), "{seen}");
}

#[test]
fn whoever_is_paused_together_goes_on_together() {
    let mut rig = Rig::with(Config { aof_buffer_limit_bytes: 100, ..Config::default() });
    let value = "x".repeat(60);
    for client in 1..=3 {
        rig.command(client, &format!("SET a {value}"));
    }
    let seen = rig.turn_end();
    for client in 1..=3 {
        let of_client = |what: &str| seen.rfind(&format!("{what} {client}")).expect("told");
        assert!(of_client("pause") < of_client("resume"), "{client}: {seen}");
    }
}

#[test]
fn an_expired_key_is_logged_as_deleted_by_the_cycle() {
    let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
    rig.turn(1, "SET a 1 PX 50");
    let before = rig.engine.ledger().appended();
    let seen = rig.tick(100);
    assert!(seen.starts_with("KeysExpired { keys: 1 }, write 20"), "{seen}");
    assert_eq!(rig.engine.ledger().appended().since(before), 20);
}

/// Long seeded runs with every kind of failure: no reply ever leaves before its gate, by the
/// outside's own account of what the kernel and the disk have.
#[test]
fn no_reply_overtakes_its_write() {
    for seed in 0..200_u64 {
        for policy in Policy::ALL {
            for profile in ProfileName::ALL {
                overtaking_run(seed, profile, policy);
            }
        }
    }
}

fn overtaking_run(seed: u64, profile: ProfileName, policy: Policy) {
    let mut rig = Rig::new(profile, policy);
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for step in 0..120 {
        let context = format!("seed {seed} {profile:?} {policy:?} step {step}");
        match draw(10) {
            0..4 => {
                let line = match draw(4) {
                    0 => "SET a 1",
                    1 => "GET a",
                    2 => "INCR n",
                    _ => "DEL a",
                };
                rig.command(1 + draw(3), line);
            }
            4 | 5 => drop(rig.turn_end()),
            6 => drop(rig.tick(1 + draw(1_500))),
            7 | 8 if !rig.outside.jobs.is_empty() => {
                let fails = draw(20) == 0;
                rig.job_ends(if fails { Err(Errno::EIO) } else { Ok(()) });
            }
            _ if draw(8) == 0 => rig.outside.writes.push_back(Err(Errno::ENOSPC)),
            _ => drop(rig.turn_end()),
        }
        let acknowledged = rig.engine.ledger().acknowledged().0;
        let promised = match (profile, policy) {
            (_, Policy::Always) => rig.outside.synced,
            (ProfileName::Hardened, _) => rig.outside.written,
            (ProfileName::Redis62 | ProfileName::Redis30, _) => u64::MAX,
        };
        assert!(acknowledged <= promised, "{context}: {acknowledged} > {promised}");
        assert!(rig.engine.ledger().synced().0 <= rig.outside.synced, "{context}");
        if rig.outside.halted.is_some() {
            return;
        }
    }
    drain(&mut rig.engine, &mut rig.outside);
}

#[test]
fn the_same_events_give_the_same_digests() {
    let run = || {
        let mut rig = Rig::new(ProfileName::Hardened, Policy::EverySec);
        let mut digests = Vec::new();
        for line in ["SET a 1", "MULTI", "INCR a", "EXEC", "SET b 2 EX 10", "RANDOMKEY"] {
            rig.turn(1, line);
            digests.push(rig.engine.digest());
        }
        digests
    };
    let first = run();
    assert_eq!(first, run());
    let mut distinct = first.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), first.len(), "every turn changes the state");
}
