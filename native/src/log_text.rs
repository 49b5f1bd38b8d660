//! Log lines: what the engine notes, in the words Redis uses where Redis has a line.

use aof_core::effect::HaltReason;
use aof_core::note::{Note, ReloadFailure};
use aof_core::profile::PostponedWrite;
use aof_core::units::Millis;
use tracing::Level;

use crate::descriptors::{RESERVED, Room};
use crate::socket::Listener;

mod rewrite;

/// Redis writes at most one line about a failing write in so many milliseconds.
#[doc(alias = "AOF_WRITE_LOG_ERROR_RATE")]
pub const WRITE_ERROR_INTERVAL_MS: u64 = 30_000;

/// The level and the text of a note. What a slow sync means depends on the profile.
#[must_use]
pub fn line(note: &Note, postponed_write: PostponedWrite) -> (Level, String) {
    match *note {
        Note::WritePostponed { waiting_bytes } => (
            Level::DEBUG,
            format!("AOF write of {waiting_bytes} bytes postponed: a background fsync is running."),
        ),
        Note::SyncTooSlow { postponed_ms, delayed_fsync } => {
            (Level::INFO, too_slow(postponed_write, postponed_ms, delayed_fsync))
        }
        Note::WriteFailed(errno) => {
            (Level::WARN, format!("Error writing to the AOF file: {}", errno.text()))
        }
        Note::ShortWrite { written_bytes, expected_bytes } => (
            Level::WARN,
            format!(
                "Short write while writing to the AOF file: \
                 (nwritten={written_bytes}, expected={expected_bytes})"
            ),
        ),
        Note::TruncateFailed(errno) => (
            Level::WARN,
            format!(
                "Could not remove short write from the append-only file.  Redis may refuse to \
                 load the AOF the next time it starts.  ftruncate: {}",
                errno.text()
            ),
        ),
        Note::WriteRecovered => {
            (Level::WARN, "AOF write error looks solved, Redis can write again.".to_owned())
        }
        Note::SyncFailed { errno, synced, upto } => (
            Level::WARN,
            format!(
                "Fail to fsync the AOF file: {} (durable up to log position {}, in doubt up to {})",
                errno.text(),
                synced.0,
                upto.0
            ),
        ),
        Note::SyncRecovered => {
            (Level::INFO, "AOF fsync succeeded again; its earlier error is forgotten.".to_owned())
        }
        Note::KeysExpired { keys } => (Level::TRACE, format!("{keys} expired keys deleted")),
        Note::AppendOnlyStopped => {
            (Level::INFO, "Append only file turned off; what it holds stays.".to_owned())
        }
        Note::LogReloaded { commands } => {
            (Level::WARN, format!("Append Only File loaded by DEBUG LOADAOF ({commands} commands)"))
        }
        Note::LogNotReloaded(failure) => (Level::WARN, not_reloaded(failure)),
        Note::ConfigRewriteAsked => {
            (Level::DEBUG, "The configuration file is about to be written.".to_owned())
        }
        Note::ConfigRewritten(Ok(())) => {
            (Level::WARN, "CONFIG REWRITE executed with success.".to_owned())
        }
        Note::ConfigRewritten(Err(errno)) => {
            (Level::WARN, format!("CONFIG REWRITE failed: {}", errno.text()))
        }
        Note::Rewrite(note) => rewrite::line(note),
        Note::PolicyChanged => (Level::INFO, "The appendfsync policy was changed.".to_owned()),
        Note::ShutdownRequested => (Level::WARN, "User requested shutdown...".to_owned()),
        Note::ShutdownSync => (Level::INFO, "Calling fsync() on the AOF file.".to_owned()),
        Note::HeldTooLong { held_ms } => (
            Level::WARN,
            format!(
                "Closing a client whose reply was held for {held_ms} ms because its write could \
                 not be made: neither OK nor an error would be true."
            ),
        ),
    }
}

fn not_reloaded(failure: ReloadFailure) -> String {
    let reason = match failure {
        ReloadFailure::LogIsOff => "the append only file is off".to_owned(),
        ReloadFailure::NotWritten => "what waits could not be written".to_owned(),
        ReloadFailure::NotRead(errno) => format!("it could not be read: {}", errno.text()),
        ReloadFailure::FileEnds { offset } => format!("it ends at {offset}, too early"),
        ReloadFailure::Refused { class, offset } => {
            format!("{} at {offset}", class.as_str())
        }
    };
    format!("DEBUG LOADAOF left the dataset as it was: {reason}")
}

fn too_slow(postponed_write: PostponedWrite, postponed_ms: u64, delayed_fsync: u64) -> String {
    let begin = "Asynchronous AOF fsync is taking too long (disk is busy?).";
    match postponed_write {
        PostponedWrite::MadeAfterTwoSeconds => format!(
            "{begin} Writing the AOF buffer without waiting for fsync to complete, this may slow \
             down Redis."
        ),
        PostponedWrite::WaitsForSync => format!(
            "{begin} The AOF buffer and the replies to its writes have waited for \
             {postponed_ms} ms and go on waiting (aof_delayed_fsync:{delayed_fsync})."
        ),
    }
}

/// Where the settings come from.
#[must_use]
pub const fn configured(configured: bool) -> &'static str {
    if configured {
        "Configuration loaded"
    } else {
        "Warning: no config file specified, using the default config. In order to specify a \
         config file use aofd /path/to/redis.conf"
    }
}

/// What the limit of open files makes of `maxclients`, as lines; `true` for a warning.
#[doc(alias = "adjustOpenFilesLimit")]
#[must_use]
pub fn room(maxclients: u32, room: &Room) -> Vec<(bool, String)> {
    let needed = u64::from(maxclients) + u64::from(RESERVED);
    match *room {
        Room::Enough | Room::None { .. } => Vec::new(),
        Room::Raised { from, to } => vec![(
            false,
            format!(
                "Increased maximum number of open files to {to} (it was originally set to {from})."
            ),
        )],
        Room::Fewer { clients, limit, errno: None } => vec![(
            true,
            format!(
                "Unable to obtain the current NOFILE limit, assuming {limit} and setting the max \
                 clients configuration to {clients}."
            ),
        )],
        Room::Fewer { clients, limit, errno: Some(errno) } => vec![
            (
                true,
                format!(
                    "You requested maxclients of {maxclients} requiring at least {needed} max \
                     file descriptors."
                ),
            ),
            (
                true,
                format!(
                    "Server can't set maximum open files to {needed} because of OS error: {}.",
                    errno.desc()
                ),
            ),
            (
                true,
                format!(
                    "Current maximum open files is {limit}. maxclients has been reduced to \
                     {clients} to compensate for low ulimit. If you need higher maxclients \
                     increase 'ulimit -n'."
                ),
            ),
        ],
    }
}

/// Why a server without room for a single client does not start.
#[must_use]
pub fn no_room(limit: u64) -> String {
    format!(
        "Your current 'ulimit -n' of {limit} is not enough for the server to start. Please \
         increase your open file limit to at least {}. Exiting.",
        RESERVED + 1
    )
}

/// The lines that say that the server serves.
#[must_use]
pub fn ready(listeners: &[Listener]) -> Vec<String> {
    let mut lines = Vec::new();
    if listeners.iter().any(|listener| matches!(listener, Listener::Tcp(_))) {
        lines.push("Ready to accept connections".to_owned());
    }
    for listener in listeners {
        if let Listener::Unix { path, .. } = listener {
            lines.push(format!(
                "The server is now ready to accept connections at {}",
                path.display()
            ));
        }
    }
    lines
}

/// The last words of the process.
#[must_use]
pub fn farewell(reason: HaltReason) -> String {
    match reason {
        HaltReason::WriteFailed(errno) => format!(
            "Can't recover from AOF write error when the AOF fsync policy is 'always' ({}). \
             Exiting...",
            errno.text()
        ),
        HaltReason::SyncFailed(errno) => format!(
            "Can't persist AOF for fsync error when the AOF fsync policy is 'always': {}. \
             Exiting...",
            errno.text()
        ),
        HaltReason::Shutdown { flushed: true } => {
            "Redis is now ready to exit, bye bye...".to_owned()
        }
        HaltReason::Shutdown { flushed: false } => {
            "Exiting although not every byte of the AOF reached the disk.".to_owned()
        }
    }
}

/// Writes notes to the log, failing writes at most once in [`WRITE_ERROR_INTERVAL_MS`].
#[derive(Debug)]
pub struct NoteLog {
    last_write_error: Option<Millis>,
    last_cross_protocol: Option<Millis>,
    postponed_write: PostponedWrite,
}

impl NoteLog {
    /// A log in which nothing was written yet.
    #[must_use]
    pub const fn new(postponed_write: PostponedWrite) -> Self {
        Self { last_write_error: None, last_cross_protocol: None, postponed_write }
    }

    /// Follows a change of the profile.
    pub fn follow(&mut self, postponed_write: PostponedWrite) {
        self.postponed_write = postponed_write;
    }

    /// Logs one note.
    pub fn write(&mut self, note: &Note, now: Millis) {
        if !self.admits(note, now) {
            return;
        }
        let (level, text) = line(note, self.postponed_write);
        match level {
            Level::TRACE => tracing::trace!("{text}"),
            Level::DEBUG => tracing::debug!("{text}"),
            Level::INFO => tracing::info!("{text}"),
            _ => tracing::warn!("{text}"),
        }
    }

    /// Logs that a client spoke HTTP, at most once a minute: whoever does it does it often.
    #[doc(alias = "securityWarningCommand")]
    pub fn cross_protocol(&mut self, now: Millis) {
        if self.admits_cross_protocol(now) {
            tracing::warn!(
                "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or \
                 Host: commands to Redis. This is likely due to an attacker attempting to use \
                 Cross Protocol Scripting to compromise your Redis instance. Connection aborted."
            );
        }
    }

    fn admits_cross_protocol(&mut self, now: Millis) -> bool {
        let due = self.last_cross_protocol.is_none_or(|last| now.since(last) > 60_000);
        if due {
            self.last_cross_protocol = Some(now);
        }
        due
    }

    /// Whether this note may be logged now.
    fn admits(&mut self, note: &Note, now: Millis) -> bool {
        match note {
            Note::WriteFailed(_) | Note::ShortWrite { .. } | Note::SyncFailed { .. } => {
                let due = self
                    .last_write_error
                    .is_none_or(|last| now.since(last) > WRITE_ERROR_INTERVAL_MS);
                if due {
                    self.last_write_error = Some(now);
                }
                due
            }
            // The pair of a short write that was just logged.
            Note::TruncateFailed(_) => self.last_write_error == Some(now),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use aof_core::note::RewriteNote;
    use aof_core::units::Errno;

    use super::*;

    #[test]
    fn redis_s_texts_are_kept() {
        let text = |note| line(&note, PostponedWrite::MadeAfterTwoSeconds).1;
        assert_eq!(
            text(Note::WriteFailed(Errno::ENOSPC)),
            "Error writing to the AOF file: No space left on device"
        );
        assert_eq!(
            text(Note::ShortWrite { written_bytes: 3, expected_bytes: 9 }),
            "Short write while writing to the AOF file: (nwritten=3, expected=9)"
        );
        assert_eq!(
            text(Note::SyncTooSlow { postponed_ms: 2000, delayed_fsync: 1 }),
            "Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer \
             without waiting for fsync to complete, this may slow down Redis."
        );
        let grown = |blocks| {
            let note = RewriteNote::DiffGrows { blocks, bytes: (blocks - 1) * 10 * 1024 * 1024 };
            line(&Note::Rewrite(note), PostponedWrite::MadeAfterTwoSeconds)
        };
        let size = |mb: u64| format!("Background AOF buffer size: {mb} MB");
        assert_eq!(grown(9), (Level::INFO, size(80)));
        assert_eq!(grown(99), (Level::WARN, size(980)));
        assert_eq!(
            farewell(HaltReason::SyncFailed(Errno::EIO)),
            "Can't persist AOF for fsync error when the AOF fsync policy is 'always': \
             Input/output error. Exiting..."
        );
    }

    #[test]
    fn a_limit_of_open_files_that_is_too_low_is_told_in_redis_s_words() {
        let lines = |reached: &Room| -> Vec<String> {
            room(10_000, reached).into_iter().map(|(_, line)| line).collect()
        };
        assert_eq!(lines(&Room::Enough), [""; 0]);
        assert_eq!(
            lines(&Room::Raised { from: 1_024, to: 10_032 }),
            ["Increased maximum number of open files to 10032 (it was originally set to 1024)."]
        );
        let errno = Some(nix::errno::Errno::EPERM);
        assert_eq!(
            lines(&Room::Fewer { clients: 4_064, limit: 4_096, errno }),
            [
                "You requested maxclients of 10000 requiring at least 10032 max file descriptors.",
                "Server can't set maximum open files to 10032 because of OS error: Operation not \
                 permitted.",
                "Current maximum open files is 4096. maxclients has been reduced to 4064 to \
                 compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
            ]
        );
        assert!(no_room(20).starts_with("Your current 'ulimit -n' of 20 is not enough"));
    }

    #[test]
    fn write_errors_are_logged_once_in_more_than_thirty_seconds() {
        let mut log = NoteLog::new(PostponedWrite::WaitsForSync);
        let failed = Note::WriteFailed(Errno::ENOSPC);
        let short = Note::ShortWrite { written_bytes: 1, expected_bytes: 2 };
        assert!(log.admits(&failed, Millis(1_000)));
        assert!(!log.admits(&failed, Millis(1_000)));
        assert!(!log.admits(&short, Millis(31_000)));
        assert!(log.admits(&short, Millis(31_001)));
        assert!(log.admits(&Note::WriteRecovered, Millis(31_001)));
    }

    #[test]
    fn http_is_logged_once_in_more_than_a_minute() {
        let mut log = NoteLog::new(PostponedWrite::WaitsForSync);
        assert!(log.admits_cross_protocol(Millis(5)));
        assert!(!log.admits_cross_protocol(Millis(60_005)));
        assert!(log.admits_cross_protocol(Millis(60_006)));
    }

    #[test]
    fn a_failed_truncation_is_logged_with_its_short_write_only() {
        let mut log = NoteLog::new(PostponedWrite::WaitsForSync);
        let short = Note::ShortWrite { written_bytes: 1, expected_bytes: 2 };
        let truncate = Note::TruncateFailed(Errno::EIO);
        assert!(log.admits(&short, Millis(5)));
        assert!(log.admits(&truncate, Millis(5)));
        assert!(!log.admits(&short, Millis(6)));
        assert!(!log.admits(&truncate, Millis(6)));
    }
}
