//! Patterns as `KEYS` and `CONFIG GET` understand them: `*`, `?`, `[a-z]`, `[^a]`, `\x`.
//!
//! The matcher walks both strings once and goes back only to the last `*`. That is enough,
//! because everything else in a pattern stands for exactly one byte: once a later `*` was
//! reached, what an earlier one took need never change. So the work is at most the product of
//! both lengths, where a matcher that calls itself at each `*` needs time exponential in their
//! number for patterns such as `a*a*a*a*b` (in Redis before 7.0: CVE-2022-36021).

/// Whether upper and lower case ASCII letters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Case {
    /// They differ (`KEYS`, `SCAN`).
    Sensitive,
    /// They do not (`CONFIG GET`).
    Insensitive,
}

impl Case {
    const fn fold(self, byte: u8) -> u8 {
        match self {
            Self::Sensitive => byte,
            Self::Insensitive => byte.to_ascii_lowercase(),
        }
    }
}

/// Whether `pattern` matches the whole of `text`.
///
/// Odd patterns mean what they mean to Redis: a class that is not closed ends with the pattern, a
/// range may be given backwards, a lone `\` at the end stands for itself.
#[must_use]
#[doc(alias = "stringmatchlen")]
pub fn matches(pattern: &[u8], text: &[u8], case: Case) -> bool {
    let (mut at, mut position) = (0, 0);
    // Where to go on after a mismatch: behind the last star, one byte further in the text.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            retry = Some((at, position));
            continue;
        }
        if position == text.len() && at == pattern.len() {
            return true;
        }
        let step = match (pattern.get(at..), text.get(position)) {
            (Some(rest), Some(&byte)) if !rest.is_empty() => one(rest, byte, case),
            _ => None,
        };
        if let Some(length) = step {
            at += length;
            position += 1;
        } else {
            let Some((after_star, from)) = retry else { return false };
            if from >= text.len() {
                return false;
            }
            retry = Some((after_star, from + 1));
            (at, position) = (after_star, from + 1);
        }
    }
}

/// Matches the element at the front of `pattern` with one byte. Returns the element's length.
fn one(pattern: &[u8], byte: u8, case: Case) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'[', ..] => {
            let (length, matched) = class(pattern, byte, case);
            matched.then_some(length)
        }
        [b'\\', escaped, ..] => (case.fold(*escaped) == case.fold(byte)).then_some(2),
        [literal, ..] => (case.fold(*literal) == case.fold(byte)).then_some(1),
        [] => None,
    }
}

/// Matches the class at the front of `pattern`. Returns its length and whether it matched.
fn class(pattern: &[u8], byte: u8, case: Case) -> (usize, bool) {
    let negated = pattern.get(1) == Some(&b'^');
    let mut at = if negated { 2 } else { 1 };
    let mut matched = false;
    loop {
        match pattern.get(at..).unwrap_or(&[]) {
            // An escaped byte in a class is compared as it is, whatever the case.
            [b'\\', escaped, ..] => {
                matched |= *escaped == byte;
                at += 2;
            }
            [b']', ..] => return (at + 1, matched != negated),
            [] => return (at, matched != negated),
            [first, b'-', last, ..] => {
                let (first, last) = (case.fold(*first), case.fold(*last));
                matched |= (first.min(last)..=first.max(last)).contains(&case.fold(byte));
                at += 3;
            }
            [literal, ..] => {
                matched |= case.fold(*literal) == case.fold(byte);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensitive(pattern: &str, text: &str) -> bool {
        matches(pattern.as_bytes(), text.as_bytes(), Case::Sensitive)
    }

    #[test]
    fn patterns_mean_what_they_mean_to_redis() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("a", "", false),
            ("*", "", true),
            ("**", "anything", true),
            ("?", "", false),
            ("h?llo", "hello", true),
            ("h*llo", "hllo", true),
            ("h*llo", "heeello", true),
            ("h*llo", "hell", false),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hello", false),
            ("h[^e]llo", "hbllo", true),
            ("h[a-c]llo", "hbllo", true),
            ("h[c-a]llo", "hbllo", true),
            ("h[a-c]llo", "hdllo", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("[\\]]", "]", true),
            ("[]", "]", false),
            ("[abc", "b", true),
            ("[abc", "d", false),
            ("[^", "x", true),
            ("[", "[", false),
            ("\\", "\\", true),
            ("*b", "abab", true),
            ("*[b]*c", "aabbxc", true),
            ("a*b*c", "axbxbxd", false),
            ("a-b", "a-b", true),
            ("[a-]", "-", false),
            ("[a-]", "^", true),
        ] {
            assert_eq!(sensitive(pattern, text), expected, "{pattern:?} {text:?}");
        }
        assert!(matches(b"APPEND*", b"appendonly", Case::Insensitive));
        assert!(matches(b"[A-C]", b"b", Case::Insensitive));
        assert!(!sensitive("APPEND*", "appendonly"));
    }

    /// The plain recursive meaning, to compare with.
    fn recursive(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', rest @ ..] => (0..=text.len()).any(|taken| recursive(rest, &text[taken..])),
            _ => text.split_first().is_some_and(|(byte, rest)| {
                one(pattern, *byte, Case::Sensitive)
                    .is_some_and(|length| recursive(&pattern[length..], rest))
            }),
        }
    }

    #[test]
    fn every_short_pattern_agrees_with_the_recursive_meaning() {
        let strings = |alphabet: &[u8], longest: u32| -> Vec<Vec<u8>> {
            let size = alphabet.len();
            (0..=longest)
                .flat_map(|length| (0..size.pow(length)).map(move |code| (length, code)))
                .map(|(length, mut code)| {
                    let digits = (0..length).map(|_| {
                        let digit = alphabet[code % size];
                        code /= size;
                        digit
                    });
                    digits.collect()
                })
                .collect()
        };
        let texts = strings(b"ab]", 4);
        for pattern in strings(b"a*?[^]\\-", 5) {
            for text in &texts {
                assert_eq!(
                    matches(&pattern, text, Case::Sensitive),
                    recursive(&pattern, text),
                    "{:?} {:?}",
                    String::from_utf8_lossy(&pattern),
                    String::from_utf8_lossy(text)
                );
            }
        }
    }

    #[test]
    fn many_stars_do_not_cost_exponential_work() {
        let pattern = b"a*".repeat(60);
        let text = [b"a".repeat(3000), b"b".to_vec()].concat();
        assert!(!matches(&[&pattern[..], b"c"].concat(), &text, Case::Sensitive));
        assert!(matches(&pattern, &text, Case::Sensitive));
    }
}
