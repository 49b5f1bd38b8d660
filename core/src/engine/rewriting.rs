//! The engine's side of a rewrite: who begins one, what records it gets, what interrupts it.
//!
//! [`crate::rewrite::Rewrite`] is the machine. Here it meets the rest: the commands that ask for it
//! and whose hopeful replies are replaced when it cannot begin, the log that is turned on and off
//! around it, the tick that starts it by itself, and the end of the server.

use crate::aof::log::State;
use crate::command::rewrite::{CANNOT_REWRITE, CANNOT_TURN_ON, IN_PROGRESS};
use crate::config::Config;
use crate::digest::Digest;
use crate::effect::{Lane, OpenMode, Pipe, Work};
use crate::event::Event;
use crate::note::{Note, RewriteNote};
use crate::profile::TurningOn;
use crate::rewrite::mutation::{self, Mutation};
use crate::rewrite::names::FileName;
use crate::rewrite::parent::{Report, Want};
use crate::rewrite::stage::{Moment, Stage};
use crate::rewrite::trigger::{self, Cause, Situation};
use crate::units::{ChildId, Errno, FileId, JobId, Micros};

use super::effects::Next;
use super::reply_place::ReplyPlace;
use super::{Ending, Engine};

/// What `CONFIG SET appendonly no` replies in limbo.
const CANNOT_TURN_OFF: &str = "ERR Unable to turn off AOF while its directory cannot be synced.";

/// What commands have begun and what nobody knows the end of.
#[derive(Clone, Debug, Default)]
pub(super) struct Begun {
    /// The reply to who asked for the rewrite that has no child yet.
    asked: Option<ReplyPlace>,
    /// The reply to who turned the log on, by the rewrite that has no child yet.
    turned_on: Option<ReplyPlace>,
    /// The name is being opened (`redis-6.2`).
    opening: Option<OpeningLog>,
    /// The log that is being turned off is to be turned on again after that.
    turns_on_later: bool,
}

#[derive(Clone, Copy, Debug)]
struct OpeningLog {
    reply: Option<ReplyPlace>,
    file: FileId,
    job: Option<JobId>,
}

impl Begun {
    /// The replies that may still be replaced.
    pub(super) fn replies(&mut self) -> impl Iterator<Item = &mut ReplyPlace> {
        let opening = self.opening.as_mut().and_then(|opening| opening.reply.as_mut());
        self.asked.as_mut().into_iter().chain(self.turned_on.as_mut()).chain(opening)
    }

    /// The log was turned on, and something must end before it waits for its first rewrite: the
    /// log that was on before, or the opening of its file.
    pub(super) fn is_turning_on(&self) -> bool {
        self.turns_on_later || self.opening.is_some()
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        let opening = self.opening.and_then(|opening| opening.reply);
        for reply in [self.asked, self.turned_on, opening] {
            digest.put_bool(reply.is_some());
            if let Some(reply) = reply {
                reply.digest_into(digest);
            }
        }
        digest.put_bool(self.opening.is_some());
        if let Some(OpeningLog { file, job, .. }) = self.opening {
            digest.put_u32(file.0);
            digest.put_optional_u64(job.map(|job| job.0));
        }
        digest.put_bool(self.turns_on_later);
    }
}

impl Engine {
    fn moment(&self) -> Moment {
        Moment { now: self.now, mono: self.mono }
    }

    fn config_of(&self) -> &Config {
        &self.executor.config
    }

    /// Whether records are made: the log is on, or a first rewrite takes them.
    #[must_use]
    pub fn accepts(&self) -> bool {
        self.log.accepts()
            || (self.log.state() == State::WaitRewrite
                && (self.rewrite.is_feeding() || self.rewrite.holds_gates()))
    }

    /// What was appended behind the first `before_bytes` of `aof_buf` goes to the child, too. While
    /// the first rewrite is waited for, it goes nowhere else.
    pub(super) fn feed_rewrite(&mut self, before_bytes: u64) {
        let before = usize::try_from(before_bytes).unwrap_or(usize::MAX);
        let bytes = self.log.buffer().bytes().get(before..).unwrap_or_default();
        let full = self.rewrite.feed(bytes, &self.executor.config);
        if self.log.waits_for_rewrite() {
            self.log.pass_by();
        }
        if full {
            let at = self.moment();
            self.rewrite.diff_limit_reached(&mut self.log, &self.executor.config, at);
            self.work = true;
        }
    }

    /// `BGREWRITEAOF`.
    pub(super) fn ask_for_rewrite(&mut self, reply: ReplyPlace) {
        if self.rewrite.is_active() {
            self.replace_reply(reply, IN_PROGRESS);
            return;
        }
        self.begun.asked = Some(reply);
        self.rewrite.begin(Cause::Asked);
    }

    /// `BGREWRITEAOF` where a child is still on its way out.
    pub(super) fn schedule_rewrite(&mut self) {
        self.rewrite.schedule();
    }

    /// `CONFIG SET appendonly yes`.
    #[doc(alias = "startAppendOnly")]
    pub(super) fn turn_on(&mut self, reply: Option<ReplyPlace>) {
        match self.log.state() {
            State::On | State::WaitRewrite => {}
            State::Stopping => self.begun.turns_on_later = true,
            State::Off => match self.config_of().choices().turning_on {
                TurningOn::LeavesTheLog => self.wait_for_rewrite(None, reply),
                TurningOn::OpensTheLog => {
                    let file = self.rewrite.name_file();
                    self.begun.opening = Some(OpeningLog { reply, file, job: None });
                }
            },
        }
    }

    fn wait_for_rewrite(&mut self, file: Option<(FileId, u64)>, reply: Option<ReplyPlace>) {
        self.log.wait_for_rewrite(file, self.now);
        self.propagation.forget_selected_db();
        if self.rewrite.is_active() {
            // Its child was not told of what was written since, so it cannot be the beginning.
            let at = self.moment();
            self.rewrite.abort(&mut self.log, &self.executor.config, at);
            self.rewrite.schedule();
        } else {
            self.begun.turned_on = reply;
            self.rewrite.begin(Cause::TurningOn);
        }
    }

    /// The log could not be turned on.
    fn not_turned_on(&mut self, reply: Option<ReplyPlace>) {
        self.executor.config.appendonly = false;
        self.rewrite.unschedule();
        if let Some(reply) = reply {
            self.replace_reply(reply, CANNOT_TURN_ON);
        }
    }

    /// `CONFIG SET appendonly no`. What may have the name already must be brought to its end first.
    #[doc(alias = "stopAppendOnly")]
    pub(super) fn turn_off(&mut self, reply: ReplyPlace) {
        if let Stage::Limbo { .. } = self.rewrite.stage() {
            self.executor.config.appendonly = true;
            self.replace_reply(reply, CANNOT_TURN_OFF);
            return;
        }
        self.begun = Begun::default();
        self.rewrite.unschedule();
        self.propagation.forget_selected_db();
        if self.rewrite.is_past_return() {
            self.log.stop(self.now);
            return;
        }
        let at = self.moment();
        self.rewrite.abort(&mut self.log, &self.executor.config, at);
        if self.log.waits_for_rewrite() {
            self.stop_waiting();
        } else {
            self.log.stop(self.now);
        }
    }

    /// The server ends. Returns whether it must not, because the first rewrite is not complete.
    pub(super) fn refuses_to_end(&self) -> bool {
        let writes = self.log.waits_for_rewrite() && self.rewrite.is_active();
        writes || self.begun.is_turning_on()
    }

    /// The server ends: what can be given up is.
    pub(super) fn end_rewrite(&mut self) {
        let at = self.moment();
        self.begun = Begun::default();
        self.rewrite.unschedule();
        self.rewrite.abort(&mut self.log, &self.executor.config, at);
        self.rewrite.try_for_the_last_time();
    }

    /// What is due ten times a second.
    pub(super) fn rewrite_tick(&mut self) {
        if self.ending != Ending::No || self.reload.is_some() {
            return;
        }
        if self.begun.turns_on_later && self.log.state() == State::Off {
            self.begun.turns_on_later = false;
            self.turn_on(None);
        }
        let config = self.config_of();
        let situation = Situation {
            mono: self.mono,
            is_active: self.rewrite.is_active() || self.begun.opening.is_some(),
            log_is_on: self.log.state() == State::On,
            is_scheduled: self.rewrite.is_scheduled(),
            percentage: config.auto_aof_rewrite_percentage,
            min_size_bytes: config.auto_aof_rewrite_min_size,
            base_bytes: self.log.base_length_bytes(),
            current_bytes: self.log.file_length_bytes(),
            needs_healing: self.log.needs_healing(config),
            not_before: self.rewrite.not_before(),
        };
        let Some(cause) = trigger::due(&situation) else { return };
        if cause == Cause::Automatic {
            let growth_percent =
                trigger::growth_percent(situation.base_bytes, situation.current_bytes);
            self.rewrite.note(RewriteNote::Automatic { growth_percent });
        }
        self.rewrite.begin(cause);
    }

    /// What only a rewrite is told.
    pub(super) fn rewrite_event(&mut self, event: &Event<'_>) {
        match *event {
            Event::Opened { job, result } => self.file_opened(job, result),
            Event::PipesOpened { result } => self.pipes_opened(result),
            Event::Forked { result, took } => self.forked(result, took),
            Event::PipeWritten { pipe, result } => self.rewrite.pipe_written(pipe, result),
            Event::PipeWritable => self.rewrite.pipe_writable(),
            Event::StopAsked { byte } => self.rewrite.stop_asked(byte),
            Event::ChildReport { copied_bytes, keys_done, keys_total } => {
                let report = Report { copied_bytes, keys_done, keys_total, at: self.now };
                self.rewrite.child_report(report);
            }
            Event::ChildExited { child, status } => {
                let at = self.moment();
                let config = &self.executor.config;
                self.rewrite.child_exited(child, status, &mut self.log, config, at);
            }
            _ => return,
        }
        self.work = true;
    }

    fn pipes_opened(&mut self, result: Result<(), Errno>) {
        let at = self.moment();
        if !self.rewrite.pipes_opened(result, &self.executor.config, at) {
            self.not_begun();
        }
    }

    fn forked(&mut self, result: Result<ChildId, Errno>, took: Micros) {
        let at = self.moment();
        let has_child = self.rewrite.forked(result, took, &mut self.log, &self.executor.config, at);
        if !has_child {
            self.not_begun();
            return;
        }
        self.begun.asked = None;
        self.begun.turned_on = None;
        if !mutation::is(Mutation::NoSelectAfterFork) {
            self.propagation.forget_selected_db();
        }
    }

    /// There are no pipes, or there is no child: replies that have said so are wrong.
    fn not_begun(&mut self) {
        if let Some(reply) = self.begun.asked.take() {
            self.replace_reply(reply, CANNOT_REWRITE);
        }
        if let Some(reply) = self.begun.turned_on.take() {
            let file = self.log.stop_waiting();
            self.rewrite.close_later(file);
            self.not_turned_on(Some(reply));
        } else if self.log.waits_for_rewrite() {
            self.rewrite.schedule();
        }
    }

    /// A job has ended. Returns whether it belonged to a rewrite.
    pub(super) fn rewrite_job_ended(
        &mut self,
        job: JobId,
        result: Result<(), Errno>,
        took: Micros,
    ) -> bool {
        let (at, completed) = (self.moment(), self.rewrite.completed());
        let config = &self.executor.config;
        let known = self.rewrite.job_ended(job, result, took, &mut self.log, config, at);
        if self.rewrite.completed() > completed {
            // Redis lets the first record of a new file say its database. Here it need not, since
            // the stream was never broken; it costs nothing and reads the same.
            self.propagation.forget_selected_db();
        }
        // It was turned off when its first rewrite could not be interrupted any more, and that has
        // failed.
        if known && self.log.stops_without_file() && !self.rewrite.is_past_return() {
            self.stop_waiting();
        }
        known
    }

    /// The log is off before it was ever on. Nothing was logged, so no reply waits for anything.
    fn stop_waiting(&mut self) {
        self.release_waiting();
        let file = self.log.stop_waiting();
        self.rewrite.close_later(file);
        self.notes.push_back(Note::AppendOnlyStopped);
    }

    fn file_opened(&mut self, job: JobId, result: Result<u64, Errno>) {
        if let Some(opening) = self.begun.opening.take_if(|opening| opening.job == Some(job)) {
            match result {
                Ok(length_bytes) => {
                    self.wait_for_rewrite(Some((opening.file, length_bytes)), opening.reply);
                }
                Err(errno) => {
                    self.rewrite.note(RewriteNote::TurnOnFailed(errno));
                    self.not_turned_on(opening.reply);
                }
            }
            return;
        }
        let at = self.moment();
        self.rewrite.opened(job, result, &mut self.log, &self.executor.config, at);
    }

    /// What the rewrite wants next, before any reply leaves.
    pub(super) fn next_rewrite(&mut self) -> Option<Next> {
        if let Some(opening) = &mut self.begun.opening
            && opening.job.is_none()
        {
            let job = self.log.new_job();
            opening.job = Some(job);
            let (file, name) = (opening.file, FileName::Log);
            let work = Work::Open { file, name, mode: OpenMode::AppendOrCreate };
            return Some(Next::Submit { job, lane: Lane::Inline, work });
        }
        let at = self.moment();
        let want = self.rewrite.want(&mut self.log, &self.executor.config, at)?;
        Some(match want {
            Want::Note(note) => Next::Note(note),
            Want::OpenPipes => Next::OpenPipes,
            Want::Fork => Next::Fork,
            Want::ClosePipes => Next::ClosePipes,
            Want::Kill { child } => Next::Kill { child },
            Want::PipeWrite { pipe } => Next::PipeWrite { pipe },
            Want::Submit { job, lane, work } => Next::Submit { job, lane, work },
            Want::Append { job, lane, file, offset, upto } => {
                Next::Append { job, lane, file, offset, upto }
            }
        })
    }

    /// The rewrite buffer goes on its way, after the replies of the turn.
    pub(super) fn next_pipe_write(&mut self) -> Option<Next> {
        self.rewrite.next_pipe_write().map(|_| Next::PipeWrite { pipe: Pipe::Data })
    }

    /// A first rewrite was given up while it held gates. Until the next one holds them, replies
    /// wait for nothing, and what was kept for the new file is nobody's.
    pub(super) fn release_waiting(&mut self) {
        self.log.pass_by();
        while let Some(id) = self.held.pop_any() {
            if let Some(client) = self.clients.get_mut(&id) {
                client.open_gates();
                self.ready.push_back(id);
            }
        }
    }
}
