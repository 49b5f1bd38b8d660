//! Which words of a command are secrets: the slow log and MONITOR must not show them.

use crate::resp::Argv;

/// What stands in the place of a secret (Redis: `redactClientCommandArgument`).
pub(crate) const REDACTED: &[u8] = b"(redacted)";

/// Directives whose values nobody may see (Redis: `SENSITIVE_CONFIG`).
const SECRETS: [&[u8]; 4] = [b"requirepass", b"masterauth", b"masteruser", b"tls-key-file-pass"];

/// The words of `argv`, with every password taken out.
pub(crate) fn words_without_secrets<'a>(argv: Argv<'a>) -> impl Iterator<Item = &'a [u8]> {
    let name = argv.name();
    let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
    let (auth, hello) = (is("auth"), is("hello"));
    let config = is("config")
        && argv.get(1).is_some_and(|word| word.eq_ignore_ascii_case(b"set"))
        && argv.get(2).is_some_and(|name| SECRETS.iter().any(|s| name.eq_ignore_ascii_case(s)));
    // HELLO version AUTH user password: both words behind AUTH.
    let mut hidden_after_auth = 0;
    argv.iter().enumerate().map(move |(index, word)| {
        if auth && index > 0 || config && index == 3 {
            return REDACTED;
        }
        if hello && hidden_after_auth > 0 {
            hidden_after_auth -= 1;
            return REDACTED;
        }
        if hello && index > 1 && word.eq_ignore_ascii_case(b"auth") {
            hidden_after_auth = 2;
        }
        word
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::OwnedArgv;

    #[test]
    fn passwords_are_not_shown() {
        for (line, shown) in [
            ("AUTH secret", "AUTH (redacted)"),
            ("auth user secret", "auth (redacted) (redacted)"),
            ("AUTH a b c", "AUTH (redacted) (redacted) (redacted)"),
            (
                "HELLO 2 AUTH user secret SETNAME me",
                "HELLO 2 AUTH (redacted) (redacted) SETNAME me",
            ),
            ("hello 2 setname auth auth auth s", "hello 2 setname auth (redacted) (redacted) s"),
            ("CONFIG SET requirepass secret", "CONFIG SET requirepass (redacted)"),
            ("config set MASTERAUTH secret", "config set MASTERAUTH (redacted)"),
            ("config set RequirePass s", "config set RequirePass (redacted)"),
            ("CONFIG GET requirepass", "CONFIG GET requirepass"),
            ("SET auth secret", "SET auth secret"),
        ] {
            let argv = OwnedArgv::from_line(line);
            let words: Vec<_> = words_without_secrets(argv.as_argv())
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect();
            assert_eq!(words.join(" "), shown);
        }
    }
}
