//! What a client was told of each of its writes, and what must be there afterwards.

use std::path::{Path, PathBuf};
use std::process::Command;

use aof_tests::client::{Client, Reply};
use aof_tests::needs;
use aof_tests::server::{Launch, Server};
use aof_tests::wait;

/// What was said of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// `+OK`: it counts.
    Ok,
    /// An error: it was not made.
    Refused,
    /// The connection ended: nobody knows.
    Nothing,
}

/// All writes of a run, each of a key of its own.
#[derive(Debug, Default)]
pub(super) struct Story {
    said: Vec<Said>,
    /// Length of each value beside the number that it begins with, in bytes.
    value_bytes: usize,
}

impl Story {
    pub(super) fn new(value_bytes: usize) -> Self {
        Self { said: Vec::new(), value_bytes }
    }

    fn value(&self, number: usize) -> String {
        format!("{number}:{}", "v".repeat(self.value_bytes))
    }

    /// Makes the next write, and notes what was said. The error of a refusal must give `reason`.
    pub(super) fn write(&mut self, client: &mut Client, reason: &str) -> Said {
        let number = self.said.len();
        let said = match client.call(&["SET", &format!("k:{number}"), &self.value(number)]) {
            Ok(answer) if answer.reply == Reply::ok() => Said::Ok,
            Ok(answer) => {
                let text = answer.reply.text();
                assert!(text.starts_with("MISCONF Errors writing to the AOF file"), "{text}");
                assert!(text.contains(reason), "{text}");
                Said::Refused
            }
            Err(_) => Said::Nothing,
        };
        self.said.push(said);
        said
    }

    /// How many writes were answered so.
    pub(super) fn count(&self, what: Said) -> usize {
        self.said.iter().filter(|&&said| said == what).count()
    }

    /// What is there is what was said.
    pub(super) fn assert_true(&self, client: &mut Client, what: &str) {
        let mut words = vec!["MGET".to_owned()];
        words.extend((0..self.said.len()).map(|number| format!("k:{number}")));
        let found = client.call(&words).expect("a reply").reply;
        assert_eq!(found.elements().len(), self.said.len(), "{what}");
        for (number, (said, found)) in self.said.iter().zip(found.elements()).enumerate() {
            let is_there = *found == Reply::bulk(self.value(number));
            let is_not = *found == Reply::Bulk(None);
            assert!(is_there || is_not, "{what}: k:{number} is {found:?}");
            match said {
                Said::Ok => assert!(is_there, "{what}: k:{number} was acknowledged and is lost"),
                Said::Refused => assert!(is_not, "{what}: k:{number} was refused and is there"),
                Said::Nothing => {}
            }
        }
    }

    /// After a kill: a restart has what was said, and the log that it leaves is one for Redis.
    pub(super) fn assert_survives(&self, launch: &Launch, redis: Option<&Redis>, what: &str) {
        let mut server = launch.start();
        self.assert_true(&mut server.client(), what);
        server.kill();
        let log = std::fs::read(server.log()).expect("a log");
        assert!(!log.contains(&0), "{what}: a hole of NULs in the log");
        if let Some(redis) = redis {
            redis.assert_takes(&server, self, what);
        }
    }
}

/// Redis's programs.
#[derive(Debug)]
pub(super) struct Redis {
    server: PathBuf,
    check: PathBuf,
}

impl Redis {
    /// Unless they are missing.
    pub(super) fn find() -> Option<Self> {
        let proves = "that Redis takes the log that a failure leaves";
        let server = needs::program("redis-server", proves)?;
        let check = needs::program("redis-check-aof", proves)?;
        Some(Self { server, check })
    }

    fn assert_takes(&self, server: &Server, story: &Story, what: &str) {
        let theirs = crate::server::folder();
        let copy = theirs.path().join("appendonly.aof");
        server.copy_log(&copy);
        let checked = Command::new(&self.check).arg(&copy).output().expect("it runs");
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success(), "{what}: {said}");
        let peer = Launch::redis(&self.server, theirs.path()).start();
        story.assert_true(&mut peer.client(), &format!("{what}, in Redis"));
    }
}

/// One field of INFO, or `None` when the server has gone.
pub(super) fn info(port: u16, field: &str) -> Option<String> {
    let mut client = Client::connect(port).ok()?;
    let text = client.call(&["INFO"]).ok()?.reply.text();
    let found = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    found.map(|value| value.trim().to_owned())
}

/// Waits until everything that was answered is in the file, or the server has gone. Redis 6.2
/// keeps what it has answered while a sync runs and after a failed write; a kill would take it.
pub(super) fn until_written(port: u16) {
    wait::until_true("the log to be written", || {
        info(port, "aof_buffer_length").is_none_or(|length| length == "0")
    });
}

/// No file of a rewrite is left, which `hardened` promises.
pub(super) fn assert_clean(dir: &Path, what: &str) {
    let entries = std::fs::read_dir(dir).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names: Vec<_> = names.filter(|name| name.to_string_lossy().contains("temp-")).collect();
    assert!(names.is_empty(), "{what}: {names:?}");
}
