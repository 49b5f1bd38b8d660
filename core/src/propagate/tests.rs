use super::*;
use crate::resp::{Decoded, Decoder, Limits, OwnedArgv};

const SET: &[u8] = b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
const SELECT_0: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
const SELECT_9: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n9\r\n";
const DEL: &[u8] = b"*2\r\n$3\r\nDEL\r\n$1\r\na\r\n";
const MULTI: &[u8] = b"*1\r\n$5\r\nMULTI\r\n";
const EXEC: &[u8] = b"*1\r\n$4\r\nEXEC\r\n";

/// However a request was written, the log has it in the one canonical form.
#[test]
fn a_request_is_logged_in_canonical_form() {
    for input in [SET, b"SET a 1\r\n", b"SET \"a\" '1'\n", b"*3\rx$3\r\nSETxx$1\r\naxx$1\r\n1\r\n"]
    {
        let (mut state, mut out) = (PropagationState::default(), Vec::new());
        let mut decoder = Decoder::new(Limits::default());
        let Decoded::Command { argv, .. } = decoder.decode(input) else { panic!("{input:?}") };
        Propagation::new(&mut state, &mut out).append(0, argv, &Change::Verbatim);
        assert_eq!(out, [SELECT_0, SET].concat(), "{:?}", String::from_utf8_lossy(input));
    }
}

#[test]
fn the_database_is_said_when_it_differs_or_was_forgotten() {
    let argv = OwnedArgv::from_line("SET a 1");
    let (mut state, mut out) = (PropagationState::default(), Vec::new());
    for (db, forget) in [(0, false), (0, false), (9, false), (9, true), (9, false)] {
        if forget {
            state.forget_selected_db();
        }
        Propagation::new(&mut state, &mut out).append(db, argv.as_argv(), &Change::Verbatim);
    }
    let expected = [SELECT_0, SET, SET, SELECT_9, SET, SELECT_9, SET, SET].concat();
    assert_eq!(out, expected);
}

#[test]
fn units_end_after_records_and_after_exec() {
    let argv = OwnedArgv::from_line("SET a 1");
    let (mut state, mut out) = (PropagationState::default(), b"earlier".to_vec());
    let mut log = Propagation::new(&mut state, &mut out);
    log.expired(0, b"a");
    log.append(0, argv.as_argv(), &Change::None);
    log.begin_transaction();
    log.reborrow().append(0, argv.as_argv(), &Change::Verbatim);
    log.reborrow().expired(0, b"a");
    log.end_transaction();
    log.begin_transaction();
    log.end_transaction();
    log.append(0, argv.as_argv(), &Change::Verbatim);
    let first = b"earlier".len() + SELECT_0.len() + DEL.len();
    let second = first + MULTI.len() + SET.len() + DEL.len() + EXEC.len();
    assert_eq!(log.units(), [first, second, second + SET.len()]);
    let body = [SELECT_0, DEL, MULTI, SET, DEL, EXEC, SET].concat();
    assert_eq!(out, [b"earlier".as_slice(), &body].concat());
    let log = Propagation::new(&mut state, &mut out);
    assert!(log.units().is_empty(), "a new event has no units yet");
}

#[test]
fn nothing_is_written_while_the_log_is_off() {
    let argv = OwnedArgv::from_line("SET a 1");
    let mut log = Propagation::off();
    log.begin_transaction();
    log.append(3, argv.as_argv(), &Change::Verbatim);
    log.expired(3, b"a");
    log.end_transaction();
    assert!(log.units().is_empty());
}
