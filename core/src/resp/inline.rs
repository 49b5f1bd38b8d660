//! Words of an inline request, quoted as in `redis-cli` and Redis's configuration file.

use crate::resp::argv::Span;
use crate::resp::decode::ProtocolError;

/// Splits `line` at blanks into `words`, one after the other, and records where each lies.
///
/// `"…"` knows `\n \r \t \b \a \xHH` and a backslash before anything else; `'…'` knows only `\'`.
/// A closing quote must be followed by a blank or the end. A zero byte ends the line, as in
/// Redis, which holds it as a C string.
#[doc(alias = "sdssplitargs")]
pub(crate) fn split_words(
    line: &[u8],
    words: &mut Vec<u8>,
    spans: &mut Vec<Span>,
) -> Result<(), ProtocolError> {
    let line = line.split(|&byte| byte == 0).next().unwrap_or(&[]);
    let mut rest = line;
    loop {
        rest = rest.trim_prefix_blanks();
        if rest.is_empty() {
            return Ok(());
        }
        let start = words.len();
        rest = word(rest, words)?;
        spans.push(Span { start, length: words.len() - start });
    }
}

/// The blanks of C's `isspace`.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | 9..=13)
}

trait TrimBlanks {
    fn trim_prefix_blanks(&self) -> &Self;
}

impl TrimBlanks for [u8] {
    fn trim_prefix_blanks(&self) -> &Self {
        let blanks = self.iter().take_while(|&&byte| is_blank(byte)).count();
        &self[blanks..]
    }
}

/// Reads one word and gives back what follows it.
fn word<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        match rest {
            [] => return Ok(rest),
            [byte, ..] if is_blank(*byte) => return Ok(rest),
            [b'"', quoted @ ..] => return closed(double_quoted(quoted, out)?),
            [b'\'', quoted @ ..] => return closed(single_quoted(quoted, out)?),
            [byte, tail @ ..] => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
}

/// What follows a closing quote: a blank or nothing.
fn closed(rest: &[u8]) -> Result<&[u8], ProtocolError> {
    match rest.first() {
        Some(&byte) if !is_blank(byte) => Err(ProtocolError::UnbalancedQuotes),
        _ => Ok(rest),
    }
}

fn double_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        let (byte, tail) = match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [b'"', tail @ ..] => return Ok(tail),
            [b'\\', b'x', high, low, tail @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                (hex(*high) << 4 | hex(*low), tail)
            }
            [b'\\', escaped, tail @ ..] => (unescape(*escaped), tail),
            [byte, tail @ ..] => (*byte, tail),
        };
        out.push(byte);
        rest = tail;
    }
}

fn single_quoted<'a>(mut rest: &'a [u8], out: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        let (byte, tail) = match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [b'\'', tail @ ..] => return Ok(tail),
            [b'\\', b'\'', tail @ ..] => (b'\'', tail),
            [byte, tail @ ..] => (*byte, tail),
        };
        out.push(byte);
        rest = tail;
    }
}

const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A') + 10,
    }
}

const fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}
