use super::*;

fn encoded(lines: &[&str]) -> Vec<u8> {
    lines.iter().flat_map(|line| OwnedArgv::from_line(line).as_bytes().to_vec()).collect()
}

/// Tells a journal of one command and what it logged, one unit per inner list.
fn after(journal: &mut Journal, line: &str, reply: &[u8], units: &[&[&str]]) -> Vec<Origin> {
    let from = journal.end();
    let words = Arc::new(OwnedArgv::from_line(line));
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for unit in units {
        bytes.extend(encoded(unit));
        ends.push(from + bytes.len() as u64);
    }
    let asked = journal.asked_now(Asked {
        client: ClientId(1),
        words: Arc::clone(&words),
        reply: reply.into(),
        answer: Answer::Held,
        from,
        to: from + bytes.len() as u64,
        executed: Micros(1),
        step: 1,
        always: false,
        lost: false,
        logged: true,
        bypassed: false,
    });
    let first = journal.entries().len();
    let cause = Cause::Command { asked, words: words.as_argv(), reply };
    journal.appended(from, &bytes, ends.into_iter(), cause, Micros(1));
    journal.entries()[first..].iter().map(|entry| entry.origin).collect()
}

#[test]
fn every_command_of_the_log_has_an_author() {
    use Origin::{Client, Expiry, Log};
    let mut journal = Journal::starting_at(0);
    type Case<'a> = (&'a str, &'a [u8], &'a [&'a [&'a str]], &'a [Origin]);
    let cases: [Case<'_>; 7] = [
        ("SET a 1", b"+OK\r\n", &[&["SELECT 0", "SET a 1"]], &[Log, Client]),
        ("GET a", b"$-1\r\n", &[&["DEL a"]], &[Expiry]),
        ("INCR a", b":1\r\n", &[&["DEL a"], &["INCR a"]], &[Expiry, Client]),
        ("DEL a", b":1\r\n", &[&["DEL a"]], &[Client]),
        ("DEL a", b":0\r\n", &[&["DEL a"]], &[Expiry]),
        ("EXPIRE a -1", b":1\r\n", &[&["DEL a"]], &[Client]),
        ("EXEC", b"*1\r\n+OK\r\n", &[&["MULTI", "SET a 1", "EXEC"]], &[Log, Client, Log]),
    ];
    for (line, reply, units, expected) in cases {
        assert_eq!(after(&mut journal, line, reply, units), expected, "{line}");
    }
    assert_eq!(journal.units().len(), 8);
}

#[test]
fn answers_are_given_in_order_and_counted_once() {
    let mut journal = Journal::starting_at(0);
    after(&mut journal, "SET a 1", b"+OK\r\n", &[&["SET a 1"]]);
    after(&mut journal, "GET a", b"$1\r\n1\r\n", &[]);
    after(&mut journal, "SET b 2", b"+OK\r\n", &[&["SET b 2"]]);
    journal.turn_ended(true);
    after(&mut journal, "SET c 3", b"+OK\r\n", &[&["SET c 3"]]);
    journal.turn_ended(false);
    assert_eq!(journal.answered(ClientId(1), 2), [0, 1]);
    assert_eq!((journal.acknowledged_writes(), journal.acknowledged_upto()), (1, 27));
    assert_eq!(journal.acknowledged_after_sync(), 27);
    assert_eq!(journal.answered(ClientId(2), 1), [0usize; 0]);
    assert_eq!(journal.answered(ClientId(1), 9), [2, 3]);
    assert_eq!((journal.acknowledged_writes(), journal.acknowledged_upto()), (3, 81));
    assert_eq!(journal.acknowledged_after_sync(), 54);
}

#[test]
fn a_lost_connection_is_never_answered() {
    let mut journal = Journal::starting_at(0);
    after(&mut journal, "SET a 1", b"+OK\r\n", &[&["SET a 1"]]);
    journal.all_connections_lost();
    assert_eq!(journal.asked()[0].answer, Answer::ConnectionLost);
    assert_eq!(journal.answered(ClientId(1), 1), [0usize; 0]);
    assert_eq!(journal.acknowledged_writes(), 0);
}

#[test]
fn cutting_back_keeps_whole_units_only() {
    let mut journal = Journal::starting_at(0);
    after(&mut journal, "SET a 1", b"+OK\r\n", &[&["SELECT 0", "SET a 1"]]);
    after(&mut journal, "SET b 2", b"+OK\r\n", &[&["SET b 2"]]);
    journal.answered(ClientId(1), 2);
    journal.cut_back_to(49);
    // The SELECT lies before the cut, but its unit does not.
    assert_eq!((journal.entries().len(), journal.units().len(), journal.end()), (0, 0, 0));
    assert_eq!((journal.acknowledged_writes(), journal.acknowledged_upto()), (0, 0));
    assert!(journal.asked().iter().all(|asked| asked.lost));
    let mut journal = Journal::starting_at(0);
    after(&mut journal, "SET a 1", b"+OK\r\n", &[&["SELECT 0", "SET a 1"]]);
    after(&mut journal, "SET b 2", b"+OK\r\n", &[&["SET b 2"]]);
    journal.answered(ClientId(1), 2);
    journal.cut_back_to(76);
    assert_eq!((journal.entries().len(), journal.units().len(), journal.end()), (2, 1, 50));
    assert_eq!(journal.acknowledged_writes(), 1);
}
