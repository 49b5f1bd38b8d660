//! What the outside must do next, in the order that keeps promises: the disk before the replies.

use crate::aof::log::{State, Want};
use crate::effect::{CloseReason, Gate, HaltReason, Lane, Pipe, Work};
use crate::note::Note;
use crate::units::{ChildId, ClientId, FileId, JobId, Lsn, Micros};

use super::{Ending, Engine};

/// The next effect, without its borrowed bytes.
pub(super) enum Next {
    Note(Note),
    Write { taken_bytes: usize },
    Read { file: FileId, offset: u64, max_bytes: u32 },
    Submit { job: JobId, lane: Lane, work: Work },
    Send { client: ClientId, bytes: usize, replies: u32, gate: Gate },
    Close { client: ClientId, reason: CloseReason },
    Pause { client: ClientId },
    Resume { client: ClientId },
    Sleep { micros: u64 },
    Deadline { at: Micros },
    RewriteConfig,
    Append { job: JobId, lane: Lane, file: FileId, offset: u64, upto: Lsn },
    OpenPipes,
    Fork,
    PipeWrite { pipe: Pipe },
    ClosePipes,
    Kill { child: ChildId },
    Halt(HaltReason),
}

impl Engine {
    pub(super) fn next_effect(&mut self) -> Option<Next> {
        if self.ending == Ending::Told {
            return None;
        }
        if let Some(note) = self.notes.pop_front() {
            return Some(Next::Note(note));
        }
        if let Some(micros) = self.sleep_micros.take() {
            return Some(Next::Sleep { micros });
        }
        if let Some(next) = self.next_rewrite_config() {
            return Some(next);
        }
        if self.log.busy() {
            match self.log.want(&self.executor.config, &self.held) {
                Want::Nothing => {}
                Want::Note(note) => return Some(Next::Note(note)),
                Want::Write { taken_bytes } => return Some(Next::Write { taken_bytes }),
                Want::Submit { job, lane, work } => return Some(Next::Submit { job, lane, work }),
            }
        }
        if let Some(reason) = self.log.halted() {
            self.ending = Ending::Told;
            return Some(Next::Halt(reason));
        }
        if let Some(next) = self.next_reload() {
            return Some(next);
        }
        if let Some(next) = self.next_rewrite() {
            return Some(next);
        }
        self.next_send()
            .or_else(|| self.next_goodbye())
            .or_else(|| self.next_pipe_write())
            .or_else(|| self.next_end())
            .or_else(|| self.next_deadline())
    }

    /// A deadline is told once. One that is over needs no taking back: a turn that ends for
    /// nothing does nothing.
    fn next_deadline(&mut self) -> Option<Next> {
        let at = self.deadline()?;
        let is_news = self.told_deadline.replace(at) != Some(at);
        is_news.then_some(Next::Deadline { at })
    }

    fn next_send(&mut self) -> Option<Next> {
        while let Some(id) = self.held.pop_open(self.log.ledger()) {
            self.ready.push_back(id);
        }
        match self.log.state() {
            State::Off => self.release_after_stop(),
            State::WaitRewrite if !self.rewrite.holds_gates() => self.release_waiting(),
            State::On | State::Stopping | State::WaitRewrite => {}
        }
        while let Some(id) = self.ready.pop_front() {
            let Some(client) = self.clients.get(&id) else { continue };
            let Some(sendable) = client.sendable(self.log.ledger()) else { continue };
            if let Some(upto) = sendable.acknowledges {
                self.log.acknowledge(upto);
            }
            self.sending = Some((id, sendable.bytes));
            return Some(Next::Send {
                client: id,
                bytes: sendable.bytes,
                replies: sendable.replies,
                gate: sendable.gate,
            });
        }
        None
    }

    /// The log stopped before it could keep what it had promised: those replies can be neither
    /// OK nor an error, so their clients are closed.
    fn release_after_stop(&mut self) {
        while let Some(id) = self.held.pop_any() {
            self.end_client(id, CloseReason::HeldTooLong);
        }
    }

    fn next_goodbye(&mut self) -> Option<Next> {
        for _ in 0..self.ending_clients.len() {
            let id = self.ending_clients.pop_front()?;
            let Some(client) = self.clients.get(&id) else { continue };
            let Some(reason) = client.ending() else { continue };
            if client.held_replies() > 0 {
                self.ending_clients.push_back(id);
                continue;
            }
            self.closed(id);
            return Some(Next::Close { client: id, reason });
        }
        let limit = self.executor.config.aof_buffer_limit_bytes;
        if self.paused > 0 && self.log.buffer().waiting_bytes() <= limit / 2 {
            for (&id, client) in &mut self.clients {
                if client.paused() && !self.throttled.contains(&(id, true)) {
                    client.set_paused(false);
                    self.throttled.push_back((id, false));
                    self.paused -= 1;
                }
            }
        }
        let (client, pause) = self.throttled.pop_front()?;
        Some(if pause { Next::Pause { client } } else { Next::Resume { client } })
    }

    fn next_end(&mut self) -> Option<Next> {
        if self.ending != Ending::Draining {
            return None;
        }
        let given_up = self.rewrite.is_given_up();
        if !given_up && !self.rewrite.is_at_rest() {
            return None;
        }
        let flushed = if given_up { false } else { self.log.drained(&self.executor.config)? };
        self.ending = Ending::Told;
        Some(Next::Halt(HaltReason::Shutdown { flushed }))
    }
}
