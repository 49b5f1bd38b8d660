//! When the next thing happens, and how far anybody follows a run.

use crate::aof::log::{State as LogState, WriteStatus};
use crate::config::Policy;
use crate::engine::Engine;
use crate::profile::PostponedWrite;
use crate::rewrite::stage::Stage;
use crate::rewrite::trigger::{Situation, due};
use crate::sim::world::{Phase, TICK_MICROS, World};
use crate::units::Micros;

/// How long after the last input a run is followed: the kernel writes back within 35 seconds.
const HORIZON_MICROS: u64 = 40_000_000;

impl World {
    /// Moves the clock to the next thing that can happen. False when there is nothing, or nothing
    /// that anybody waits for.
    pub(super) fn move_clock(&mut self) -> bool {
        let input = self.inputs.front().map(|due| due.at);
        let job = self.machine.jobs.iter().map(|job| job.due).min();
        let writeback = self.machine.disk.next_writeback();
        let tick = self.tick_matters().then_some(self.next_tick);
        let deadline = self.engine().and_then(Engine::deadline);
        let child = self.machine.child_due();
        let Some(next) = [input, job, writeback, tick, deadline, child].into_iter().flatten().min()
        else {
            return false;
        };
        if next.0 > self.last_input.0.saturating_add(self.horizon_micros()) {
            return false;
        }
        self.machine.advance_to(next);
        self.turn_open |= deadline.is_some_and(|at| at <= self.machine.clock);
        true
    }

    /// How far the run is followed. Each new try of a write that fails is a step: enough of them
    /// to see that it goes on, and what becomes of held replies.
    fn horizon_micros(&self) -> u64 {
        let engine = self.engine().filter(|e| e.log().write_status() != WriteStatus::Fine);
        let Some(engine) = engine else { return HORIZON_MICROS };
        match engine.config().choices().postponed_write {
            PostponedWrite::MadeAfterTwoSeconds => 1_000_000,
            PostponedWrite::WaitsForSync => {
                engine.config().held_reply_timeout_ms.saturating_add(2_000).saturating_mul(1_000)
            }
        }
    }

    /// Whether the next tick can change anything. When it could but only later, the tick is moved
    /// there.
    pub(super) fn tick_matters(&mut self) -> bool {
        let Phase::Running(engine) = &self.phase else { return false };
        let (log, ledger) = (engine.log(), engine.ledger());
        let writes_or_syncs = match (log.state(), engine.config().appendfsync) {
            (LogState::Off | LogState::WaitRewrite, _) => false,
            (LogState::On, Policy::No) => !log.buffer().is_empty(),
            (LogState::Stopping, _) | (LogState::On, Policy::Always | Policy::EverySec) => {
                ledger.synced() < ledger.appended()
            }
        };
        let mut soonest = None;
        let child_ended = self.machine.child.as_ref().is_some_and(|child| !child.is_alive());
        if writes_or_syncs || log.refusal().is_some() || child_ended || self.tick_follows {
            soonest = Some(self.machine.clock);
        } else if let Some(at) = self.next_rewrite(engine) {
            soonest = Some(at.max(self.machine.clock));
        } else if let Some(expiry) =
            engine.executor().keyspace.databases().filter_map(|(_, db)| db.soonest_expiry()).min()
        {
            // A key expires in the millisecond after its time.
            let micros = expiry.since(self.machine.epoch).saturating_add(1).saturating_mul(1_000);
            soonest = Some(self.machine.clock.max(Micros(micros)));
        }
        let Some(soonest) = soonest else { return false };
        let aligned = soonest.0.div_ceil(TICK_MICROS).saturating_mul(TICK_MICROS);
        self.next_tick = self.next_tick.max(Micros(aligned));
        true
    }

    /// When a tick would begin a rewrite, or go on with one that waits for time.
    fn next_rewrite(&self, engine: &Engine) -> Option<Micros> {
        let (log, config, rewrite) = (engine.log(), engine.config(), engine.rewrite());
        if let Stage::Limbo { retry_at, .. } = rewrite.stage() {
            return Some(retry_at);
        }
        let situation = Situation {
            mono: self.machine.clock,
            is_active: rewrite.is_active(),
            log_is_on: log.state() == LogState::On,
            is_scheduled: rewrite.is_scheduled(),
            percentage: config.auto_aof_rewrite_percentage,
            min_size_bytes: config.auto_aof_rewrite_min_size,
            base_bytes: log.base_length_bytes(),
            current_bytes: log.file_length_bytes(),
            needs_healing: log.needs_healing(config),
            not_before: None,
        };
        due(&situation).map(|_| rewrite.not_before().unwrap_or(self.machine.clock))
    }
}
