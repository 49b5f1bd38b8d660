//! Replies as a person reads them, the way `redis-cli` shows them.

use crate::view::text;

/// Splits the bytes of some replies into one text each.
#[must_use]
pub fn shown(bytes: &[u8]) -> String {
    parse(bytes, 0).map_or_else(|| text(bytes), |(shown, _)| shown)
}

/// Whether a reply is an error.
#[must_use]
pub fn is_error(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'-')
}

/// Replies nest no deeper than this; a deeper one is shown raw.
const DEPTH_LIMIT: usize = 8;

/// One reply, and what follows it.
fn parse(bytes: &[u8], depth: usize) -> Option<(String, &[u8])> {
    if depth > DEPTH_LIMIT {
        return None;
    }
    let (line, rest) = split_line(bytes)?;
    let (kind, line) = line.split_first()?;
    match kind {
        b'+' | b'-' => Some((text(line), rest)),
        b':' => Some((format!("(integer) {}", text(line)), rest)),
        b'$' => bulk(number(line)?, rest),
        b'*' => array(number(line)?, rest, depth),
        _ => None,
    }
}

fn bulk(length: i64, rest: &[u8]) -> Option<(String, &[u8])> {
    let Ok(length) = usize::try_from(length) else { return Some(("(nil)".to_owned(), rest)) };
    let payload = rest.get(..length)?;
    let rest = rest.get(length + 2..)?;
    let escaped = text(payload).escape_debug().to_string();
    Some((format!("\"{escaped}\""), rest))
}

fn array(count: i64, mut rest: &[u8], depth: usize) -> Option<(String, &[u8])> {
    let Ok(count) = usize::try_from(count) else { return Some(("(nil)".to_owned(), rest)) };
    if count == 0 {
        return Some(("(empty array)".to_owned(), rest));
    }
    let mut lines = Vec::new();
    let width = count.to_string().len();
    // What follows the first line of an element stands below its beginning.
    let margin = format!("\n{:1$}", "", width + 2);
    for index in 1..=count {
        let (element, behind) = parse(rest, depth + 1)?;
        lines.push(format!("{index:width$}) {}", element.replace('\n', &margin)));
        rest = behind;
    }
    Some((lines.join("\n"), rest))
}

fn number(line: &[u8]) -> Option<i64> {
    std::str::from_utf8(line).ok()?.parse().ok()
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&bytes[..end], &bytes[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_read_as_in_redis_cli() {
        let cases: [(&[u8], &str); 11] = [
            (b"+OK\r\n", "OK"),
            (b"-ERR no such key\r\n", "ERR no such key"),
            (b":3\r\n", "(integer) 3"),
            (b"$3\r\na\"b\r\n", "\"a\\\"b\""),
            (b"$-1\r\n", "(nil)"),
            (b"*-1\r\n", "(nil)"),
            (b"*0\r\n", "(empty array)"),
            (b"*2\r\n$1\r\na\r\n:1\r\n", "1) \"a\"\n2) (integer) 1"),
            (b"*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$-1\r\n", "1) \"0\"\n2) 1) \"a\"\n   2) (nil)"),
            (
                b"*10\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n",
                " 1) (integer) 0\n 2) (integer) 0\n 3) (integer) 0\n 4) (integer) 0\n \
                 5) (integer) 0\n 6) (integer) 0\n 7) (integer) 0\n 8) (integer) 0\n \
                 9) (integer) 0\n10) (integer) 0",
            ),
            (b"garbage", "garbage"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(shown(bytes), expected);
        }
    }
}
