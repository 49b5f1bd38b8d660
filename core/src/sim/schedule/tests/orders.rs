//! Every order in which parent, child, background threads and clients of a small world can move:
//! three keys, two writes at the same time, one rewrite.

#![expect(clippy::disallowed_macros, reason = "a test says how much it covered")]

use std::sync::Arc;

use super::super::*;
use crate::aof::log::State as LogState;
use crate::config::Policy;
use crate::digest::Digest;
use crate::profile::ProfileName;
use crate::resp::OwnedArgv;
use crate::rewrite::Stage;
use crate::rewrite::child::Stage as ChildStage;
use crate::rewrite::model::invariants;
use crate::rewrite::model::search::{Space, Ways, count_orders};
use crate::sim::disk::{Parameters as DiskParameters, Stored};
use crate::sim::recover::{Recovery, recover};
use crate::sim::rewriting::Parameters;
use crate::sim::scenario::empty;
use crate::sim::world::{Due, Input};

/// Nothing takes time, so that orders do not differ by clocks alone.
fn small(policy: Policy, profile: ProfileName) -> World {
    let mut settings = empty(policy, profile, 1).settings;
    settings.config.aof_rewrite_block_bytes = 32;
    settings.config.auto_aof_rewrite_percentage = 0;
    settings.parameters = DiskParameters {
        sync_base_micros: 0,
        sync_per_kibibyte_micros: 0,
        ..DiskParameters::default()
    };
    settings.rewriting = Parameters {
        pipe_bytes: 64,
        write_bytes: 64,
        read_diff_every_bytes: 64,
        silent_ms: 1,
        fork_micros: 0,
        write_micros: 0,
        step_micros: 0,
        ..Parameters::default()
    };
    let mut log = Vec::new();
    for words in [[&b"SET"[..], b"a", b"1"], [b"SET", b"b", b"2"], [b"SET", b"c", b"3"]] {
        crate::resp::encode_command(&words, &mut log);
    }
    settings.aof = Arc::new(log);
    settings.clients = (1..=3).map(ClientId).collect();
    World::new(settings).expect("the log loads")
}

fn submit(world: &mut World, client: u64, line: &str) {
    let words = Arc::new(OwnedArgv::from_line(line));
    let at = world.now();
    world.submit(Due { at, input: Input::Command { client: ClientId(client), words } });
}

/// Just after the fork, with both writes on their way.
fn forked(policy: Policy, profile: ProfileName) -> World {
    let mut world = small(policy, profile);
    // Time stands still from now on. So one sync is due under `everysec`, with the first write.
    world.machine.clock = crate::units::Micros(world.machine.clock.0 + 2_000_000);
    submit(&mut world, 3, "BGREWRITEAOF");
    while world.machine().child.is_none() {
        let actors = world.movable();
        let actor = *actors.first().expect("somebody can move");
        world.step_actor(actor);
    }
    submit(&mut world, 1, "INCR a");
    submit(&mut world, 2, "SET d 4");
    world
}

struct Orders {
    ends: u64,
}

impl Space for Orders {
    type State = World;
    type Move = Actor;
    type Violation = &'static str;

    fn ways(&mut self, world: &World) -> Ways<Self> {
        let mut ways: Ways<Self> = Vec::new();
        for actor in actors(world) {
            let mut next = world.clone();
            let moved = next.step_actor(actor).is_some();
            // Time stands still: orders that differ by clocks alone are one.
            next.machine.clock = world.machine.clock;
            if moved || self.digest(&next) != self.digest(world) {
                ways.push((actor, Ok(next)));
            }
        }
        ways
    }

    fn at_rest(&mut self, world: &World) -> Result<(), &'static str> {
        let engine = world.engine().ok_or("the server runs")?;
        invariants::check(engine, true).map_err(|_| "an invariant of the rewrite")?;
        if actors(world).is_empty() {
            self.ends += 1;
            has_ended_well(world)?;
        }
        Ok(())
    }

    /// What decides the future, in whatever order it came about: contents and names, not the
    /// numbers of their changes.
    fn digest(&self, world: &World) -> u128 {
        let mut digest = Digest::new();
        if let Some(engine) = world.engine() {
            engine.executor().keyspace.digest_into(&mut digest);
            let engine = engine.digest_behind(digest);
            digest = Digest::new();
            digest.put_u128(engine);
        }
        let machine = world.machine();
        for name in machine.disk.names() {
            digest.put_bytes(name.as_bytes());
            for inode in [machine.disk.cached_name(name), machine.disk.durable_name(name)] {
                let stored = inode.and_then(|inode| machine.disk.file(inode));
                digest.put_optional_u64(inode.map(|inode| inode.0));
                digest.put_bytes(stored.map_or(&[], Stored::cached));
                digest.put_bytes(stored.map_or(&[], Stored::durable));
            }
        }
        digest.put_bool(machine.pipes.is_some());
        if let Some(pipes) = &machine.pipes {
            pipes.digest_into(&mut digest);
        }
        digest.put_bool(machine.child.is_some());
        if let Some(child) = &machine.child {
            child.child.digest_into(&mut digest);
            digest.put_bytes(format!("{:?} {:?}", child.file, child.status).as_bytes());
        }
        digest.put_bytes(format!("{:?}", machine.files).as_bytes());
        for job in &machine.jobs {
            digest.put_u64(job.job.0);
            digest.put_bool(job.done.is_some());
        }
        digest.put_bool(world.turn_is_open());
        digest.put_count(world.inputs.len());
        digest.put_count(world.journal().asked().len());
        digest.put_u64(world.journal().acknowledged_upto());
        digest.finish()
    }
}

/// Who moves in these orders. The kernel's own writing and idle ticks change no dataset, and an
/// answer to the child is late only when nobody else can move.
fn actors(world: &World) -> Vec<Actor> {
    let child = world.machine().child.as_ref();
    let has_exited = child.is_some_and(|child| !child.is_alive());
    let mut actors = world.movable();
    actors.retain(|actor| match actor {
        Actor::Kernel => false,
        Actor::Timer => has_exited,
        Actor::Child => {
            let awaits = child.is_some_and(|child| child.child.stage() == ChildStage::AwaitingAck);
            !(awaits && world.child_waits_in_vain())
        }
        _ => true,
    });
    actors
}

fn has_ended_well(world: &World) -> Result<(), &'static str> {
    let engine = world.engine().ok_or("the server runs")?;
    let rewrite = engine.rewrite();
    let disk = &world.machine().disk;
    let name = &world.config().appendfilename;
    let content = disk.cached_name(name).and_then(|inode| disk.file(inode)).map(Stored::cached);
    let Recovery::Loaded { keyspace, .. } = recover(content, world.config(), 1) else {
        return Err("the new log loads");
    };
    let live = engine.executor().keyspace.content_digest();
    let checks = [
        (rewrite.completed() == 1 && rewrite.stage() == Stage::Idle, "the rewrite is complete"),
        (engine.log().state() == LogState::On, "the log is on"),
        (world.journal().acknowledged_writes() == 2, "both writes are acknowledged"),
        (keyspace.content_digest() == live, "the log is the dataset"),
        (keyspace.len() == 4, "of four keys"),
        (disk.names().len() == 1, "no other name is left"),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, what)| Err(what))
}

fn every_order(profile: ProfileName, policy: Policy) {
    let mut space = Orders { ends: 0 };
    let (orders, states) = count_orders(&mut space, &forked(policy, profile));
    println!(
        "{profile:?}, {}: {orders} orders, {states} states, {} ends",
        policy.as_str(),
        space.ends
    );
    assert!(orders > 1_000 && space.ends > 0);
}

#[test]
fn every_order_of_a_hardened_world_ends_well() {
    every_order(ProfileName::Hardened, Policy::No);
}

#[test]
fn every_order_of_a_hardened_world_ends_well_under_everysec() {
    every_order(ProfileName::Hardened, Policy::EverySec);
}

#[test]
fn every_order_of_a_hardened_world_ends_well_under_always() {
    every_order(ProfileName::Hardened, Policy::Always);
}

#[test]
fn every_order_of_a_redis_world_ends_well() {
    every_order(ProfileName::Redis62, Policy::No);
}

#[test]
fn every_order_of_a_redis_world_ends_well_under_everysec() {
    every_order(ProfileName::Redis62, Policy::EverySec);
}

#[test]
fn every_order_of_a_redis_world_ends_well_under_always() {
    every_order(ProfileName::Redis62, Policy::Always);
}
