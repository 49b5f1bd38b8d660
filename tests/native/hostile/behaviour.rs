//! What one hostile connection does, as data: whoever has the script has every byte of it.

use aof_tests::client::encode;
use aof_tests::workload::Random;

use super::bytes;

/// The password of servers that want one. Some of the hostile clients know it.
pub(crate) const PASSWORD: &str = "sesame";

/// A kind of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Bytes and pieces of the protocol in any order.
    RandomBytes { pieces: u64 },
    /// Good commands with bits flipped, parts cut or doubled, lengths changed.
    Mutated { commands: u64, changes: u64 },
    /// A count or a length at the edge of what is allowed or of what a number holds, and little
    /// behind it.
    GiantClaim,
    /// A line that never ends.
    EndlessLine { bytes: usize },
    /// A value whose last byte never comes.
    Unfinished { bytes: usize },
    /// Good commands, a byte in each piece.
    ByteByByte { commands: u64 },
    /// Requests whose replies are large, never read.
    Unread { requests: usize },
    /// One request whose reply would be without end.
    Greedy,
    /// A transaction that grows and is not executed.
    Hoard { bytes: usize },
    /// Keys under WATCH, more and more.
    Watch { keys: u64 },
    /// It is shown what all others do and does not look.
    Monitor { reads: bool },
    /// A long word that looks four times as long to those who watch.
    Loud { bytes: usize },
    /// Wrong passwords.
    Passwords { attempts: u64 },
    /// What an operator may do: settings, rewrites, looks at everything.
    Operator { commands: u64 },
    /// It ends connections of other hostile clients.
    KillOther,
    /// It ends everybody's connections.
    KillEverybody,
    /// Another protocol.
    Http,
    /// Commands that are not there.
    Unknown { commands: u64 },
    /// Large values, overwritten.
    BigWrites { writes: u64 },
    /// Nothing.
    Silent,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Not by itself.
    Stay,
    /// The socket is closed, whatever is still in it.
    Close,
    /// It says that it sends no more, and reads to the end.
    HalfClose,
    /// The connection is reset.
    Reset,
    /// The same in the middle of a reply.
    ReadAndReset,
}

/// One hostile connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// What it does,
    pub(crate) behaviour: Behaviour,
    /// with bytes that follow from this,
    pub(crate) seed: u64,
    /// in pieces of at most so many,
    pub(crate) piece_bytes: usize,
    /// after it has given the password, where one is wanted and it knows it,
    pub(crate) knows_password: bool,
    /// and how it ends.
    pub(crate) ending: Ending,
}

/// One thing that a connection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends one byte so many times.
    Fill(u8, usize),
    /// Reads once, at most so many bytes.
    Read(usize),
    /// `CLIENT KILL` of another hostile connection, whichever is there then.
    KillOther,
    /// `CLIENT KILL` of everybody.
    KillEverybody,
    /// Ends.
    End(Ending),
}

fn index(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.below(limit as u64)).unwrap_or(0)
}

/// How often each kind comes, of the sum of all.
const WEIGHTS: [u64; 20] = [12, 22, 10, 3, 3, 5, 4, 4, 3, 3, 4, 2, 2, 4, 3, 1, 3, 3, 3, 4];

impl Behaviour {
    /// One of a kind.
    fn of_kind(kind: usize, random: &mut Random) -> Self {
        const MEGABYTE: usize = 1024 * 1024;
        match kind {
            0 => Self::RandomBytes { pieces: 1 + random.below(80) },
            1 => Self::Mutated { commands: 1 + random.below(30), changes: random.below(12) },
            2 => Self::GiantClaim,
            3 => Self::EndlessLine { bytes: 60_000 + index(random, 10_000) },
            4 => Self::Unfinished { bytes: 1 + index(random, 4 * MEGABYTE) },
            5 => Self::ByteByByte { commands: 1 + random.below(3) },
            6 => Self::Unread { requests: 1 + index(random, 100) },
            7 => Self::Greedy,
            8 => Self::Hoard { bytes: 1 + index(random, 4 * MEGABYTE) },
            9 => Self::Watch { keys: 1 + random.below(4_000) },
            10 => Self::Monitor { reads: random.one_in(4) },
            11 => Self::Loud { bytes: 1 + index(random, MEGABYTE) },
            12 => Self::Passwords { attempts: 1 + random.below(50) },
            13 => Self::Operator { commands: 1 + random.below(12) },
            14 => Self::KillOther,
            15 if random.one_in(8) => Self::KillEverybody,
            16 => Self::Http,
            17 => Self::Unknown { commands: 1 + random.below(10) },
            18 => Self::BigWrites { writes: 1 + random.below(12) },
            _ => Self::Silent,
        }
    }
}

fn kind(random: &mut Random) -> usize {
    let mut at = random.below(WEIGHTS.iter().sum());
    for (kind, &weight) in WEIGHTS.iter().enumerate() {
        if at < weight {
            return kind;
        }
        at -= weight;
    }
    0
}

/// What most of the connections of one round do: harm that only a crowd does is never drawn by
/// many who each draw for themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fashion {
    kinds: [usize; 2],
    ending: Ending,
}

const ENDINGS: [Ending; 5] =
    [Ending::Stay, Ending::Close, Ending::HalfClose, Ending::Reset, Ending::ReadAndReset];

impl Fashion {
    /// A crowd that watches and does not look, and others that give it much to see.
    pub(crate) const WATCHING: Self = Self { kinds: [10, 11], ending: Ending::Stay };

    /// The next one: all kinds alike.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let kinds = [index(random, WEIGHTS.len()), index(random, WEIGHTS.len())];
        let ending = if random.one_in(2) { Ending::Stay } else { *random.one_of(&ENDINGS) };
        Self { kinds, ending }
    }
}

impl Script {
    /// The next one of a round.
    pub(crate) fn draw(random: &mut Random, fashion: Fashion) -> Self {
        let follows = random.one_in(3);
        let kind = if follows { *random.one_of(&fashion.kinds) } else { kind(random) };
        let behaviour = Behaviour::of_kind(kind, random);
        let large = matches!(
            behaviour,
            Behaviour::Unfinished { .. }
                | Behaviour::Hoard { .. }
                | Behaviour::Loud { .. }
                | Behaviour::BigWrites { .. }
        );
        let piece_bytes = match behaviour {
            Behaviour::ByteByByte { .. } => 1,
            // Else most of the actions would be theirs.
            _ if large => 128 * 1024,
            _ => *random.one_of(&[7, 100, 1_000, 16_384, 65_536]),
        };
        Self {
            behaviour,
            seed: random.next_u64(),
            piece_bytes,
            knows_password: !random.one_in(3),
            ending: if follows { fashion.ending } else { *random.one_of(&ENDINGS) },
        }
    }

    /// All that it does, in order.
    pub(crate) fn steps(&self, server_wants_password: bool) -> Vec<Step> {
        let mut random = Random::new(self.seed);
        let mut steps = Vec::new();
        if server_wants_password && self.knows_password {
            steps.push(Step::Send(encode(&["AUTH", PASSWORD])));
        }
        match self.behaviour {
            Behaviour::RandomBytes { pieces } => {
                steps.push(Step::Send(bytes::random(&mut random, pieces)));
            }
            Behaviour::Mutated { commands, changes } => {
                steps.push(Step::Send(bytes::mutated(&mut random, commands, changes)));
            }
            Behaviour::GiantClaim => steps.push(Step::Send(bytes::giant_claim(&mut random))),
            Behaviour::EndlessLine { bytes } => steps.push(Step::Fill(b'l', bytes)),
            Behaviour::Unfinished { bytes } => {
                let head = format!("*3\r\n$3\r\nSET\r\n$7\r\nhostile\r\n${}\r\n", bytes + 1);
                steps.extend([Step::Send(head.into_bytes()), Step::Fill(b'u', bytes)]);
            }
            Behaviour::ByteByByte { commands } => {
                steps.push(Step::Send(bytes::mutated(&mut random, commands, 0)));
            }
            Behaviour::Unread { requests } => {
                steps.push(Step::Send(encode(&["GET", "big"]).repeat(requests)));
            }
            Behaviour::Greedy => steps.push(Step::Send(bytes::greedy(&mut random))),
            Behaviour::Hoard { bytes } => {
                steps.push(Step::Send(encode(&["MULTI"])));
                let queued = encode(&[b"SET".as_slice(), b"hoard", &[b'h'; 16 * 1024]]);
                steps.push(Step::Send(queued.repeat(bytes.div_ceil(queued.len()))));
            }
            Behaviour::Watch { keys } => {
                let key = |number: u64| encode(&["WATCH".to_owned(), format!("watched:{number}")]);
                steps.push(Step::Send((0..keys).flat_map(key).collect()));
            }
            Behaviour::Monitor { reads } => {
                steps.push(Step::Send(encode(&["MONITOR"])));
                steps.extend((0..if reads { 20 } else { 0 }).map(|_| Step::Read(65_536)));
            }
            Behaviour::Loud { bytes } => {
                steps.push(Step::Send(encode(&[b"ECHO".as_slice(), &vec![0xff; bytes]])));
            }
            Behaviour::Passwords { attempts } => {
                let attempt = |_| encode(&["AUTH".to_owned(), random.next_u64().to_string()]);
                steps.push(Step::Send((0..attempts).flat_map(attempt).collect()));
            }
            Behaviour::Operator { commands } => {
                steps.push(Step::Send(bytes::of_an_operator(&mut random, commands)));
            }
            Behaviour::KillOther => steps.extend([Step::KillOther, Step::Read(1_000)]),
            Behaviour::KillEverybody => steps.push(Step::KillEverybody),
            Behaviour::Http => steps.push(Step::Send(
                b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 7\r\n\r\nPING\r\n".to_vec(),
            )),
            Behaviour::Unknown { commands } => {
                steps.push(Step::Send(bytes::unknown(&mut random, commands)));
            }
            Behaviour::BigWrites { writes } => {
                let length = index(&mut random, 256 * 1024);
                let write = encode(&[b"SET".as_slice(), b"big:written", &vec![b'w'; length]]);
                let writes = usize::try_from(writes).unwrap_or(1);
                steps.push(Step::Send(write.repeat(writes)));
            }
            Behaviour::Silent => {}
        }
        let unread = matches!(
            self.behaviour,
            Behaviour::Unread { .. } | Behaviour::Monitor { reads: false }
        );
        if !unread && !random.one_in(3) {
            steps.push(Step::Read(65_536));
        }
        steps.push(Step::End(self.ending));
        steps
    }
}
