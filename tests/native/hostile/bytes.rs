//! Bytes that hostile clients send.

use aof_tests::client::encode;
use aof_tests::workload::{Command, Random, Workload, words};

/// Pieces of the protocol.
const PIECES: [&[u8]; 22] = [
    b"*",
    b"$",
    b"\r\n",
    b"\n",
    b"\r",
    b"*3\r\n$3\r\nSET\r\n",
    b"*1\r\n$4\r\nPING\r\n",
    b"-1",
    b"1048577",
    b"PING\r\n",
    b"\0",
    b"\"",
    b"'",
    b"\"\\x",
    b"$5\r\nhello\r\n",
    b"*-5\r\n",
    b"*0\r\n",
    b"GET x\r\n",
    b"\xff\xfe",
    b"MULTI\r\n",
    b"EXEC\r\n",
    b"DISCARD\r\n",
];

/// Numbers around the limits of the protocol and of machine words, and what is none.
const CLAIMS: [&str; 30] = [
    "0",
    "-0",
    "-1",
    "-2",
    "10",
    "11",
    "16384",
    "16385",
    "65536",
    "1048575",
    "1048576",
    "1048577",
    "536870911",
    "536870912",
    "536870913",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "-2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "99999999999999999999999999999999999999999",
    "",
    "+3",
    "03",
    "3 ",
];

/// Commands whose replies are as long as a server lets them be.
const GREEDY: [&str; 16] = [
    "SRANDMEMBER hostile:set -9223372036854775807",
    "HRANDFIELD hostile:hash -4611686018427387903 WITHVALUES",
    "ZRANDMEMBER hostile:sorted -4611686018427387903 WITHSCORES",
    "LRANGE hostile:list -9223372036854775808 9223372036854775807",
    "SORT hostile:list BY nosort GET big GET big GET big GET big",
    "KEYS *",
    "KEYS *************************************************z",
    "SCAN 0 COUNT 9223372036854775807",
    "SSCAN hostile:set 0 COUNT 9223372036854775807",
    "ZRANGEBYSCORE hostile:sorted -inf +inf LIMIT 0 9223372036854775807",
    "GETRANGE big -9223372036854775808 9223372036854775807",
    "LPOP hostile:nothing 9223372036854775807",
    "SPOP hostile:nothing 9223372036854775807",
    "COMMAND",
    "CONFIG GET *",
    "CLIENT LIST",
];

/// What an operator may say without hurting anybody who is not hostile.
const OPERATOR: [&str; 26] = [
    "BGREWRITEAOF",
    "BGREWRITEAOF",
    "INFO everything",
    "CLIENT LIST",
    "CLIENT LIST TYPE normal",
    "CLIENT INFO",
    "CLIENT SETNAME hostile",
    "CLIENT REPLY SKIP",
    "CLIENT REPLY OFF",
    "CLIENT NO-SUCH",
    "CONFIG GET *",
    "CONFIG SET slowlog-log-slower-than 0",
    "CONFIG SET slowlog-log-slower-than 10000",
    "CONFIG SET slowlog-max-len 8",
    "CONFIG SET timeout 0",
    "CONFIG SET maxclients 500",
    "CONFIG SET maxclients 600",
    "CONFIG SET client-output-buffer-limit x",
    "CONFIG RESETSTAT",
    "SLOWLOG GET -1",
    "SLOWLOG RESET",
    "MEMORY USAGE big",
    "MEMORY STATS",
    "DEBUG DIGEST",
    "DEBUG SLEEP 0.005",
    "DEBUG OBJECT big",
];

const UNKNOWN: [&str; 10] = [
    "SUBSCRIBE a b c",
    "PSUBSCRIBE *",
    "PUBLISH a b",
    "BLPOP a 0",
    "XADD a * b c",
    "EVAL return 0",
    "REPLICAOF localhost 1",
    "SYNC",
    "HELLO 3",
    "RESET",
];

fn index(random: &mut Random, limit: usize) -> usize {
    usize::try_from(random.below(limit.max(1) as u64)).unwrap_or(0)
}

fn byte(random: &mut Random) -> u8 {
    u8::try_from(random.below(256)).unwrap_or(b'x')
}

/// Bytes that nearly are a protocol.
pub(super) fn random(random: &mut Random, pieces: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..pieces {
        match random.below(5) {
            0 => bytes.push(byte(random)),
            1 => bytes.extend_from_slice(random.one_of::<&str>(&CLAIMS).as_bytes()),
            _ => bytes.extend_from_slice(random.one_of::<&[u8]>(&PIECES)),
        }
    }
    bytes
}

/// A command that neither empties a database nor, with a number changed, fills the memory: what
/// is stored is not bounded by the server, and so not tested here.
fn harmless(workload: &mut Workload) -> Command {
    loop {
        let command = workload.command();
        let name = command.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
        if name != b"FLUSHDB" && name != b"SETRANGE" {
            return command;
        }
    }
}

/// Good commands in a row with so many changes.
pub(super) fn mutated(random: &mut Random, commands: u64, changes: u64) -> Vec<u8> {
    // A clock that stands still: the script alone says which bytes these are.
    let mut workload = Workload::new(random.next_u64(), 2_000_000_000_000);
    let commands: Vec<Command> = (0..commands).map(|_| harmless(&mut workload)).collect();
    let mut bytes: Vec<u8> = commands.iter().flat_map(|command| encode(command)).collect();
    (0..changes).for_each(|_| change(random, &mut bytes));
    bytes
}

/// One change somewhere in `bytes`.
fn change(random: &mut Random, bytes: &mut Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let at = index(random, bytes.len());
    let end = at + index(random, (bytes.len() - at).min(40));
    match random.below(7) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = byte(random),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let doubled = bytes[at..end].to_vec();
            bytes.splice(at..at, doubled);
        }
        4 => bytes.insert(at, byte(random)),
        5 => {
            let piece: &[u8] = random.one_of::<&[u8]>(&PIECES);
            bytes.splice(at..at, piece.iter().copied());
        }
        _ => change_a_length(random, bytes, at),
    }
}

/// Puts another number in the place of the next count or length.
fn change_a_length(random: &mut Random, bytes: &mut Vec<u8>, at: usize) {
    let mark = bytes[at..].iter().position(|&byte| byte == b'$' || byte == b'*');
    let Some(mark) = mark else { return };
    let from = at + mark + 1;
    let digits = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let claim: &str = random.one_of::<&str>(&CLAIMS);
    bytes.splice(from..from + digits, claim.bytes());
}

/// A count or a length that is not made good.
pub(super) fn giant_claim(random: &mut Random) -> Vec<u8> {
    let claim: &str = random.one_of::<&str>(&CLAIMS);
    let text = match random.below(6) {
        0 => format!("*{claim}\r\n"),
        1 => format!("*{claim}\r\n$3\r\nSET\r\n$1\r\nk\r\n"),
        2 => format!("*2\r\n$3\r\nGET\r\n${claim}\r\n"),
        3 => format!("*2\r\n${claim}\r\nGET"),
        4 => format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${claim}\r\nabc\r\n"),
        _ => {
            let other: &str = random.one_of::<&str>(&CLAIMS);
            format!("*{claim}\r\n${other}\r\n")
        }
    };
    let mut bytes = text.into_bytes();
    // A count that is allowed may be made good in part.
    if random.one_in(3) {
        bytes.extend(b"$0\r\n\r\n".repeat(index(random, 5_000)));
    }
    bytes
}

/// Requests whose replies would be without end.
pub(super) fn greedy(random: &mut Random) -> Vec<u8> {
    match random.below(4) {
        0 => {
            let mut command = vec!["MGET"];
            command.resize(1 + index(random, 20_000), "big");
            encode(&command)
        }
        1 => {
            let mut bytes = encode(&["MULTI"]);
            bytes.extend(encode(&["GET", "big"]).repeat(index(random, 2_000)));
            bytes.extend(encode(&["EXEC"]));
            bytes
        }
        _ => {
            let command = random.one_of::<&str>(&GREEDY);
            encode(&words(command)).repeat(1 + index(random, 3))
        }
    }
}

fn some_of(random: &mut Random, lines: &[&str], commands: u64) -> Vec<u8> {
    (0..commands).flat_map(|_| encode(&words(random.one_of::<&str>(lines)))).collect()
}

/// What an operator says.
pub(super) fn of_an_operator(random: &mut Random, commands: u64) -> Vec<u8> {
    some_of(random, &OPERATOR, commands)
}

/// Commands that are not there, also with names as long as they come.
pub(super) fn unknown(random: &mut Random, commands: u64) -> Vec<u8> {
    let mut bytes = some_of(random, &UNKNOWN, commands);
    if random.one_in(3) {
        let name = vec![byte(random); index(random, 100_000)];
        bytes.extend(encode(&[name.as_slice(), b"a\r\nb", &[0xff; 300]]));
    }
    bytes
}
