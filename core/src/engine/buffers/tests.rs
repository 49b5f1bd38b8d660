use super::*;
use crate::config::{Config, OutputLimits};
use crate::effect::Effect;
use crate::event::Event;
use crate::keyspace::Keyspace;
use crate::resp::OwnedArgv;
use crate::units::Millis;

const KB: u64 = 1024;

fn engine(hard_bytes: u64, soft_bytes: u64, soft_seconds: u64) -> Engine {
    let normal = OutputLimit { hard_bytes, soft_bytes, soft_seconds };
    let config = Config {
        appendonly: false,
        client_output_buffer_limit: OutputLimits { normal, ..OutputLimits::default() },
        ..Config::default()
    };
    Engine::new(config, 1, Keyspace::new(1), 0, Millis(0), Micros(0))
}

fn connect(engine: &mut Engine, client: u64) -> ClientId {
    let client = ClientId(client);
    engine.handle(Event::Connected { client, peer: crate::peer::Peer::Simulated });
    client
}

fn command(engine: &mut Engine, client: ClientId, line: &str) {
    let argv = OwnedArgv::from_line(line);
    engine.handle(Event::Command { client, argv: argv.as_argv(), now: Millis(1) });
}

/// Performs what the engine wants, and returns who was closed and why.
fn drain(engine: &mut Engine) -> Vec<(ClientId, CloseReason)> {
    let mut closed = Vec::new();
    while let Some(effect) = engine.poll_effect() {
        if let Effect::Close { client, reason } = effect {
            closed.push((client, reason));
        }
    }
    closed
}

fn turn(engine: &mut Engine) -> Vec<(ClientId, CloseReason)> {
    engine.handle(Event::TurnEnd { now: Millis(1), mono: engine.mono });
    drain(engine)
}

fn tick(engine: &mut Engine, seconds: u64) -> Vec<(ClientId, CloseReason)> {
    engine.handle(Event::Tick { now: Millis(1), mono: Micros(seconds * 1_000_000) });
    let mut closed = drain(engine);
    closed.extend(turn(engine));
    closed
}

/// The account, made anew from every client.
fn counted_anew(engine: &Engine) -> u64 {
    engine.clients.values().map(crate::client::Client::memory_bytes).sum()
}

#[test]
fn a_client_beyond_the_hard_limit_is_closed_at_once() {
    let mut engine = engine(64 * KB, 0, 0);
    let client = connect(&mut engine, 1);
    let other = connect(&mut engine, 2);
    command(&mut engine, other, &format!("SET big {}", "x".repeat(40 * 1024)));
    command(&mut engine, client, "GET big");
    assert_eq!(turn(&mut engine), []);
    // Within one turn, before anything could have been sent.
    command(&mut engine, client, "GET big");
    assert_eq!(drain(&mut engine), []);
    command(&mut engine, client, "GET big");
    assert_eq!(turn(&mut engine), [(client, CloseReason::OutputLimit)]);
    // By what the host could not send, together with what is held.
    engine.handle(Event::Backlog { client: other, bytes: 60 * KB });
    assert_eq!(turn(&mut engine), []);
    command(&mut engine, other, "GET big");
    assert_eq!(turn(&mut engine), [(other, CloseReason::OutputLimit)]);
    assert_eq!(engine.clients_bytes(), 0);
}

#[test]
fn a_client_over_the_soft_limit_has_its_seconds() {
    let mut engine = engine(0, 10 * KB, 5);
    let client = connect(&mut engine, 1);
    tick(&mut engine, 100);
    engine.handle(Event::Backlog { client, bytes: 11 * KB });
    assert_eq!(tick(&mut engine, 105), []);
    // It has read: the time begins anew.
    engine.handle(Event::Backlog { client, bytes: KB });
    engine.handle(Event::Backlog { client, bytes: 11 * KB });
    assert_eq!(tick(&mut engine, 110), []);
    assert_eq!(tick(&mut engine, 111), [(client, CloseReason::OutputLimit)]);
}

#[test]
fn without_limits_only_the_sum_counts() {
    let mut engine = engine(0, 0, 0);
    let client = connect(&mut engine, 1);
    let all_together = engine.config().client_buffers_limit_bytes;
    engine.handle(Event::Backlog { client, bytes: all_together });
    assert_eq!(tick(&mut engine, 1_000_000), []);
    // Nobody may be owed more than all of them.
    engine.handle(Event::Backlog { client, bytes: all_together + 1 });
    assert_eq!(turn(&mut engine), [(client, CloseReason::OutputLimit)]);
}

#[test]
fn the_account_is_that_of_all_clients_at_any_time() {
    let mut engine = engine(0, 0, 0);
    let clients: Vec<ClientId> = (1..=20).map(|id| connect(&mut engine, id)).collect();
    let lines = [
        "SET key value",
        "MULTI",
        "SET other value",
        "GET key",
        "EXEC",
        "WATCH a b c",
        "CLIENT SETNAME somebody",
        "COMMAND",
        "UNWATCH",
        "MULTI",
        "GET",
        "DISCARD",
        "RESET",
        "QUIT",
    ];
    for (round, line) in lines.iter().enumerate() {
        for (index, &client) in clients.iter().enumerate() {
            if (index + round) % 3 != 0 {
                command(&mut engine, client, line);
                assert_eq!(engine.clients_bytes(), counted_anew(&engine), "{line}");
            }
        }
        turn(&mut engine);
        assert_eq!(engine.clients_bytes(), counted_anew(&engine), "{line}");
    }
    for _ in 0..=TICKS_PER_SWEEP {
        tick(&mut engine, 1);
        assert_eq!(engine.clients_bytes(), counted_anew(&engine));
    }
    for client in clients {
        engine.handle(Event::Closed { client });
    }
    assert_eq!(engine.clients_bytes(), 0);
}

#[test]
fn buffers_that_nobody_uses_are_given_back() {
    let mut engine = engine(0, 0, 0);
    let clients: Vec<ClientId> = (1..=95).map(|id| connect(&mut engine, id)).collect();
    for &client in &clients {
        command(&mut engine, client, "PING");
    }
    turn(&mut engine);
    assert!(engine.clients_bytes() > 0);
    for _ in 0..=TICKS_PER_SWEEP {
        tick(&mut engine, 1);
    }
    assert_eq!(engine.clients_bytes(), 0);
}

#[test]
fn what_a_client_leaves_for_later_counts() {
    let mut engine = engine(0, 0, 0);
    let client = connect(&mut engine, 1);
    command(&mut engine, client, "MULTI");
    let before = engine.client_bytes(client);
    command(&mut engine, client, &format!("SET key {}", "x".repeat(100_000)));
    assert!(engine.client_bytes(client) >= before + 100_000);
    command(&mut engine, client, "DISCARD");
    assert!(engine.client_bytes(client) < before + 1_000);
    command(&mut engine, client, &format!("WATCH {}", "k".repeat(100_000)));
    assert!(engine.client_bytes(client) >= before + 200_000);
    command(&mut engine, client, "UNWATCH");
    assert!(engine.client_bytes(client) < before + 1_000);
}

#[test]
fn one_command_cannot_make_a_reply_without_bound() {
    let mut engine = engine(64 * KB, 0, 0);
    let client = connect(&mut engine, 1);
    command(&mut engine, client, &format!("SET big {}", "x".repeat(10_000)));
    assert_eq!(turn(&mut engine), []);
    let most = 2 * (64 * KB + 10_000);
    for line in [format!("MGET {}", "big ".repeat(10_000)), "EXEC".to_owned()] {
        let client = connect(&mut engine, 2);
        command(&mut engine, client, "MULTI");
        for _ in 0..if line == "EXEC" { 5_000 } else { 0 } {
            command(&mut engine, client, "GET big");
        }
        if line != "EXEC" {
            command(&mut engine, client, "DISCARD");
        }
        let before = engine.client_bytes(client);
        let argv = OwnedArgv::from_line(&line);
        engine.handle(Event::Command { client, argv: argv.as_argv(), now: Millis(1) });
        assert!(engine.client_bytes(client) < before + most, "{line:.10}");
        assert_eq!(turn(&mut engine), [(client, CloseReason::OutputLimit)], "{line:.10}");
    }
}

#[test]
fn one_command_cannot_make_those_who_watch_hold_more_than_one_client_may() {
    let mut engine = engine(64 * KB, 0, 0);
    let watchers: Vec<ClientId> = (2..52).map(|number| connect(&mut engine, number)).collect();
    watchers.iter().for_each(|&watcher| command(&mut engine, watcher, "MONITOR"));
    assert_eq!(turn(&mut engine), []);
    let client = connect(&mut engine, 1);
    // Ten of these fit into what one client may be owed: those who came first have them.
    command(&mut engine, client, &format!("ECHO {}", "e".repeat(6_400)));
    assert!(engine.clients_bytes() < 80 * KB, "{}", engine.clients_bytes());
    let ended = |watchers: &[ClientId]| -> Vec<_> {
        watchers.iter().map(|&watcher| (watcher, CloseReason::OutputLimit)).collect()
    };
    assert_eq!(turn(&mut engine), ended(&watchers[10..]));
    ended(&watchers[10..]).iter().for_each(|&(client, _)| engine.handle(Event::Closed { client }));
    // What EXEC runs is one event.
    command(&mut engine, client, "MULTI");
    (0..4_000).for_each(|_| command(&mut engine, client, "PING"));
    command(&mut engine, client, "EXEC");
    assert!(engine.clients_bytes() < 140 * KB, "{}", engine.clients_bytes());
    assert_eq!(turn(&mut engine), ended(&watchers[..10]));
}
