//! Files written by hand, with the verdict written by hand.

use super::*;
use crate::load::fault::{Class, Malformation, Missing, Place, Problem, TailClass};
use crate::load::replay::ReplayOutcome;

/// 23 bytes, then 27: the file of the redis-aof notes.
const BASE: &[u8] =
    b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$3\r\nfoo\r\n$5\r\nhello\r\n";

fn with_tail(tail: &[u8]) -> Vec<u8> {
    [BASE, tail].concat()
}

/// Tail, then class, place (offset behind the base, command) under `hardened`, then the same under
/// `redis-6.2` where it differs.
type Row = (&'static [u8], Option<(Class, u64, u64)>, Option<Option<(Class, u64, u64)>>);

#[test]
fn every_tail_has_its_class_and_its_place() {
    use Class::*;
    const SAME: Option<Option<(Class, u64, u64)>> = None;
    let rows: &[Row] = &[
        (b"", None, SAME),
        (b"*1\r\n$7\r\nFLUSHDB\r\n", None, SAME),
        // Cut.
        (b"*", Some((Truncated, 1, 3)), SAME),
        (b"*3", Some((Truncated, 2, 3)), SAME),
        (b"*3\r\n$", Some((Truncated, 5, 3)), SAME),
        (b"*1\r\n$7\r\nFLUSHDB\r", Some((Truncated, 16, 3)), SAME),
        (b"*1\r\n$7\r\nFLUS", Some((Truncated, 12, 3)), SAME),
        (b"*1\r\n$7\r\nFLU\0\0", Some((Truncated, 13, 3)), SAME),
        // Open transactions.
        (b"*1\r\n$5\r\nMULTI\r\n", Some((OpenTransaction, 0, 3)), SAME),
        (
            b"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$3\r\nfoo\r\n",
            Some((OpenTransaction, 0, 3)),
            SAME,
        ),
        (b"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$", Some((Truncated, 29, 4)), SAME),
        (b"*1\r\n$5\r\nmulti\r\n*1\r\n$4\r\nexec\r\n", None, SAME),
        (b"*1\r\n$4\r\nEXEC\r\n", Some((UnexpectedExec, 0, 3)), SAME),
        (
            b"*1\r\n$5\r\nMULTI\r\n*1\r\n$5\r\nMULTI\r\n",
            Some((UnexpectedMulti, 15, 4)),
            Some(Some((OpenTransaction, 0, 3))),
        ),
        // Zeros.
        (b"\0\0\0\0", Some((ZeroTail, 0, 3)), Some(Some((Malformed, 0, 3)))),
        (b"\0\0\0\0x", Some((Malformed, 0, 3)), SAME),
        (b"*\0\0", Some((ZeroTail, 1, 3)), Some(Some((Malformed, 1, 3)))),
        (b"*1\0", Some((ZeroTail, 2, 3)), Some(Some((Malformed, 2, 3)))),
        (b"*1\r\0", Some((ZeroTail, 3, 3)), Some(Some((Malformed, 3, 3)))),
        (b"*1\r\n\0", Some((ZeroTail, 4, 3)), Some(Some((Malformed, 4, 3)))),
        (b"*1\r\n$\0", Some((ZeroTail, 5, 3)), Some(Some((Malformed, 5, 3)))),
        (
            b"*1\r\n$7\r\nFL\0\0\0\0\0\0\0\0",
            Some((ZeroTail, 10, 3)),
            Some(Some((UnknownCommand, 0, 3))),
        ),
        (b"*1\r\n$7\r\nFLUSHDB\0\0", Some((ZeroTail, 15, 3)), Some(None)),
        (b"*1\r\n$7\r\nFLUSHDB\r\0", Some((ZeroTail, 16, 3)), Some(None)),
        (
            b"*1\r\n$7\r\nFL\0\0\0\0\0\0\0\0*",
            Some((Malformed, 15, 3)),
            Some(Some((UnknownCommand, 0, 3))),
        ),
        // Wrong bytes.
        (b"!!!\r\n*1\r\n$7\r\nFLUSHDB\r\n", Some((Malformed, 0, 3)), SAME),
        (b"\r\n", Some((Malformed, 0, 3)), SAME),
        (b"\n", Some((Malformed, 0, 3)), SAME),
        (b"#TS:1\r\n", Some((Malformed, 0, 3)), SAME),
        (b"FLUSHDB\r\n", Some((Malformed, 0, 3)), SAME),
        (b"REDIS0009", Some((Malformed, 0, 3)), SAME),
        (b"*1\n$7\nFLUSHDB\n", Some((Malformed, 2, 3)), SAME),
        (b"*x", Some((Malformed, 1, 3)), SAME),
        (b"*-1\r\n", Some((Malformed, 1, 3)), SAME),
        (b"*+1\r\n", Some((Malformed, 1, 3)), SAME),
        (b"* 1\r\n", Some((Malformed, 1, 3)), SAME),
        (b"*0\r\n", Some((Malformed, 1, 3)), SAME),
        (b"*01\r\n", Some((Malformed, 2, 3)), SAME),
        (b"*1048577\r\n", Some((Malformed, 1, 3)), SAME),
        (b"*99999999999999999999999999\r\n", Some((Malformed, 1, 3)), SAME),
        (b"*1\r\n:7\r\n", Some((Malformed, 4, 3)), SAME),
        (b"*1\r\n$-1\r\n", Some((Malformed, 5, 3)), SAME),
        (b"*1\r\n$536870913\r\n", Some((Malformed, 5, 3)), SAME),
        (b"*1\r\n$7\rFLUSHDB\r\n", Some((Malformed, 7, 3)), SAME),
        // A value followed by two other bytes: the loader of Redis looks away.
        (b"*1\r\n$7\r\nFLUSHDBXX", Some((Malformed, 15, 3)), Some(None)),
        (b"*1\r\n$7\r\nFLUSHDB\rX", Some((Malformed, 16, 3)), Some(None)),
        (b"*1\r\n$6\r\nFLUSHDB\r\n", Some((Malformed, 14, 3)), Some(Some((UnknownCommand, 0, 3)))),
        // Commands.
        (b"*1\r\n$5\r\nNOSUC\r\n", Some((UnknownCommand, 0, 3)), SAME),
        (b"*1\r\n$0\r\n\r\n", Some((UnknownCommand, 0, 3)), SAME),
        (b"*2\r\n$3\r\nSET\r\n$1\r\na\r\n", Some((WrongArity, 0, 3)), SAME),
    ];
    for (tail, strict, lenient) in rows {
        let bytes = with_tail(tail);
        for (profile, expected) in
            [(ProfileName::Hardened, *strict), (ProfileName::Redis62, lenient.unwrap_or(*strict))]
        {
            let report = judge(profile, &bytes, bytes.len());
            let found = report.error.as_ref().map(|error| {
                let place = error.place();
                (error.class(), place.offset - BASE.len() as u64, place.command)
            });
            assert_eq!(found, expected, "{profile:?} {:?}", String::from_utf8_lossy(tail));
            let applied = match report.error {
                None => continue,
                Some(LoadError::Unfinished(tail)) => tail.applied_up_to(),
                Some(LoadError::Broken(broken)) => broken.valid_up_to,
            };
            assert_eq!(applied, BASE.len() as u64);
        }
    }
}

#[test]
fn an_empty_file_is_an_empty_log() {
    for profile in ProfileName::ALL {
        let report = judge(profile, b"", 1);
        assert_eq!((report.verdict, report.commands), (Verdict::Valid, 0));
    }
}

#[test]
fn a_snapshot_at_the_front_is_a_class_of_its_own() {
    for piece in 1..=9 {
        let report = judge(ProfileName::Hardened, b"REDIS0009\xfa", piece);
        assert_eq!(report.class(), Some(Class::Preamble));
        assert_eq!(report.verdict, Verdict::Broken);
    }
    for front in [&b"R"[..], b"REDI", b"REDIX", b"RESP"] {
        let report = judge(ProfileName::Hardened, front, 1);
        let error = report.error.expect("it is no log");
        assert_eq!(error.place(), Place { offset: 0, command: 1 });
        assert!(matches!(
            error,
            LoadError::Broken(broken)
                if broken.problem == Malformation::CommandStart { found: b'R' }.into()
        ));
    }
}

/// The five images that ext4 really left behind: E.3 of the notes on fault injection. Before:
/// `SET a 1` synced, then `SET b abc…` written and not synced.
#[test]
fn the_images_that_ext4_leaves() {
    let good = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n".to_vec();
    let whole = [&good[..], b"*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$10\r\nabcdefghij\r\n"].concat();
    let zeroed = |from: usize| {
        let mut bytes = whole.clone();
        bytes[from..].fill(0);
        bytes
    };
    let payload = whole.len() - 12;
    // A clean prefix.
    assert_eq!(judge(ProfileName::Hardened, &good, 7).verdict, Verdict::Valid);
    // The length committed without the data, from a boundary on.
    let report = judge(ProfileName::Hardened, &zeroed(good.len()), 7);
    assert_eq!(report.class(), Some(Class::ZeroTail));
    assert_eq!((report.verdict, report.valid_up_to), (Verdict::Recoverable, 27));
    // The same inside a payload: Redis loads "abc" and seven NUL, and says nothing.
    let report = judge(ProfileName::Hardened, &zeroed(payload + 3), 7);
    let LoadError::Unfinished(tail) = report.error.expect("not whole") else { panic!() };
    let place = Place { offset: 27, command: 2 };
    assert_eq!(tail.class, TailClass::ZeroTail { place, from: payload as u64 + 3 });
    assert_eq!(tail.valid_up_to, 27);
    assert_eq!(judge(ProfileName::Redis62, &zeroed(payload + 3), 7).verdict, Verdict::Valid);
    // A name without data.
    assert_eq!(judge(ProfileName::Hardened, b"", 1).verdict, Verdict::Valid);
}

#[test]
fn a_cut_says_what_is_missing() {
    let missing = |tail: &[u8]| {
        let report = judge(ProfileName::Hardened, &with_tail(tail), 5);
        match report.error {
            Some(LoadError::Unfinished(tail)) => match tail.class {
                TailClass::Truncated { missing, zeros_from, .. } => (missing, zeros_from),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    let words = 2;
    assert_eq!(missing(b"*2\r"), (Missing::WordCount, None));
    assert_eq!(missing(b"*2\r\n"), (Missing::WordLength { word: 0, words }, None));
    assert_eq!(missing(b"*2\r\n$3\r\nDEL\r\n$1"), (Missing::WordLength { word: 1, words }, None));
    assert_eq!(missing(b"*2\r\n$3\r\nDEL"), (Missing::PayloadEnd { word: 0, words }, None));
    assert_eq!(missing(b"*2\r\n$3\r\nDEL\r"), (Missing::PayloadEnd { word: 0, words }, None));
    let cut = Missing::Payload { word: 1, words, present_bytes: 3, expected_bytes: 9 };
    assert_eq!(missing(b"*2\r\n$3\r\nDEL\r\n$9\r\nabc"), (cut, None));
    // Nobody can say whether these zeros are data, so it is a cut; but they are mentioned.
    let zeros = BASE.len() as u64 + 18;
    assert_eq!(missing(b"*2\r\n$3\r\nDEL\r\n$9\r\na\0\0"), (cut, Some(zeros)));
}

#[test]
fn the_message_names_both_bytes() {
    let text = |tail: &[u8]| {
        let report = check_in_pieces(hardened(), &with_tail(tail), 9);
        report.error.expect("wrong").to_string()
    };
    assert_eq!(
        text(b"*1\r\n$7\r\nFLUSHDBXX"),
        "command 3, offset 71: expected '\\r' after the payload, got 'X'"
    );
    assert_eq!(text(b"*1\r\n:7"), "command 3, offset 60: a word begins with '$', got ':'");
    assert_eq!(text(b"\x01"), "command 3, offset 56: a command begins with '*', got 0x01");
    assert_eq!(text(b"*1\r\n$5\r\nNOSUC\r\n"), "command 3, offset 56: unknown command 'NOSUC'");
}

#[test]
fn without_load_truncated_a_missing_end_is_an_error() {
    for profile in ProfileName::ALL {
        let config = Config { aof_load_truncated: false, ..config(profile) };
        for tail in [&b"*"[..], b"*1\r\n$5\r\nMULTI\r\n"] {
            let (report, _) = load_in_pieces(&config, &with_tail(tail), 3);
            let whole = profile == ProfileName::Redis30 && tail.len() > 1;
            let unfinished = matches!(report.error, Some(LoadError::Unfinished(_)));
            assert_eq!((unfinished, report.error.is_none()), (!whole, whole), "{profile:?}");
        }
    }
}

#[test]
fn the_checker_can_do_without_the_table() {
    let bytes = log_of(&["LPUSH a 1", "SET a", "MULTI", "NOSUCH", "EXEC"]);
    let report = crate::load::check(redis(), Known::Everything, &bytes);
    assert_eq!((report.verdict, report.commands), (Verdict::Valid, 5));
    let report = crate::load::check(redis(), Known::Table, &bytes);
    assert_eq!(report.verdict, Verdict::Broken);
}

#[test]
fn an_open_transaction_leaves_nothing() {
    let before = log_of(&["SET a 1", "SELECT 2", "SET b 2"]);
    let open = [&before[..], &log_of(&["MULTI", "SET a 9", "SELECT 0", "FLUSHALL"])].concat();
    let config = config(ProfileName::Hardened);
    let (whole, expected) = load_in_pieces(&config, &before, 10);
    let (report, digest) = load_in_pieces(&config, &open, 10);
    assert_eq!(whole.verdict, Verdict::Valid);
    assert_eq!(digest, expected);
    assert_eq!(report.valid_up_to, before.len() as u64);
    let Some(LoadError::Unfinished(tail)) = report.error else { panic!("{report:?}") };
    let queued = tail.open.map(|open| (open.place.offset, open.place.command, open.queued));
    assert_eq!(queued, Some((before.len() as u64, 4, 3)));
}

#[test]
fn redis_3_0_applies_an_open_transaction_and_keeps_it() {
    let before = log_of(&["SET a 1"]);
    let open = [&before[..], &log_of(&["MULTI", "SET a 9", "SET b 2"])].concat();
    let applied = log_of(&["SET a 1", "SET a 9", "SET b 2"]);
    let config = config(ProfileName::Redis30);
    for piece in [1, 7, 1_000] {
        let (_, expected) = load_in_pieces(&config, &applied, piece);
        let (report, digest) = load_in_pieces(&config, &open, piece);
        assert_eq!((report.verdict, digest), (Verdict::Valid, expected));
        assert_eq!(report.valid_up_to, open.len() as u64);
        // A command that is cut off behind it is no reason to take the whole ones back.
        let cut = [&open[..], b"*3\r\n$3\r\nSE"].concat();
        let (report, digest) = load_in_pieces(&config, &cut, piece);
        assert_eq!((report.verdict, digest), (Verdict::Recoverable, expected));
        assert_eq!(report.valid_up_to, open.len() as u64);
        // What the next server writes stands behind the MULTI.
        let later = [&open[..], &log_of(&["SET c 3", "MULTI", "SET d 4", "EXEC"])].concat();
        let (report, digest) = load_in_pieces(&config, &later, piece);
        let all = [&applied[..], &log_of(&["SET c 3", "SET d 4"])].concat();
        let (_, expected) = load_in_pieces(&config, &all, piece);
        assert_eq!((report.verdict, digest), (Verdict::Valid, expected));
    }
}

/// What Redis 6.2 makes of a torn transaction, and of what the next servers write behind it.
#[test]
fn redis_6_2_leaves_a_torn_transaction_in_the_log() {
    let config = config(ProfileName::Redis62);
    let before = log_of(&["SET a 1"]);
    let join = |front: &[u8], lines: &[&str]| [front, &log_of(lines)].concat();
    let load = |log: &[u8]| {
        let (report, digest) = load_in_pieces(&config, log, 7);
        (usize::try_from(report.valid_up_to).expect("short"), digest.expect("it loads"))
    };
    let (_, nothing_more) = load(&before);
    let open = join(&before, &["MULTI", "APPEND t x"]);
    // Whole commands: taken off. Torn: only what is torn. Applied in neither case.
    assert_eq!(load(&open), (before.len(), nothing_more));
    let torn = [&open[..], b"*3\r\n$3\r\nSE"].concat();
    assert_eq!(load(&torn), (open.len(), nothing_more));
    // What was written behind it is taken back with it.
    let later = join(&open, &["SET b 2"]);
    assert_eq!(load(&later), (before.len(), nothing_more));
    // Of two MULTI only the second is taken off, when its commands are whole.
    let second = join(&later, &["MULTI", "SET c 3"]);
    assert_eq!(load(&second), (later.len(), nothing_more));
    let both_torn = [&second[..], b"*"].concat();
    assert_eq!(load(&both_torn), (second.len(), nothing_more));
    // An EXEC ends the first, with everything behind it.
    let ended = join(&second, &["EXEC", "SET d 4"]);
    let applied = join(&before, &["APPEND t x", "SET b 2", "SET c 3", "SET d 4"]);
    let (_, expected) = load(&applied);
    assert_eq!(load(&ended), (ended.len(), expected));
    let (report, _) = load_in_pieces(&config, &ended, 7);
    assert_eq!(report.verdict, Verdict::Valid);
    // A tool that repairs finds fault with it.
    let report = check_in_pieces(redis().for_repair(), &ended, 7);
    assert_eq!(report.class(), Some(Class::UnexpectedMulti));
}

#[test]
fn one_command_is_one_step() {
    let bytes = log_of(&["SELECT 1", "SET a 1", "MULTI", "SET b 2", "EXEC"]);
    let config = config(ProfileName::Hardened);
    let mut loader = Loader::new(Executor::new(config, Keyspace::new(1), 1));
    loader.feed(&bytes);
    let mut steps = Vec::new();
    while let Ok(LoadStep::Command(step)) = loader.next_step() {
        let name = String::from_utf8_lossy(step.command.argv.name()).into_owned();
        steps.push((step.command.place.command, name, step.database, step.outcome));
    }
    let step = |number, name: &str, database, outcome| (number, name.to_owned(), database, outcome);
    assert_eq!(
        steps,
        [
            step(1, "SELECT", 1, ReplayOutcome::Applied),
            step(2, "SET", 1, ReplayOutcome::Applied),
            step(3, "MULTI", 1, ReplayOutcome::TransactionOpened),
            step(4, "SET", 1, ReplayOutcome::Queued),
            step(5, "EXEC", 1, ReplayOutcome::Committed { commands: 1 }),
        ]
    );
    let loaded = loader.finish().expect("a good log");
    assert_eq!((loaded.commands, loaded.length_bytes), (5, bytes.len() as u64));
    assert_eq!(loaded.executor.keyspace.db(1).len(), 2);
}

#[test]
fn a_claimed_length_reserves_nothing() {
    // 512 MB and a million words are claimed, a few bytes are there.
    let tail = b"*1048576\r\n$536870912\r\nabc";
    let report = judge(ProfileName::Hardened, &with_tail(tail), 4);
    assert_eq!(report.class(), Some(Class::Truncated));
    let limits = Options { command_bytes_limit: 64, ..hardened() };
    let report = crate::load::check(limits, Known::Everything, &with_tail(b"*1\r\n$60\r\n"));
    let Some(LoadError::Broken(broken)) = report.error else { panic!() };
    let limit = 64;
    assert_eq!(broken.problem, Problem::Malformed(Malformation::CommandTooLong { limit }));
}
