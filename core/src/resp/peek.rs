//! A look ahead at the keys of requests that wait, so that memory can be asked for them early.
//!
//! A dataset is larger than the processor's cache, so most commands wait for memory three times:
//! for the index, for the entry, for its value. In a pipeline the next keys stand in the input
//! already, and a processor waits for sixteen places as long as for one when it knows of them at
//! once.
//!
//! This is a hint and nothing else: whatever it finds or misses, every request is decoded and
//! executed as if it had not looked.

use crate::resp::argv::Span;

/// Most keys of one look.
pub const KEYS_AHEAD: usize = 16;

/// Where the keys of the requests at the front of some input are.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeysAhead {
    spans: [Span; KEYS_AHEAD],
    count: usize,
}

impl KeysAhead {
    /// Looks at up to [`KEYS_AHEAD`] requests at the front of `input` that are written in the
    /// plain way, and takes the second word of each for its key. Stops at anything else.
    #[must_use]
    pub fn look(input: &[u8]) -> Self {
        let mut found = Self::default();
        let mut at = 0;
        while found.count < KEYS_AHEAD {
            let Some((words, first)) = header(input, at, b'*') else { break };
            at = first;
            for word in 0..words {
                let Some((length, start)) = header(input, at, b'$') else { return found };
                if word == 1 {
                    // A key that has not arrived is not needed soon.
                    if start + length > input.len() {
                        return found;
                    }
                    found.spans[found.count] = Span { start, length };
                    found.count += 1;
                }
                at = start + length + 2;
            }
        }
        found
    }

    /// The keys, in `input`, which must be the same as before.
    pub fn keys<'i>(&self, input: &'i [u8]) -> impl Iterator<Item = &'i [u8]> {
        self.spans[..self.count]
            .iter()
            .filter_map(|span| input.get(span.start..span.start.checked_add(span.length)?))
    }

    /// Whether there are at least two: a single one is needed at once anyway.
    #[must_use]
    pub const fn are_several(&self) -> bool {
        self.count > 1
    }
}

/// The number in `<kind>123\r\n` at `at`, of up to seven digits, and what follows it.
fn header(input: &[u8], at: usize, kind: u8) -> Option<(usize, usize)> {
    if *input.get(at)? != kind {
        return None;
    }
    let mut number = 0;
    for place in at + 1..at + 9 {
        match *input.get(place)? {
            digit @ b'0'..=b'9' => number = number * 10 + usize::from(digit - b'0'),
            b'\r' if place > at + 1 => return Some((number, place + 2)),
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::encode_command;

    fn keys(input: &[u8]) -> Vec<&[u8]> {
        KeysAhead::look(input).keys(input).collect()
    }

    #[test]
    fn finds_the_second_word_of_each_request() {
        let mut input = Vec::new();
        encode_command(&["SET", "a", "1"], &mut input);
        encode_command(&["PING"], &mut input);
        encode_command(&["GET", ""], &mut input);
        encode_command(&["MGET", "first", "second"], &mut input);
        assert_eq!(keys(&input), [&b"a"[..], b"", b"first"]);
        assert!(KeysAhead::look(&input).are_several());
        for cut in 0..input.len() {
            let found = keys(&input[..cut]);
            assert!([&b"a"[..], b"", b"first"].starts_with(&found), "{cut}");
        }
    }

    #[test]
    fn looks_no_further_than_it_must_and_never_panics() {
        let mut input = Vec::new();
        for number in 0..40 {
            encode_command(&["GET", &number.to_string()], &mut input);
        }
        assert_eq!(keys(&input).len(), KEYS_AHEAD);
        for odd in [
            &b"GET a\r\n"[..],
            b"*2\r\n$-1\r\n",
            b"*99999999\r\n$3\r\n",
            b"*2\r\n$9999999\r\nGET\r\n$1\r\na\r\n",
            b"*2\r\n$3\r\nGET\r\n$9999999\r\na\r\n",
            b"*\r\n",
            b"",
        ] {
            assert!(keys(odd).is_empty(), "{odd:?}");
        }
    }
}
