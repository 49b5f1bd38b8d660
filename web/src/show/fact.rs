//! What happened at a step.

use aof_core::effect::{CloseReason, Gate, HaltReason};
use aof_core::load::{Class, Tail, TailClass};
use aof_core::note::{Note, ReloadFailure};
use aof_core::sim::fact::{Answered, Fact, Goodbye};

use crate::reply;
use crate::show::{line, rewrite, words};
use crate::view::IoResult;
use crate::view::step::{NoteFact, StepFact};

/// `StepFact`.
#[must_use]
pub fn shown(fact: &Fact) -> StepFact {
    match fact {
        Fact::Start => StepFact::Start,
        Fact::Connected { client } => StepFact::Connected { client: client.0 },
        Fact::Command { .. } => command(fact),
        Fact::Malformed { client, error } => {
            StepFact::Malformed { client: client.0, text: error.text() }
        }
        Fact::Closed { client, reason } => {
            StepFact::Closed { client: client.0, reason: goodbye(*reason) }
        }
        Fact::Write { from, to, result } => StepFact::Write {
            bytes: to - from,
            from: *from,
            to: *to,
            result: IoResult::of(*result),
        },
        Fact::SyncStart { from, to } => StepFact::SyncStart { from: *from, to: *to },
        Fact::SyncEnd { from, to, took_micros, result } => StepFact::SyncEnd {
            from: *from,
            to: *to,
            took_us: *took_micros,
            result: IoResult::of(result.map(|()| to - from)),
        },
        Fact::SyncInline { from, to, took_micros, result } => StepFact::SyncInline {
            from: *from,
            to: *to,
            took_us: *took_micros,
            result: IoResult::of(result.map(|()| to - from)),
        },
        Fact::Reply { .. } => replied(fact),
        Fact::Note(note) => StepFact::Note { note: noted(*note) },
        Fact::Truncate { length_bytes, result } => StepFact::Truncate {
            to_bytes: *length_bytes,
            result: IoResult::of(result.map(|()| *length_bytes)),
        },
        Fact::CloseFile => StepFact::CloseFile,
        Fact::Read { from, to } => StepFact::Read { from: *from, to: *to },
        Fact::Pause { client } => StepFact::Pause { client: client.0 },
        Fact::Resume { client } => StepFact::Resume { client: client.0 },
        Fact::Sleep { micros } => StepFact::Sleep { micros: *micros },
        Fact::Gathering { until } => StepFact::Gathering { until_us: until.0 },
        Fact::Writeback { from, to } => StepFact::Writeback { from: *from, to: *to },
        Fact::Fault(fault) => StepFact::Fault { fault: fault.as_str() },
        Fact::Halt(reason) => halted(*reason),
        Fact::Killed => StepFact::Killed,
        Fact::PowerCut { synced, written, appended } => {
            StepFact::PowerCut { synced: *synced, written: *written, appended: *appended }
        }
        Fact::NamesWrittenBack
        | Fact::PipesOpened { .. }
        | Fact::Forked { .. }
        | Fact::PipeWrite { .. }
        | Fact::PipeWritable
        | Fact::StopHeard { .. }
        | Fact::ReportHeard { .. }
        | Fact::PipesClosed
        | Fact::ChildAsked { .. }
        | Fact::Child { .. }
        | Fact::ChildKilled { .. }
        | Fact::ChildReaped { .. }
        | Fact::File { .. }
        | Fact::Switched { .. } => {
            rewrite::shown(fact).map_or(StepFact::Start, |rewrite| StepFact::Rewrite { rewrite })
        }
        Fact::BootOpen { image_bytes } => StepFact::BootOpen { image_bytes: *image_bytes },
        Fact::BootCommand { command, words: argv, from, to } => {
            StepFact::BootCommand { command: *command, words: words(argv), from: *from, to: *to }
        }
        Fact::BootTruncate { tail, torn_bytes } => truncated(tail, *torn_bytes),
        // Until the page has words for it.
        Fact::BootRemoved { name, removed } => {
            StepFact::BootRemoved { file: name.clone(), removed: *removed }
        }
        Fact::BootSync => StepFact::BootSync,
        Fact::BootSyncDirectory => StepFact::BootSyncDirectory,
        Fact::BootRefused { error, class: found, at } => StepFact::BootRefused {
            class: found.map_or("input-output", Class::as_str),
            at: *at,
            text: error.to_string(),
        },
        Fact::BootReady { commands, keys, length_bytes } => {
            StepFact::BootReady { commands: *commands, keys: *keys, bytes: *length_bytes }
        }
    }
}

fn command(fact: &Fact) -> StepFact {
    let Fact::Command { client, words: argv, entries, from, to, reply, held, .. } = fact else {
        return StepFact::Start;
    };
    StepFact::Command {
        client: client.0,
        words: words(argv),
        entries: *entries,
        from: *from,
        to: *to,
        bytes: to - from,
        changed: from < to,
        reply_text: reply::shown(reply),
        reply_is_error: reply::is_error(reply),
        held: *held,
    }
}

fn replied(fact: &Fact) -> StepFact {
    let Fact::Reply { client, replies, gate, answered, .. } = fact else {
        return StepFact::Start;
    };
    let Fact::Reply { in_memory_bytes, in_cache_bytes, log_bytes, .. } = fact else {
        return StepFact::Start;
    };
    let text = |answered: &Answered| reply::shown(&answered.reply);
    StepFact::Reply {
        client: client.0,
        replies: *replies,
        gate: match gate {
            Gate::Free => "free",
            Gate::AfterWrite(_) => "after-write",
            Gate::AfterSync(_) => "after-sync",
        },
        commands: answered.iter().map(|answered| line(&answered.words)).collect(),
        texts: answered.iter().map(text).collect(),
        in_memory: *in_memory_bytes,
        in_cache: *in_cache_bytes,
        bytes: *log_bytes,
    }
}

const fn goodbye(reason: Goodbye) -> &'static str {
    match reason {
        Goodbye::Peer => "peer",
        Goodbye::Server(CloseReason::Quit) => "quit",
        Goodbye::Server(CloseReason::Protocol) => "protocol",
        Goodbye::Server(CloseReason::HeldTooLong) => "held-too-long",
        Goodbye::Server(CloseReason::OutputLimit) => "output-limit",
        Goodbye::Server(CloseReason::Killed) => "killed",
        Goodbye::Server(CloseReason::InputEnded) => "input-ended",
        Goodbye::Server(CloseReason::CrossProtocol) => "cross-protocol",
    }
}

fn halted(reason: HaltReason) -> StepFact {
    let (name, errno) = match reason {
        HaltReason::WriteFailed(errno) => ("write-failed", Some(errno)),
        HaltReason::SyncFailed(errno) => ("sync-failed", Some(errno)),
        HaltReason::Shutdown { .. } => ("shutdown", None),
    };
    StepFact::Halt { reason: name, exit_code: reason.exit_code(), errno: errno.map(Into::into) }
}

fn noted(note: Note) -> NoteFact {
    match note {
        Note::WritePostponed { waiting_bytes } => NoteFact::WritePostponed { waiting_bytes },
        Note::SyncTooSlow { postponed_ms, delayed_fsync } => {
            NoteFact::SyncTooSlow { postponed_ms, delayed_fsync }
        }
        Note::WriteFailed(errno) => NoteFact::WriteFailed { errno: errno.into() },
        Note::ShortWrite { written_bytes, expected_bytes } => {
            NoteFact::ShortWrite { written_bytes, expected_bytes }
        }
        Note::TruncateFailed(errno) => NoteFact::TruncateFailed { errno: errno.into() },
        Note::WriteRecovered => NoteFact::WriteRecovered,
        Note::SyncFailed { errno, synced, upto } => {
            NoteFact::SyncFailed { errno: errno.into(), synced: synced.0, upto: upto.0 }
        }
        Note::SyncRecovered => NoteFact::SyncRecovered,
        Note::KeysExpired { keys } => NoteFact::KeysExpired { keys },
        Note::AppendOnlyStopped => NoteFact::AppendOnlyStopped,
        Note::LogReloaded { commands } => NoteFact::LogReloaded { commands },
        Note::LogNotReloaded(failure) => NoteFact::LogNotReloaded {
            reason: match failure {
                ReloadFailure::LogIsOff => "off",
                ReloadFailure::NotWritten => "not-written",
                ReloadFailure::NotRead(_) => "not-read",
                ReloadFailure::FileEnds { .. } => "ends",
                ReloadFailure::Refused { class, .. } => class.as_str(),
            },
        },
        Note::ConfigRewriteAsked => NoteFact::ConfigRewriteAsked,
        Note::ConfigRewritten(Ok(())) => NoteFact::ConfigRewritten,
        Note::ConfigRewritten(Err(errno)) => NoteFact::ConfigNotRewritten { errno: errno.into() },
        Note::Rewrite(note) => NoteFact::Rewrite { rewrite: rewrite::noted(note) },
        Note::PolicyChanged => NoteFact::PolicyChanged,
        Note::ShutdownRequested => NoteFact::ShutdownRequested,
        Note::ShutdownSync => NoteFact::ShutdownSync,
        Note::HeldTooLong { held_ms } => NoteFact::HeldTooLong { held_ms },
    }
}

fn truncated(tail: &Tail, torn_bytes: Option<u64>) -> StepFact {
    let (class, torn_present) = match tail.class {
        TailClass::Truncated { place, .. } => {
            ("truncated", tail.size_bytes.saturating_sub(place.offset))
        }
        TailClass::ZeroTail { place, from } => ("zero-tail", from.saturating_sub(place.offset)),
        TailClass::OpenTransaction => {
            ("open-multi", tail.size_bytes.saturating_sub(tail.valid_up_to))
        }
    };
    StepFact::BootTruncate {
        valid_up_to: tail.valid_up_to,
        file_bytes: tail.size_bytes,
        class,
        torn_present,
        torn_expected: torn_bytes,
    }
}
