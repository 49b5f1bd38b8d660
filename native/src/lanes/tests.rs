use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::time::Duration;

use mio::{Events, Poll, Token};

use super::*;

struct Bench {
    poll: Poll,
    lanes: Lanes,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let poll = Poll::new().expect("a poll set");
        let waker = Waker::new(poll.registry(), Token(0)).expect("a waker");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let names = Directory::open(dir.path(), "log").expect("a directory");
        let lanes = Lanes::start(waker, &Arc::new(names), Clock::start()).expect("threads");
        Self { poll, lanes, dir }
    }

    fn file(&self, name: &str) -> Arc<File> {
        let mut options = OpenOptions::new();
        let path = self.dir.path().join(name);
        Arc::new(options.append(true).create(true).open(path).expect("a file"))
    }

    /// Waits for the waker, never for a time, until `count` completions came.
    fn completions(&mut self, count: usize) -> Vec<Completion> {
        let mut events = Events::with_capacity(4);
        let mut all = Vec::new();
        loop {
            while let Some(completion) = self.lanes.take() {
                all.push(completion);
            }
            if all.len() >= count {
                return all;
            }
            self.poll.poll(&mut events, Some(Duration::from_secs(60))).expect("poll");
            assert!(!events.is_empty(), "no wake-up within a minute, {} of {count}", all.len());
        }
    }
}

fn is_ok(completion: &Completion) -> bool {
    matches!(completion.done, Done::Called(Ok(())))
}

#[test]
fn every_job_completes_and_each_lane_keeps_its_order() {
    let mut bench = Bench::new();
    let file = bench.file("log");
    for number in 0..200 {
        let lane = if number % 2 == 0 { Lane::Sync } else { Lane::Slow };
        let task = match number % 3 {
            0 => FileTask::Truncate(Arc::clone(&file), number),
            _ => FileTask::Sync(Arc::clone(&file)),
        };
        bench.lanes.submit(lane, JobId(number), task);
    }
    let all = bench.completions(200);
    assert_eq!(all.len(), 200);
    assert!(all.iter().all(is_ok));
    for parity in 0..2 {
        let lane: Vec<u64> =
            all.iter().map(|completion| completion.job.0).filter(|job| job % 2 == parity).collect();
        assert!(lane.is_sorted(), "{lane:?}");
    }
    assert!(bench.lanes.take().is_none());
}

#[test]
fn a_failing_call_brings_its_number() {
    let mut bench = Bench::new();
    std::fs::write(bench.dir.path().join("log"), b"").expect("a file");
    let read_only = Arc::new(File::open(bench.dir.path().join("log")).expect("open"));
    bench.lanes.submit(Lane::Slow, JobId(7), FileTask::Truncate(Arc::clone(&read_only), 1));
    bench.lanes.submit(Lane::Slow, JobId(8), FileTask::Truncate(read_only, u64::MAX));
    let all = bench.completions(2);
    let said = |at: usize| match &all[at].done {
        Done::Called(result) => (all[at].job, *result),
        opened @ Done::Opened(..) => panic!("{opened:?}"),
    };
    assert_eq!(said(0), (JobId(7), Err(Errno(22))));
    assert_eq!(said(1), (JobId(8), Err(Errno(27))));
}

#[test]
fn a_file_stays_open_until_its_last_task_ended() {
    let mut bench = Bench::new();
    let file = bench.file("log");
    let keeper = Arc::clone(&file);
    bench.lanes.submit(Lane::Slow, JobId(1), FileTask::Close(file));
    assert!(is_ok(&bench.completions(1)[0]));
    (&*keeper).write_all(b"still open").expect("the descriptor is alive");
    bench.lanes.submit(Lane::Slow, JobId(2), FileTask::Close(keeper));
    assert!(is_ok(&bench.completions(1)[0]));
    let mut text = String::new();
    let mut options = OpenOptions::new();
    let path = bench.dir.path().join("log");
    options.read(true).open(path).expect("open").read_to_string(&mut text).expect("read");
    assert_eq!(text, "still open");
}
