//! The lines of a rewrite.

use aof_core::event::ChildStatus;
use aof_core::note::RewriteNote;
use tracing::Level;

/// The level and the text.
pub(super) fn line(note: RewriteNote) -> (Level, String) {
    match note {
        RewriteNote::Automatic { growth_percent } => (
            Level::INFO,
            format!("Starting automatic rewriting of AOF on {growth_percent}% growth"),
        ),
        RewriteNote::Healing => (
            Level::WARN,
            "Starting a rewrite of the AOF: a sync has failed, and only a fresh file makes what \
             it covered durable."
                .to_owned(),
        ),
        RewriteNote::Started { child } => (
            Level::INFO,
            format!("Background append only file rewriting started by pid {}", child.0),
        ),
        RewriteNote::StopAsked => {
            (Level::INFO, "AOF rewrite child asks to stop sending diffs.".to_owned())
        }
        RewriteNote::CopiedOnWrite { copied_bytes } => (
            Level::INFO,
            format!("AOF rewrite: {} MB of memory used by copy-on-write", whole_mb(copied_bytes)),
        ),
        RewriteNote::ChildEnded { status, .. } => ended(status),
        RewriteNote::DiffWritten { bytes } => (
            Level::INFO,
            format!(
                "Residual parent diff successfully flushed to the rewritten AOF ({:.2} MB)",
                bytes as f64 / BYTES_PER_MB as f64
            ),
        ),
        RewriteNote::GatesHeld => {
            (Level::DEBUG, "Replies to writes are held until the new AOF is in place.".to_owned())
        }
        RewriteNote::Finished { old_bytes, new_bytes } => (
            Level::INFO,
            format!(
                "Background AOF rewrite finished successfully ({old_bytes} bytes became \
                 {new_bytes})"
            ),
        ),
        RewriteNote::SwitchTook { micros } => {
            (Level::DEBUG, format!("Background AOF rewrite signal handler took {micros}us"))
        }
        RewriteNote::KillingChild { child } => {
            (Level::INFO, format!("Killing running AOF rewrite child: {}", child.0))
        }
        RewriteNote::BacksOff { retry_ms } => (
            Level::WARN,
            format!("Background AOF rewrite failed, will retry in {} seconds", retry_ms / 1_000),
        ),
        RewriteNote::TurnedOn => {
            (Level::INFO, "Append only file turned on: its first rewrite is complete.".to_owned())
        }
        RewriteNote::ShutdownRefused => {
            (Level::WARN, "Writing initial AOF, can't exit.".to_owned())
        }
        RewriteNote::DiffGrows { blocks, bytes } => {
            // Of ten times as many it is a warning.
            let level = if (blocks + 1).is_multiple_of(100) { Level::WARN } else { Level::INFO };
            (level, format!("Background AOF buffer size: {} MB", whole_mb(bytes)))
        }
        RewriteNote::DiffLimit { bytes } => (
            Level::WARN,
            format!(
                "The AOF rewrite is given up: its buffer has reached {bytes} bytes \
                 (aof-rewrite-buffer-limit). The AOF goes on as it is."
            ),
        ),
        failure => (Level::WARN, failed(failure)),
    }
}

const BYTES_PER_MB: u64 = 1024 * 1024;

fn whole_mb(bytes: u64) -> u64 {
    bytes / BYTES_PER_MB
}

fn ended(status: ChildStatus) -> (Level, String) {
    match status {
        ChildStatus::Code(0) => {
            (Level::INFO, "Background AOF rewrite terminated with success".to_owned())
        }
        ChildStatus::Code(_) => {
            (Level::WARN, "Background AOF rewrite terminated with error".to_owned())
        }
        ChildStatus::Signal(signal) => {
            (Level::WARN, format!("Background AOF rewrite terminated by signal {signal}"))
        }
    }
}

fn failed(note: RewriteNote) -> String {
    let (what, errno) = match note {
        RewriteNote::PipesFailed(errno) => ("Error opening /setting AOF rewrite IPC pipes", errno),
        RewriteNote::ForkFailed(errno) => {
            ("Can't rewrite append only file in background: fork", errno)
        }
        RewriteNote::AckFailed(errno) => ("Can't send ACK to AOF child", errno),
        RewriteNote::OpenFailed(errno) => {
            ("Unable to open the temporary AOF produced by the child", errno)
        }
        RewriteNote::DiffFailed(errno) => {
            ("Error trying to flush the parent diff to the rewritten AOF", errno)
        }
        RewriteNote::SealFailed(errno) => ("Error trying to sync the rewritten AOF", errno),
        RewriteNote::RenameFailed(errno) => {
            ("Error trying to rename the temporary AOF file", errno)
        }
        RewriteNote::TurnOnFailed(errno) => {
            ("Redis needs to enable the AOF but can't open the append only file", errno)
        }
        RewriteNote::DirectorySyncFailed { errno, retry_ms } => {
            return format!(
                "The new AOF has its name, but the directory can't be synced: {}. Replies to \
                 writes are held; it is tried again in {retry_ms} ms.",
                errno.text()
            );
        }
        other => return format!("{other:?}"),
    };
    format!("{what}: {}", errno.text())
}
