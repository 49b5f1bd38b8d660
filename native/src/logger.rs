//! The server's log: lines in Redis's format, through `tracing`.
//!
//! ```text
//! 4711:M 21 Nov 2026 02:07:34.123 * Ready to accept connections
//! ```
//!
//! Process id, role (`M`, this server is always a master), local time, a mark for the level, text.
//! Redis has four levels; they stand on the tracing levels of the table in [`mark`].

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use jiff::Zoned;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::reload;

/// Redis's mark for a level: `.` debug, `-` verbose, `*` notice, `#` warning.
#[must_use]
pub const fn mark(level: Level) -> char {
    match level {
        Level::TRACE => '.',
        Level::DEBUG => '-',
        Level::INFO => '*',
        Level::WARN | Level::ERROR => '#',
    }
}

/// The tracing level behind Redis's `loglevel` value, or `None` for a word that is no level.
#[must_use]
pub fn level(name: &str) -> Option<Level> {
    match name.to_ascii_lowercase().as_str() {
        "debug" => Some(Level::TRACE),
        "verbose" => Some(Level::DEBUG),
        "notice" => Some(Level::INFO),
        "warning" => Some(Level::WARN),
        _ => None,
    }
}

/// Writes one event as one line in Redis's format.
#[derive(Debug)]
pub struct RedisFormat {
    pid: u32,
}

impl RedisFormat {
    /// A format that stamps every line with this process's id.
    #[must_use]
    pub fn new() -> Self {
        Self { pid: std::process::id() }
    }
}

impl Default for RedisFormat {
    fn default() -> Self {
        Self::new()
    }
}

impl<S, N> FormatEvent<S, N> for RedisFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let time = Zoned::now();
        let level = mark(*event.metadata().level());
        write!(writer, "{}:M {} {level} ", self.pid, time.strftime("%d %b %Y %H:%M:%S.%3f"))?;
        let mut message = Message(&mut writer, Ok(()));
        event.record(&mut message);
        message.1?;
        writeln!(writer)
    }
}

/// Takes the message of an event and leaves its other fields.
struct Message<'a, 'w>(&'a mut Writer<'w>, fmt::Result);

impl Visit for Message<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.1 = write!(self.0, "{value:?}");
        }
    }
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LoggerError {
    /// The file of `logfile` cannot be opened.
    #[error("Can't open the log file {path}: {error}")]
    Open {
        /// Which file.
        path: String,
        /// Why.
        error: io::Error,
    },
}

/// Sends all further log lines of this process to `logfile` in `directory`, or to standard output
/// when it is empty. A second call changes nothing.
///
/// # Errors
/// If the file cannot be opened for appending.
pub fn install(loglevel: &str, directory: &Path, logfile: &str) -> Result<(), LoggerError> {
    let writer = if logfile.is_empty() {
        BoxMakeWriter::new(io::stdout)
    } else {
        let path = directory.join(logfile);
        let file = open(&path)
            .map_err(|error| LoggerError::Open { path: path.display().to_string(), error })?;
        BoxMakeWriter::new(Mutex::new(file))
    };
    let (filter, handle) = reload::Layer::new(filter_of(loglevel));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(RedisFormat::new())
        .with_writer(writer)
        // A reader of the log that has left is no reason to print, and to panic when that fails.
        .log_internal_errors(false);
    let subscriber = Registry::default().with(filter).with(lines);
    // The only error is that a subscriber is there already: tests run two servers in one process.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        FILTER.set(handle).ok();
    }
    Ok(())
}

/// Follows `CONFIG SET loglevel`.
pub fn set_level(loglevel: &str) {
    if let Some(handle) = FILTER.get() {
        handle.reload(filter_of(loglevel)).ok();
    }
}

/// The filter of the installed log.
static FILTER: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

fn filter_of(loglevel: &str) -> LevelFilter {
    LevelFilter::from_level(level(loglevel).unwrap_or(Level::INFO))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the sink is never poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines_of(max_level: Level, work: impl FnOnce()) -> Vec<String> {
        let sink = Sink::default();
        let writer = sink.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(max_level)
            .event_format(RedisFormat::new())
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = sink.0.lock().expect("the sink is never poisoned").clone();
        String::from_utf8(bytes).expect("log lines are text").lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_has_pid_role_time_mark_and_text() {
        let lines = lines_of(Level::INFO, || tracing::info!("Server initialized"));
        assert_eq!(lines.len(), 1);
        let words: Vec<&str> = lines[0].split(' ').collect();
        assert_eq!(words[0], format!("{}:M", std::process::id()));
        // "21 Nov 2026 02:07:34.123"
        assert_eq!(words[1].len(), 2);
        assert_eq!(words[2].len(), 3);
        assert_eq!(words[3].len(), 4);
        assert_eq!(words[4].len(), "02:07:34.123".len());
        assert_eq!(&words[5..], ["*", "Server", "initialized"]);
    }

    #[test]
    fn each_level_has_its_mark_and_the_filter_its_order() {
        let work = || {
            tracing::trace!("a");
            tracing::debug!("b");
            tracing::info!("c");
            tracing::warn!("d");
        };
        let marks = |level| -> String {
            lines_of(level, work).iter().map(|line| line.split(' ').nth(5).unwrap_or("")).collect()
        };
        assert_eq!(marks(Level::TRACE), ".-*#");
        assert_eq!(marks(Level::DEBUG), "-*#");
        assert_eq!(marks(Level::INFO), "*#");
        assert_eq!(marks(Level::WARN), "#");
    }

    #[test]
    fn level_names_are_redis_s() {
        assert_eq!(level("debug"), Some(Level::TRACE));
        assert_eq!(level("VERBOSE"), Some(Level::DEBUG));
        assert_eq!(level("notice"), Some(Level::INFO));
        assert_eq!(level("warning"), Some(Level::WARN));
        assert_eq!(level("loud"), None);
    }
}
