//! What is due at the end of a turn and ten times a second.

use crate::aof::log::State;
use crate::config::Policy;
use crate::effect::{CloseReason, Gate, Lane};
use crate::note::Note;
use crate::profile::Replies;
use crate::propagate::Propagation;
use crate::rewrite::mutation::{self, Mutation};
use crate::units::Errno;

use super::{Ending, Engine};

impl Engine {
    /// Why writes are refused, if they are: by the log, or because the name of a new one is not
    /// durable.
    fn refusal(&self) -> Option<Errno> {
        self.log.refusal().or(self.rewrite.refusal())
    }

    #[doc(alias = "beforeSleep")]
    pub(super) fn turn_end(&mut self) {
        let choices = self.executor.config.choices();
        let limit = self.executor.config.aof_buffer_limit_bytes;
        let throttles =
            choices.replies == Replies::AfterWrite && self.log.buffer().waiting_bytes() >= limit;
        for id in std::mem::take(&mut self.touched) {
            let turn_gate = self.gate_of_turn();
            let Some(client) = self.clients.get_mut(&id) else { continue };
            let wrote = client.wrote_upto().is_some();
            let gate = match turn_gate {
                Gate::AfterWrite(_) if !wrote => Gate::Free,
                gate => gate,
            };
            client.end_turn(gate);
            if gate == Gate::Free {
                self.ready.push_back(id);
            } else {
                self.held.push(gate, id, self.now);
            }
            if throttles && wrote && !client.paused() {
                client.set_paused(true);
                self.paused += 1;
                self.throttled.push_back((id, true));
            }
        }
        self.log.turn_ended(self.mono, &self.held);
        self.rewrite.turn_ended(self.mono);
        self.log.start_pass(self.now);
        self.work = true;
    }

    /// What the replies of this turn wait for. Under `always` reads wait too: they may have seen
    /// a write of this or an earlier turn that a power cut would undo.
    fn gate_of_turn(&self) -> Gate {
        let choices = self.executor.config.choices();
        let appended = self.log.ledger().appended();
        if self.rewrite.holds_gates() {
            return self.gate_in_hold();
        }
        match self.log.state() {
            State::On => {}
            // The reply that the log is off waits until what it holds is on the disk. Redis does
            // all of it before it answers.
            State::Stopping
                if choices.replies == Replies::AfterWrite
                    && appended > self.log.ledger().believed() =>
            {
                return Gate::AfterSync(appended);
            }
            State::Stopping | State::WaitRewrite | State::Off => return Gate::Free,
        }
        match self.executor.config.appendfsync {
            // On the loop, a sync comes with a write and with nothing else (Redis 6.2).
            Policy::Always if choices.always_sync == Lane::Inline => {
                if self.log.buffer().is_empty() {
                    Gate::Free
                } else if self.always_is_skipped() {
                    Gate::AfterWrite(appended)
                } else {
                    Gate::AfterSync(appended)
                }
            }
            Policy::Always if appended > self.log.ledger().believed() => Gate::AfterSync(appended),
            Policy::Always => Gate::Free,
            Policy::EverySec | Policy::No => match choices.replies {
                Replies::AfterWrite if appended > self.log.ledger().written() => {
                    Gate::AfterWrite(appended)
                }
                Replies::AfterWrite | Replies::AtOnce => Gate::Free,
            },
        }
    }

    /// `always`, and yet nothing is synced: a child writes, `no-appendfsync-on-rewrite` is on, and
    /// the profile lets it count under every policy. Redis tells its clients nothing of it.
    fn always_is_skipped(&self) -> bool {
        let config = &self.executor.config;
        config.no_appendfsync_on_rewrite
            && config.choices().skip_always_sync_on_rewrite
            && self.log.child_lives()
    }

    /// The same during a switch: nothing is told of what only one of the two files has, also when
    /// the profile was changed to one that tells everything.
    fn gate_in_hold(&self) -> Gate {
        let ledger = self.log.ledger();
        let appended = ledger.appended();
        let always = self.executor.config.appendfsync == Policy::Always;
        match self.log.state() {
            State::Off => Gate::Free,
            State::WaitRewrite if mutation::is(Mutation::FreeRepliesWhileWaiting) => Gate::Free,
            state if state == State::Stopping || always => {
                if appended > ledger.believed() {
                    Gate::AfterSync(appended)
                } else {
                    Gate::Free
                }
            }
            _ if appended > ledger.written() => Gate::AfterWrite(appended),
            _ => Gate::Free,
        }
    }

    /// What is due ten times a second. The host ends its turn after it, and that starts the pass of
    /// the log: two passes would try a failed write twice a tick.
    #[doc(alias = "serverCron")]
    pub(super) fn tick(&mut self) {
        self.executor.rate.sample(self.executor.statistics.commands, self.mono);
        self.expire_cycle();
        self.close_overdue();
        self.end_slow_readers();
        self.sweep_buffers();
        self.rewrite_tick();
        self.work = true;
    }

    fn expire_cycle(&mut self) {
        if self.ending != Ending::No {
            return;
        }
        let start = self.log.buffer().start();
        let waiting_bytes = self.log.buffer().waiting_bytes();
        let mut propagation = if self.accepts() {
            Propagation::new(&mut self.propagation, self.log.tail())
        } else {
            Propagation::off()
        };
        let keys = self.executor.expire_cycle(self.now, &mut propagation);
        self.units.extend(propagation.units().iter().map(|&end| start.plus(end as u64)));
        self.log.appended();
        if self.rewrite.is_feeding() {
            self.feed_rewrite(waiting_bytes);
        }
        if keys > 0 {
            self.notes.push_back(Note::KeysExpired { keys });
        }
    }

    /// Closes clients whose replies are held because writes fail and who have waited too long:
    /// neither OK nor an error would be true for them.
    fn close_overdue(&mut self) {
        if self.refusal().is_none() {
            return;
        }
        let limit_ms = self.executor.config.held_reply_timeout_ms;
        while let Some((id, held_ms)) = self.held.pop_overdue(self.now, limit_ms) {
            // One that said goodbye waits for its reply all the same.
            if self.clients.get(&id).is_some_and(|client| client.held_replies() > 0) {
                self.notes.push_back(Note::HeldTooLong { held_ms });
                self.end_client(id, CloseReason::HeldTooLong);
            }
        }
    }
}
