//! The documents in `core/doc` that tables of the program say: the directives, and what each write
//! command leaves in the log.

use std::fmt::Write as _;
use std::path::PathBuf;

use aof_core::command::{COMMANDS, Command, Family, LogForm};
use aof_core::config::Config;
use aof_core::config::directives::{Directive, SECTIONS, Standing, directives};
use aof_tests::needs;

/// Set to write the documents instead of comparing them.
const WRITE: &str = "AOF_LAB_WRITE_DOCS";

#[test]
fn the_documents_say_what_the_tables_say() {
    for (name, text) in [("directives.md", directives_md()), ("log-forms.md", log_forms_md())] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../core/doc").join(name);
        if std::env::var_os(WRITE).is_some() {
            assert!(!needs::in_ci(), "{WRITE} would make this test pass");
            std::fs::write(&path, &text).expect("the document can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = text.lines().zip(found.lines()).find(|(new, old)| new != old);
        assert!(
            text == found,
            "core/doc/{name} is not what the tables say. Write it with\n  {WRITE}=1 cargo test -p \
             aof-tests --test native documents\nFirst difference: {differs:?}"
        );
    }
}

fn directives_md() -> String {
    let mut text = String::from(
        "# Directives\n\n\
         <!-- Generated from core/src/config/directives/table.rs. A test compares them. -->\n\n\
         Every directive of Redis 6.2, and this project's own, in a file, on the command line, and \
         in `CONFIG GET`, `SET` and `REWRITE`.\n\n\
         - **Honoured**: it does what it does in Redis.\n\
         - **Accepted**: it changes nothing here, and neither data nor safety depends on it.\n  \
         The value is checked and kept; the start warns about every value but the one shown.\n\
         - **Refused**: it would promise what this server does not do.\n  \
         Only the values shown are taken; any other is an error with the reason.\n\n\
         *Live* says whether `CONFIG SET` takes it.\n\
         Redis 6.2 can also change `port`, `bind` and `dir` at run time; this server does with \
         them only once what has to be done.\n\
         An unknown directive is an error that names file and line.\n\n",
    );
    let count = |wanted: fn(&Standing) -> bool| {
        directives().filter(|directive| wanted(&directive.standing)).count()
    };
    let _ = writeln!(
        text,
        "{} honoured, {} accepted, {} refused.",
        count(|standing| matches!(standing, Standing::Honoured(_) | Standing::Included)),
        count(|standing| matches!(standing, Standing::Accepted { .. })),
        count(|standing| matches!(standing, Standing::Refused { .. })),
    );
    for section in SECTIONS {
        let _ = write!(
            text,
            "\n## {}\n\n| directive | standing | value | here | live | why |\n\
             |---|---|---|---|---|---|\n",
            section.title
        );
        for directive in section.directives {
            text.push_str(&directive_row(directive));
        }
    }
    text
}

fn directive_row(directive: &Directive) -> String {
    let (standing, why) = match directive.standing {
        Standing::Honoured(_) => ("honoured", ""),
        Standing::Included => ("honoured", "the other file stands in the place of this line"),
        Standing::Accepted { warning, .. } => ("accepted", warning),
        Standing::Refused { reason, .. } => ("refused", reason),
    };
    let here = match directive.standing {
        Standing::Refused { harmless, .. } => {
            harmless.iter().map(|value| code(value)).collect::<Vec<_>>().join(" or ")
        }
        _ if directive.setting => code(&directive.get(&Config::default())),
        _ => String::new(),
    };
    let name = match directive.alias {
        Some(alias) => format!("`{}`, `{alias}`", directive.name),
        None => format!("`{}`", directive.name),
    };
    let value = directive.shape().placeholder().replace('|', ", ");
    let live = if directive.changeable { "yes" } else { "" };
    format!("| {name} | {standing} | {value} | {here} | {live} | {why} |\n")
}

fn code(value: &str) -> String {
    if value.is_empty() { "`\"\"`".to_owned() } else { format!("`{value}`") }
}

fn log_forms_md() -> String {
    let mut text = String::from(
        "# What reaches the log\n\n\
         <!-- Generated from the command table, core/src/command/table.rs. Tests compare both with \
         what runs write. -->\n\n\
         Every command that can change the dataset, and the record that it leaves in the \
         append-only file when it did.\n\
         A command that changed nothing leaves none.\n\
         *As sent* is the client's own words, byte for byte; otherwise words in lower case stand \
         for what varies.\n\
         A record for another database than the last one's is preceded by `SELECT`, a transaction \
         stands between `MULTI` and `EXEC`, and a key whose time has come leaves `DEL key`.\n",
    );
    for (family, title) in [
        (Family::String, "Strings"),
        (Family::List, "Lists"),
        (Family::Hash, "Hashes"),
        (Family::Set, "Sets"),
        (Family::SortedSet, "Sorted sets"),
        (Family::Keyspace, "Keys of any type"),
        (Family::Transaction, "Transactions"),
        (Family::Connection, "The connection"),
        (Family::Server, "The server"),
    ] {
        let rows: Vec<&Command> = COMMANDS
            .iter()
            .filter(|command| command.family == family && command.log != LogForm::Never)
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = write!(text, "\n## {title}\n\n| command | record |\n|---|---|\n");
        for command in rows {
            let forms = match command.log {
                LogForm::Never => continue,
                LogForm::AsSent => "as sent".to_owned(),
                LogForm::Rewritten(forms) => {
                    forms.iter().map(|form| format!("`{form}`")).collect::<Vec<_>>().join(" or ")
                }
            };
            let _ = writeln!(text, "| `{}` | {forms} |", command.upper_name());
        }
    }
    text
}
