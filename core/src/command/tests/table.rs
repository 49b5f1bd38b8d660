use super::{Bench, check};
use crate::command::{COMMANDS, Flags, Keys, lookup};

#[test]
fn every_command_is_found_in_any_case() {
    for command in COMMANDS {
        for name in [command.name.to_owned(), command.upper_name()] {
            assert!(std::ptr::eq(lookup(name.as_bytes()).unwrap(), command), "{name}");
        }
        assert!(lookup(format!("{}_", command.name).as_bytes()).is_none());
        assert!(lookup(&command.name.as_bytes()[1..]).is_none_or(|c| c.name != command.name));
    }
    for name in ["", " ", "ge", "gett", "\0get", "averyverylongnameofacommand", "get "] {
        assert!(lookup(name.as_bytes()).is_none(), "{name:?}");
    }
    // `|0x20` makes some bytes equal that are no letters.
    assert!(lookup(b"\x47\x45\x54").is_some());
    assert!(lookup(b"get\0").is_none() && lookup(b"GE\x14").is_none());
}

#[test]
fn rows_make_sense() {
    for (index, command) in COMMANDS.iter().enumerate() {
        let name = command.name;
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase()), "{name}");
        assert!(!COMMANDS[..index].iter().any(|other| other.name == name), "{name} twice");
        let both = command.flags.has(Flags::WRITE) && command.flags.has(Flags::READONLY);
        assert!(!both && command.arity != 0, "{name}");
        if command.keys != Keys::NONE {
            assert!(command.arity.unsigned_abs() >= command.keys.first.unsigned_abs(), "{name}");
        }
    }
}

#[test]
fn command_describes_the_table() {
    check(
        &[
            ("COMMAND COUNT", &format!(":{}", COMMANDS.len())),
            (
                "COMMAND INFO get nothing",
                "[[\"get\", :2, [+readonly, +fast], :1, :1, :1, [+@read, +@string, +@fast]], [nil]]",
            ),
            ("COMMAND INFO", "[]"),
            ("COMMAND GETKEYS MSET a 1 b 2", "[\"a\", \"b\"]"),
            ("COMMAND GETKEYS RENAME a b", "[\"a\", \"b\"]"),
            ("COMMAND GETKEYS DEL a b c", "[\"a\", \"b\", \"c\"]"),
            ("COMMAND GETKEYS SORT a", "[\"a\"]"),
            ("COMMAND GETKEYS SORT a STORE b", "[\"a\", \"b\"]"),
            ("COMMAND GETKEYS SORT a odd LIMIT 0 1 store b", "[\"a\", \"b\"]"),
            ("COMMAND GETKEYS SORT a GET STORE STORE b", "[\"a\", \"b\"]"),
            ("COMMAND GETKEYS SORT a STORE b STORE c STORE", "[\"a\", \"c\"]"),
            ("COMMAND GETKEYS SORT a STORE STORE STORE y", "[\"a\", \"y\"]"),
            ("COMMAND GETKEYS SORT a STORE LIMIT x STORE y", "[\"a\", \"LIMIT\"]"),
            ("COMMAND GETKEYS SORT a LIMIT 0 STORE b", "[\"a\"]"),
            ("COMMAND GETKEYS SORT a BY STORE b", "[\"a\"]"),
            ("COMMAND GETKEYS MEMORY usage x SAMPLES 5", "[\"x\"]"),
            ("COMMAND GETKEYS MEMORY USAGE", "-ERR Invalid arguments specified for command"),
            ("COMMAND GETKEYS MEMORY DOCTOR x", "-ERR Invalid arguments specified for command"),
            ("COMMAND GETKEYS MEMORY", "-ERR Invalid number of arguments specified for command"),
            ("COMMAND GETKEYS GET", "-ERR Invalid number of arguments specified for command"),
            ("COMMAND GETKEYS PING", "-ERR The command has no key arguments"),
            ("COMMAND GETKEYS WHAT a", "-ERR Invalid command specified"),
            (
                "COMMAND DOCS",
                "-ERR Unknown subcommand or wrong number of arguments for 'DOCS'. \
                 Try COMMAND HELP.",
            ),
        ],
        &[],
    );
    let all = Bench::default().step("COMMAND");
    assert_eq!(all.matches("[\"").count(), COMMANDS.len());
}

#[test]
fn wrong_numbers_of_words_never_reach_a_command() {
    let mut bench = Bench::default();
    for command in COMMANDS {
        for words in 1..8_usize {
            let line: Vec<&str> =
                std::iter::once(command.name).chain(std::iter::repeat_n("1", words - 1)).collect();
            let reply = String::from_utf8(bench.run_words(9, &line)).unwrap();
            let abort = "EXECABORT Transaction discarded because of:";
            let code = if command.name == "exec" { abort } else { "ERR" };
            let name = command.name;
            let arity = format!("-{code} wrong number of arguments for '{name}' command\r\n");
            if !command.accepts(words) {
                assert_eq!(reply, arity, "{line:?}");
            }
        }
        bench.run_words(9, &["client", "reply", "on"]);
        bench.run_words(9, &["reset"]);
    }
}
