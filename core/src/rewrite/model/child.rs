//! The child, in two forms.
//!
//! The parent and the disk can tell five stages of a child apart. [`Child::staged`] has no more
//! than these, so that the states of the switch are not multiplied by what cannot matter to it.
//! [`Child::whole`] is the machine of [`crate::rewrite::child`] itself, one of its effects a move:
//! for all orders in which the steps of parent and child can come.

use crate::digest::Digest;
use crate::event::ChildStatus;
use crate::keyspace::Keyspace;
use crate::rewrite::child::{self, Ack, ChildEffect, ChildEvent, Parameters};
use crate::rewrite::emit::Emitter;
use crate::rewrite::names::FileName;
use crate::units::{ChildId, Errno, Micros};

use super::disk::{Disk, Inode};

/// Where the child stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It writes its snapshot and takes what comes through the pipe.
    Writing,
    /// It has sent the byte that asks for no more.
    Asking {
        /// The parent has read it.
        seen: bool,
    },
    /// It is gone; the parent does not know yet.
    Exited(ChildStatus),
}

/// One child.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) id: ChildId,
    pub(super) stage: Stage,
    /// The parent has sent it a signal.
    pub(super) killed: bool,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    Staged {
        /// What it writes out of the memory it shares.
        snapshot: Vec<u8>,
        /// What it has read from the pipe.
        diff: Vec<u8>,
    },
    Whole(Box<Whole>),
}

#[derive(Clone, Debug)]
struct Whole {
    machine: child::Child,
    keyspace: Keyspace,
    file: Option<Inode>,
}

/// What a child has of the outside.
pub(super) struct Hands<'a> {
    pub(super) disk: &'a mut Disk,
    pub(super) data: &'a mut Vec<u8>,
    pub(super) acks: &'a mut Vec<u8>,
    pub(super) pipes_open: bool,
}

impl Child {
    /// One that is seen from outside.
    pub(super) fn staged(id: ChildId, keyspace: &Keyspace) -> Self {
        let mut emitter = Emitter::new();
        let mut snapshot = Vec::new();
        while emitter.emit(keyspace, &mut snapshot, 64 * 1024) {}
        let form = Form::Staged { snapshot, diff: Vec::new() };
        Self { id, stage: Stage::Writing, killed: false, form }
    }

    /// The machine itself.
    pub(super) fn whole(id: ChildId, keyspace: &Keyspace, parameters: Parameters) -> Self {
        let machine = child::Child::new(id, keyspace, parameters, Micros(0));
        let whole = Whole { machine, keyspace: keyspace.clone(), file: None };
        let form = Form::Whole(Box::new(whole));
        Self { id, stage: Stage::Writing, killed: false, form }
    }

    pub(super) fn has_exited(&self) -> bool {
        matches!(self.stage, Stage::Exited(_))
    }

    /// The machine, if it is one.
    pub(super) fn machine(&self) -> Option<&child::Child> {
        match &self.form {
            Form::Whole(whole) => Some(&whole.machine),
            Form::Staged { .. } => None,
        }
    }

    /// Takes what is in the pipe.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if let Form::Staged { diff, .. } = &mut self.form {
            diff.extend_from_slice(bytes);
        }
    }

    /// The end of its work: the file is complete, durable and has the name that the parent looks
    /// for.
    pub(super) fn finish(&mut self, rest: &[u8], disk: &mut Disk, status: ChildStatus) {
        self.read(rest);
        if let Form::Staged { snapshot, diff } = &mut self.form {
            let inode = disk.create(FileName::Rewritten(self.id));
            let file = disk.file_mut(inode);
            file.append(snapshot);
            file.append(diff);
            file.sync(file.length(), true);
        }
        self.die(status);
    }

    /// An end before that.
    pub(super) fn die(&mut self, status: ChildStatus) {
        self.form = Form::Staged { snapshot: Vec::new(), diff: Vec::new() };
        self.stage = Stage::Exited(status);
    }

    /// Whether the machine can take a step: it waits for nobody.
    pub(super) fn can_step(&self, acks: &[u8], pipes_open: bool) -> bool {
        let waits = |machine: &child::Child| {
            machine.stage() == child::Stage::AwaitingAck && acks.is_empty() && pipes_open
        };
        !self.has_exited() && self.machine().is_some_and(|machine| !waits(machine))
    }

    /// One effect of the machine, with its answer.
    pub(super) fn step(&mut self, hands: &mut Hands<'_>) {
        let Form::Whole(whole) = &mut self.form else { return };
        let Whole { machine, keyspace, file } = &mut **whole;
        let mut taken = Vec::new();
        let answer = match machine.next_effect(keyspace) {
            ChildEffect::Open { name } => {
                *file = Some(hands.disk.create(name));
                ChildEvent::Opened(Ok(()))
            }
            ChildEffect::Write { bytes } => {
                hands.disk.file_mut(file.expect("it is open")).append(bytes);
                ChildEvent::Written(Ok(bytes.len() as u64))
            }
            ChildEffect::ReadDiff { .. } if !hands.pipes_open => ChildEvent::DiffEnded,
            ChildEffect::ReadDiff { max_bytes } => {
                taken.extend(hands.data.drain(..hands.data.len().min(max_bytes)));
                ChildEvent::Diff(Ok(&taken))
            }
            ChildEffect::Sync { .. } => {
                let stored = hands.disk.file_mut(file.expect("it is open"));
                stored.sync(stored.length(), true);
                ChildEvent::Synced(Ok(()))
            }
            ChildEffect::AwaitDiff { .. } => {
                ChildEvent::Readable(!hands.data.is_empty() || !hands.pipes_open)
            }
            ChildEffect::SendStop if !hands.pipes_open => ChildEvent::StopSent(Err(Errno(32))),
            ChildEffect::SendStop => {
                self.stage = Stage::Asking { seen: false };
                ChildEvent::StopSent(Ok(()))
            }
            ChildEffect::AwaitAck { .. } => ChildEvent::Ack(match hands.acks.pop() {
                Some(byte) => Ack::Byte(byte),
                None => Ack::Ended,
            }),
            ChildEffect::Close => ChildEvent::Closed(Ok(())),
            ChildEffect::Rename { from, to } => {
                hands.disk.rename(from, to);
                ChildEvent::Renamed(Ok(()))
            }
            ChildEffect::Unlink { name } => {
                hands.disk.unlink(name);
                ChildEvent::Unlinked
            }
            ChildEffect::Report { .. } => ChildEvent::Reported,
            ChildEffect::Exit { code } => {
                self.stage = Stage::Exited(ChildStatus::Code(code));
                return;
            }
        };
        machine.handle(answer, Micros(0));
    }

    pub(super) fn digest_into(&self, digest: &mut Digest) {
        digest.put_u32(self.id.0);
        digest.put_bytes(format!("{:?} {}", self.stage, self.killed).as_bytes());
        match &self.form {
            Form::Staged { snapshot, diff } => {
                digest.put_bytes(snapshot);
                digest.put_bytes(diff);
            }
            Form::Whole(whole) => {
                whole.machine.digest_into(digest);
                digest.put_u128(whole.keyspace.content_digest());
            }
        }
    }
}
