use std::fs;
use std::time::Duration;

use aof_core::execute::Executor;
use aof_core::load::{LoadStep, Loader};
use aof_core::rewrite::child::AGREED;
use aof_core::rewrite::names::FileName;
use aof_core::trace::dataset_digest;
use mio::{Events, Poll};

use super::pipes::WATCHED;
use super::*;

const SEED: u64 = 7;
const WAIT: Duration = Duration::from_secs(30);
const LONG_MICROS: u64 = 30_000_000;

/// The dataset that a log leads to.
fn dataset(log: &[u8]) -> Keyspace {
    let executor = Executor::new(Config::default(), Keyspace::new(SEED), SEED);
    let mut loader = Loader::new(executor);
    loader.feed(log);
    while !matches!(loader.next_step().expect("a good log"), LoadStep::NeedMore) {}
    loader.finish().expect("a whole log").executor.keyspace
}

fn record(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
    bytes
}

/// A log with so many keys of every type.
fn log_of(keys: usize) -> Vec<u8> {
    let mut log = record(&["SELECT", "0"]);
    for key in 0..keys {
        log.extend(record(&["SET", &format!("string {key}"), &"x".repeat(key % 300)]));
        log.extend(record(&["RPUSH", &format!("list {key}"), "a", "b", "a"]));
        log.extend(record(&["HSET", &format!("hash {key}"), "field", "value"]));
        log.extend(record(&["SADD", &format!("set {key}"), "1", "two"]));
        log.extend(record(&["ZADD", &format!("sorted {key}"), "1.5", "member"]));
    }
    log
}

struct Bench {
    dir: tempfile::TempDir,
    poll: Poll,
    rewriting: Rewriting,
    clock: Clock,
}

/// What became of a child.
#[derive(Debug)]
struct Ended {
    child: ChildId,
    status: ChildStatus,
    reports: Vec<(u64, u64)>,
}

impl Bench {
    fn new() -> Self {
        fork::install_panic_hook();
        let dir = tempfile::tempdir().expect("a temporary directory");
        let directory = Directory::open(dir.path(), "a.aof").expect("open");
        let poll = Poll::new().expect("a poll set");
        Self { dir, poll, rewriting: Rewriting::new(directory, None), clock: Clock::start() }
    }

    fn fork(&mut self, keyspace: &Keyspace) -> ChildId {
        self.rewriting.open_pipes(self.poll.registry()).expect("pipes");
        let config = Config::default();
        self.rewriting.fork(keyspace, &config, self.clock).expect("a child")
    }

    /// Sends `diff` as the pipe takes it, agrees when asked, and waits for the end.
    fn serve(&mut self, child: ChildId, diff: &[u8]) -> Ended {
        let mut events = Events::with_capacity(16);
        let mut ended = None;
        let mut reports = Vec::new();
        let mut unsent = diff;
        let mut blocked = false;
        while ended.is_none() {
            if !blocked && !unsent.is_empty() {
                match self.rewriting.write(Pipe::Data, unsent) {
                    Ok(sent) => unsent = &unsent[usize::try_from(sent).expect("a length")..],
                    Err(Errno(11)) => blocked = true,
                    // The child is gone; the end says why.
                    Err(_) => unsent = &[],
                }
                continue;
            }
            // The end of a child is an edge of its report pipe, and a little later a zombie.
            self.poll.poll(&mut events, Some(Duration::from_millis(20))).expect("poll");
            ended = self.rewriting.reap();
            let tokens: Vec<Token> = events.iter().map(mio::event::Event::token).collect();
            for token in tokens.into_iter().chain(READ_BY_PARENT) {
                blocked &= self.rewriting.has_room(token).is_none();
                while let Some(news) = self.rewriting.news(token) {
                    match news {
                        Event::StopAsked { byte } => {
                            assert_eq!(byte, AGREED);
                            assert!(unsent.is_empty(), "asked while {} wait", unsent.len());
                            assert_eq!(self.rewriting.write(Pipe::Ack, &[AGREED]), Ok(1));
                        }
                        Event::ChildReport { keys_done, keys_total, .. } => {
                            reports.push((keys_done, keys_total));
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
            assert!(self.clock.mono().0 < LONG_MICROS, "the child does not end");
        }
        let Some(Event::ChildExited { child: who, status }) = ended else {
            panic!("{ended:?}");
        };
        assert_eq!(who, child);
        self.rewriting.close_pipes(self.poll.registry());
        Ended { child, status, reports }
    }

    fn names(&self) -> Vec<String> {
        let listed = fs::read_dir(self.dir.path()).expect("listed");
        let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
        let mut names: Vec<_> = listed.map(|entry| name(entry.expect("an entry"))).collect();
        names.sort();
        names
    }
}

#[test]
fn a_child_leaves_the_snapshot_and_what_it_was_sent() {
    let mut bench = Bench::new();
    let keyspace = dataset(&log_of(400));
    // Several pipes full, so that the parent meets a full one.
    let mut diff = record(&["SELECT", "3"]);
    for number in 0..20_000 {
        diff.extend(record(&["RPUSH", "later", &number.to_string()]));
    }
    for _ in 0..3 {
        let child = bench.fork(&keyspace);
        let ended = bench.serve(child, &diff);
        assert_eq!(ended.status, ChildStatus::Code(0), "{ended:?}");
        assert_eq!(ended.reports.last(), Some(&(2000, 2000)), "{ended:?}");
        let name = FileName::Rewritten(ended.child).text("a.aof");
        assert_eq!(bench.names(), ["a.aof.lock".to_owned(), name.clone()]);
        let file = fs::read(bench.dir.path().join(&name)).expect("read");
        assert!(file.ends_with(&diff));
        let found = dataset(&file);
        let expected = dataset(&[log_of(400), diff.clone()].concat());
        assert_eq!(dataset_digest(&found), dataset_digest(&expected));
        fs::remove_file(bench.dir.path().join(name)).expect("removed");
    }
}

#[test]
fn a_killed_child_leaves_an_unfinished_file_and_its_signal() {
    let mut bench = Bench::new();
    let child = bench.fork(&dataset(b""));
    // It waits for an answer that does not come.
    bench.rewriting.kill(ChildId(child.0 + 1));
    bench.rewriting.kill(child);
    let ended = bench.serve(child, b"");
    assert_eq!(ended.status, ChildStatus::Signal(Signal::SIGUSR1 as i32));
    assert_eq!(bench.rewriting.child(), None);
    assert!(bench.rewriting.reap().is_none());
    let unfinished = FileName::Unfinished(child).text("a.aof");
    assert!(bench.names().iter().all(|name| *name == unfinished || name == "a.aof.lock"));
}

#[test]
fn a_child_whose_pipes_are_closed_gives_up_and_removes_its_file() {
    let mut bench = Bench::new();
    let child = bench.fork(&dataset(&log_of(10)));
    bench.rewriting.close_pipes(bench.poll.registry());
    let ended = bench.serve(child, b"");
    assert_eq!(ended.status, ChildStatus::Code(1));
    assert_eq!(bench.names(), ["a.aof.lock"]);
}

/// Of the parent's descriptors a child has the standard streams, its four ends and the directory.
#[test]
fn a_child_keeps_what_it_needs_and_nothing_else() {
    let mut bench = Bench::new();
    let keyspace = dataset(b"");
    let child = bench.fork(&keyspace);
    let folder = format!("/proc/{}/fd", child.0);
    let pipes = |links: &[String]| links.iter().filter(|to| to.starts_with("pipe:")).count();
    // It asks the parent to stop and waits for five seconds: long enough to be looked at.
    let mut asked = false;
    let mut events = Events::with_capacity(16);
    while !asked {
        bench.poll.poll(&mut events, Some(WAIT)).expect("poll");
        assert!(!events.is_empty(), "the child asks for nothing");
        asked = matches!(bench.rewriting.news(pipes::STOP), Some(Event::StopAsked { .. }));
    }
    let links: Vec<String> = fs::read_dir(folder)
        .expect("a child")
        .map(|entry| entry.expect("a descriptor"))
        .filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok_and(|it| it > 2))
        .map(|entry| fs::read_link(entry.path()).expect("a link").display().to_string())
        .collect();
    // Besides: the directory and the file.
    assert_eq!((links.len(), pipes(&links)), (6, 4), "{links:?}");
    assert!(!links.iter().any(|to| to.ends_with(".lock")), "{links:?}");
    let status = fs::read_to_string(format!("/proc/{}/status", child.0)).expect("a child");
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    assert_eq!(line("SigBlk:"), Some("SigBlk:\t0000000000000000".to_owned()));
    assert_eq!(line("SigCgt:").map(|line| caught(&line) & TERM_AND_USR1), Some(0));
    assert_eq!(line("Name:"), Some("Name:\taof-rewrite".to_owned()));
    bench.rewriting.kill(child);
    bench.serve(child, b"");
}

/// SIGTERM (15) and SIGUSR1 (10) in the mask of a status file.
const TERM_AND_USR1: u64 = 1 << 14 | 1 << 9;

fn caught(line: &str) -> u64 {
    let digits = line.split_ascii_whitespace().nth(1).expect("a mask");
    u64::from_str_radix(digits, 16).expect("a mask")
}

#[test]
fn a_panic_in_a_child_is_a_silent_end_with_code_one() {
    fork::install_panic_hook();
    let child = fork::fork(&[], &[], || panic!("this must not be seen")).expect("a child");
    assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 1)));
}

#[test]
fn nothing_is_rewritten_into_the_log_of_another_server() {
    let mut bench = Bench::new();
    let lock = LogLock::take(&bench.dir.path().join("a.aof")).expect("free");
    assert_eq!(bench.rewriting.open_pipes(bench.poll.registry()), Err(Errno::EBUSY));
    assert_eq!(bench.rewriting.write(Pipe::Data, b"x"), Err(Errno::EBADF));
    drop(lock);
    assert_eq!(bench.rewriting.open_pipes(bench.poll.registry()), Ok(()));
    // Held from now on, although the pipes are closed.
    bench.rewriting.close_pipes(bench.poll.registry());
    assert!(LogLock::take(&bench.dir.path().join("a.aof")).is_err());
}

/// An edge of the data pipe counts only when a write was short, and only once.
#[test]
fn a_pipe_with_room_is_no_news() {
    let mut bench = Bench::new();
    bench.rewriting.open_pipes(bench.poll.registry()).expect("pipes");
    let quiet = |rewriting: &mut Rewriting| {
        WATCHED
            .iter()
            .all(|&token| rewriting.news(token).is_none() && rewriting.has_room(token).is_none())
    };
    assert!(quiet(&mut bench.rewriting));
    let full = vec![0; 1024 * 1024];
    let written = bench.rewriting.write(Pipe::Data, &full).expect("some");
    assert!(written > 0 && written < full.len() as u64, "{written}");
    assert_eq!(bench.rewriting.write(Pipe::Data, &full), Err(Errno(11)));
    assert!(bench.rewriting.news(pipes::DATA).is_none(), "a loop over news must end");
    assert!(bench.rewriting.has_room(pipes::STOP).is_none());
    assert!(matches!(bench.rewriting.has_room(pipes::DATA), Some(Event::PipeWritable)));
    assert!(quiet(&mut bench.rewriting));
}
