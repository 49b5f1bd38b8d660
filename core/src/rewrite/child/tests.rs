use std::collections::{BTreeSet, VecDeque};

use super::*;
use crate::value::{ChunkLimit, End, List, Value};

mod failures;
mod rules;

const ID: ChildId = ChildId(7);

/// Sizes at which a small dataset meets every limit.
const SMALL: Parameters = Parameters {
    write_bytes: 64,
    read_diff_every_bytes: 50,
    diff_read_bytes: 16,
    sync_every_bytes: Some(150),
    append_bytes: 24,
    report_every_ms: 5,
    drain_limit_ms: 1000,
    silent_ms: 3,
    ack_timeout_ms: 5000,
};

fn small_dataset() -> Keyspace {
    let mut keyspace = Keyspace::new(0);
    for key in [&b"one"[..], b"two", b"three"] {
        keyspace.db_mut(0).insert(key, Value::string(&[b'v'; 40]));
    }
    let mut list = List::default();
    for _ in 0..10 {
        list.push(b"element", End::Back, ChunkLimit::from_setting(-2));
    }
    keyspace.db_mut(9).insert(b"list", Value::List(list));
    keyspace
}

fn snapshot_of(keyspace: &Keyspace) -> Vec<u8> {
    let mut out = Vec::new();
    assert!(!Emitter::new().emit(keyspace, &mut out, usize::MAX));
    out
}

/// What goes wrong with one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The call fails.
    Errno(Errno),
    /// A write takes so many bytes.
    Short(u64),
    /// The parent's end is closed.
    Ended,
    /// The parent says something else.
    WrongAck(Ack),
}

impl Fault {
    const ALL: [Self; 9] = [
        Self::Errno(Errno::ENOSPC),
        Self::Errno(Errno::EIO),
        Self::Errno(Errno::EINTR),
        Self::Short(0),
        Self::Short(1),
        Self::Short(7),
        Self::Ended,
        Self::WrongAck(Ack::Byte(b'?')),
        Self::WrongAck(Ack::TimedOut),
    ];
}

/// The outside of a child: one file, two names, one pipe.
struct Outside {
    /// Which effects go wrong, by number.
    faults: Vec<(usize, Fault)>,
    /// What the parent sends before the effect of that number.
    arrivals: VecDeque<(usize, Vec<u8>)>,
    /// How long each effect takes.
    step_micros: u64,
    now: u64,
    pipe: VecDeque<u8>,
    /// All that was ever in it.
    sent: Vec<u8>,
    names: BTreeSet<FileName>,
    file: Vec<u8>,
    is_open: bool,
    /// All effects by name, in order, and the number of each that was made to fail for good.
    effects: Vec<String>,
    failed: Option<usize>,
}

impl Outside {
    fn new() -> Self {
        Self {
            faults: Vec::new(),
            arrivals: VecDeque::new(),
            step_micros: 1000,
            now: 0,
            pipe: VecDeque::new(),
            sent: Vec::new(),
            names: BTreeSet::new(),
            file: Vec::new(),
            is_open: false,
            effects: Vec::new(),
            failed: None,
        }
    }

    /// Runs a child to its end and returns it.
    fn run(&mut self, keyspace: &Keyspace, parameters: Parameters) -> Child {
        let mut child = Child::new(ID, keyspace, parameters, Micros(0));
        for _ in 0..100_000 {
            let again = format!("{:?}", child.next_effect(keyspace));
            let effect = child.next_effect(keyspace);
            assert_eq!(format!("{effect:?}"), again, "asked twice, it says the same");
            if matches!(effect, ChildEffect::Exit { .. }) {
                return child;
            }
            self.step(&mut child, keyspace);
        }
        panic!("it does not end: {:?}", self.effects.last());
    }

    fn step(&mut self, child: &mut Child, keyspace: &Keyspace) {
        let number = self.effects.len();
        while self.arrivals.front().is_some_and(|(at, _)| *at <= number) {
            let bytes = self.arrivals.pop_front().map(|(_, bytes)| bytes).unwrap_or_default();
            self.pipe.extend(&bytes);
            self.sent.extend(bytes);
        }
        let fault = self.faults.iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault);
        let effect = child.next_effect(keyspace);
        self.effects.push(name_of(&effect));
        self.now += self.step_micros;
        let mut chunk = Vec::new();
        let event = self.answer(effect, fault, &mut chunk);
        child.handle(event, Micros(self.now));
    }

    /// Performs an effect, with a fault if that fits it.
    fn answer<'c>(
        &mut self,
        effect: ChildEffect<'_>,
        fault: Option<Fault>,
        chunk: &'c mut Vec<u8>,
    ) -> ChildEvent<'c> {
        let errno = match fault {
            Some(Fault::Errno(errno)) => Some(errno),
            _ => None,
        };
        let result = errno.map_or(Ok(()), Err);
        let can_fail = !matches!(
            effect,
            ChildEffect::AwaitDiff { .. } | ChildEffect::Report { .. } | ChildEffect::Unlink { .. }
        );
        if can_fail && errno.is_some_and(|errno| errno != Errno::EINTR) {
            self.failed.get_or_insert(self.effects.len() - 1);
        }
        match effect {
            ChildEffect::Open { name } => {
                if result.is_ok() {
                    assert!(self.names.insert(name), "opened once");
                    self.is_open = true;
                }
                ChildEvent::Opened(result)
            }
            ChildEffect::Write { bytes } => {
                assert!(self.is_open && !bytes.is_empty());
                let taken = match fault {
                    Some(Fault::Short(taken)) => taken.min(bytes.len() as u64),
                    _ => bytes.len() as u64,
                };
                if let Err(errno) = result {
                    return ChildEvent::Written(Err(errno));
                }
                if taken == 0 {
                    self.failed.get_or_insert(self.effects.len() - 1);
                }
                self.file.extend_from_slice(&bytes[..usize::try_from(taken).unwrap()]);
                ChildEvent::Written(Ok(taken))
            }
            ChildEffect::ReadDiff { max_bytes } => {
                if fault == Some(Fault::Ended) {
                    self.failed.get_or_insert(self.effects.len() - 1);
                    return ChildEvent::DiffEnded;
                }
                if let Err(errno) = result {
                    return ChildEvent::Diff(Err(errno));
                }
                chunk.extend(self.pipe.drain(..max_bytes.min(self.pipe.len())));
                ChildEvent::Diff(Ok(chunk))
            }
            ChildEffect::Sync { .. } => ChildEvent::Synced(result),
            ChildEffect::AwaitDiff { .. } => ChildEvent::Readable(!self.pipe.is_empty()),
            ChildEffect::SendStop => ChildEvent::StopSent(result),
            ChildEffect::AwaitAck { .. } => {
                let wrong = match fault {
                    Some(Fault::WrongAck(ack)) => Some(ack),
                    Some(Fault::Ended) => Some(Ack::Ended),
                    _ => None,
                };
                if wrong.is_some() {
                    self.failed.get_or_insert(self.effects.len() - 1);
                }
                let answer = wrong.or(errno.map(Ack::Failed)).unwrap_or(Ack::Byte(AGREED));
                if answer == Ack::Byte(AGREED) {
                    self.arrivals.clear();
                }
                ChildEvent::Ack(answer)
            }
            ChildEffect::Close => {
                self.is_open = false;
                ChildEvent::Closed(result)
            }
            ChildEffect::Rename { from, to } => {
                if result.is_ok() {
                    assert!(self.names.remove(&from), "there is such a name");
                    self.names.insert(to);
                }
                ChildEvent::Renamed(result)
            }
            ChildEffect::Unlink { name } => {
                self.names.remove(&name);
                ChildEvent::Unlinked
            }
            ChildEffect::Report { .. } => ChildEvent::Reported,
            ChildEffect::Exit { .. } => unreachable!("the run has ended"),
        }
    }
}

/// The name of an effect, and for a sync its kind.
fn name_of(effect: &ChildEffect<'_>) -> String {
    if let ChildEffect::Sync { kind } = effect {
        return format!("Sync {kind:?}");
    }
    let text = format!("{effect:?}");
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn digest(child: &Child) -> u128 {
    let mut digest = Digest::new();
    child.digest_into(&mut digest);
    digest.finish()
}
