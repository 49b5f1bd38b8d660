//! Clients that write all the time, and what must be there afterwards.
//!
//! A counter counts its transactions: each increments a number and sets a second key to the same
//! number. A lost one, one that was applied twice and half a one all show. A mixed writer sends
//! all kinds of commands of all types.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use aof_tests::client::{Client, Reply, encode};
use aof_tests::server::Server;
use aof_tests::wait;
use aof_tests::workload::{Workload, now_ms};

/// Transactions that a counter sends before it reads the replies.
const PIPELINE: u64 = 4;
const MIXED: usize = 20;
/// Of the counters: the mixed writer does not come here, and empties the others now and then.
const DATABASE: &str = "5";

/// No bound on what the writers send.
const WITHOUT_END: u64 = u64::MAX;

/// The load on one server, over all its restarts.
#[derive(Debug)]
pub(super) struct Load {
    /// How many transactions of each counter were acknowledged.
    acknowledged: Vec<AtomicU64>,
    mixed: Option<u64>,
    /// So many more rounds may be sent, by all writers together; a round is one pipeline.
    rounds: AtomicU64,
}

impl Load {
    /// So many counters, and a mixed writer if there is a seed for it.
    pub(super) fn new(counters: usize, mixed: Option<u64>) -> Self {
        let acknowledged = (0..counters).map(|_| AtomicU64::new(0)).collect();
        Self { acknowledged, mixed, rounds: AtomicU64::new(WITHOUT_END) }
    }

    /// From now on, so many rounds more and no others.
    pub(super) fn allow(&self, rounds: u64) {
        self.rounds.store(rounds, Ordering::Relaxed);
    }

    /// From now on, as many as come.
    pub(super) fn allow_all(&self) {
        self.allow(WITHOUT_END);
    }

    /// Waits for leave to send one round, and takes it. `false` when writers are to stop.
    fn may_send(&self, stop: &AtomicBool) -> bool {
        let less = |left: u64| if left == WITHOUT_END { Some(left) } else { left.checked_sub(1) };
        wait::until("leave to write", || {
            if stop.load(Ordering::Relaxed) {
                return Some(false);
            }
            let taken = self.rounds.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
            taken.is_ok().then_some(true)
        })
    }

    /// All acknowledged transactions so far.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Does something while all write. Connections may break when `work` kills the server.
    pub(super) fn on<T>(&self, server: &mut Server, work: impl FnOnce(&mut Server) -> T) -> T {
        let stop = AtomicBool::new(false);
        let (clients, mixed) = (self.clients(server), self.mixed.map(|_| server.client()));
        thread::scope(|scope| {
            let stop = &stop;
            for (counter, client) in clients.into_iter().enumerate() {
                scope.spawn(move || self.count(client, counter, stop));
            }
            if let (Some(client), Some(seed)) = (mixed, self.mixed) {
                scope.spawn(move || self.write_mixed(client, seed, stop));
            }
            // Also when `work` panics: else the writers would never end.
            let _stop = StopAtEnd(stop);
            work(server)
        })
    }

    fn clients(&self, server: &Server) -> Vec<Client> {
        self.acknowledged.iter().map(|_| server.client()).collect()
    }

    fn count(&self, mut client: Client, counter: usize, stop: &AtomicBool) {
        let acknowledged = &self.acknowledged[counter];
        let mut next = acknowledged.load(Ordering::Relaxed) + 1;
        if client.call(&["SELECT", DATABASE]).is_err() {
            return;
        }
        while self.may_send(stop) {
            let mut bytes = Vec::new();
            for number in next..next + PIPELINE {
                bytes.extend(encode(&["MULTI"]));
                bytes.extend(encode(&["INCR", &format!("count:{counter}")]));
                bytes.extend(encode(&["SET", &format!("last:{counter}"), &number.to_string()]));
                bytes.extend(encode(&["EXEC"]));
            }
            if client.send_raw(&bytes).is_err() {
                return;
            }
            for _ in 0..PIPELINE {
                for _ in 0..3 {
                    if client.receive().is_err() {
                        return;
                    }
                }
                let Ok(answer) = client.receive() else { return };
                let counted = answer.reply.elements().first().and_then(Reply::integer);
                assert_eq!(counted, i64::try_from(next).ok(), "{:?}", answer.reply);
                acknowledged.store(next, Ordering::Relaxed);
                next += 1;
            }
        }
    }

    fn write_mixed(&self, mut client: Client, seed: u64, stop: &AtomicBool) {
        let mut workload = Workload::new(seed, now_ms());
        while self.may_send(stop) {
            let mut commands = workload.commands(MIXED);
            // It would take the counters, too.
            commands.retain(|command| command[0] != b"FLUSHALL");
            let bytes: Vec<u8> = commands.iter().flat_map(|command| encode(command)).collect();
            if client.send_raw(&bytes).is_err() {
                return;
            }
            for _ in &commands {
                if client.receive().is_err() {
                    return;
                }
            }
        }
    }

    /// Everything acknowledged is there, and at most what was on its way besides. From now on what
    /// is there counts as acknowledged.
    pub(super) fn assert_there(&self, client: &mut Client, what: &str) {
        self.assert_whole(client, what, |found, acknowledged| {
            (acknowledged..=acknowledged + PIPELINE).contains(&found)
        });
    }

    /// Exactly what was acknowledged is there.
    pub(super) fn assert_exact(&self, client: &mut Client, what: &str) {
        self.assert_whole(client, what, |found, acknowledged| found == acknowledged);
    }

    fn assert_whole(&self, client: &mut Client, what: &str, agrees: impl Fn(u64, u64) -> bool) {
        assert_eq!(client.command(&format!("SELECT {DATABASE}")), Reply::ok());
        for (counter, acknowledged) in self.acknowledged.iter().enumerate() {
            let mut get = |key: String| match client.command(&format!("GET {key}")) {
                Reply::Bulk(None) => 0,
                other => other.text().parse::<u64>().expect("a number"),
            };
            let (count, last) = (get(format!("count:{counter}")), get(format!("last:{counter}")));
            assert_eq!(count, last, "{what}: counter {counter} has half a transaction");
            let known = acknowledged.load(Ordering::Relaxed);
            assert!(agrees(count, known), "{what}: {known} acknowledged, {count} there");
            acknowledged.store(count, Ordering::Relaxed);
        }
        assert_eq!(client.command("SELECT 0"), Reply::ok());
    }
}

/// Ends writers, also when a test fails.
pub(super) struct StopAtEnd<'a>(pub(super) &'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
