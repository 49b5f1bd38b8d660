//! Writes commands and replies in RESP2.

use crate::number::FloatText;

/// Appends `*<count>\r\n`.
pub fn array_header(count: usize, out: &mut Vec<u8>) {
    header(b'*', count, out);
}

/// Appends `$<length>\r\n<bytes>\r\n`.
pub fn bulk(bytes: &[u8], out: &mut Vec<u8>) {
    header(b'$', bytes.len(), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends `<kind><number>\r\n`. Most counts and lengths have one or two digits.
pub(crate) fn header(kind: u8, number: usize, out: &mut Vec<u8>) {
    if let Ok(small @ 0..=99) = u8::try_from(number) {
        let text = [kind, b'0' + small / 10, b'0' + small % 10, b'\r', b'\n'];
        match small {
            0..=9 => out.extend_from_slice(&[kind, text[2], b'\r', b'\n']),
            _ => out.extend_from_slice(&text),
        }
        return;
    }
    let mut digits = itoa::Buffer::new();
    out.push(kind);
    out.extend_from_slice(digits.format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends one command as an array of bulk strings, the form of the log and of every client.
#[doc(alias = "catAppendOnlyGenericCommand")]
pub fn encode_command<W: AsRef<[u8]>>(words: &[W], out: &mut Vec<u8>) {
    array_header(words.len(), out);
    for word in words {
        bulk(word.as_ref(), out);
    }
}

/// Appends replies to a client's output.
///
/// Once the output is longer than its limit nothing more is appended: whoever set the limit ends
/// the client, so what is missing is missed by nobody. Without that, one MGET that names a large
/// value a million times would take all memory before anybody could look at the output.
#[derive(Debug)]
pub struct Reply<'a> {
    out: &'a mut Vec<u8>,
    limit: usize,
}

impl<'a> Reply<'a> {
    /// Replies go to the end of `out`.
    #[must_use]
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, limit: usize::MAX }
    }

    /// Replies go to the end of `out`, and stop when it is longer than `limit_bytes`. One value
    /// may lead beyond it.
    #[must_use]
    pub fn bounded(out: &'a mut Vec<u8>, limit_bytes: u64) -> Self {
        Self { out, limit: usize::try_from(limit_bytes).unwrap_or(usize::MAX) }
    }

    /// Whether nothing more is appended: a loop over much may end.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.out.len() > self.limit
    }

    /// `+OK`.
    pub fn ok(&mut self) {
        if self.is_full() {
            return;
        }
        self.out.extend_from_slice(b"+OK\r\n");
    }

    /// A status, such as `+PONG`.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error. `text` begins with its code, such as `ERR` or `WRONGTYPE`. Line ends inside it
    /// become blanks, as in Redis, because they would end the reply.
    pub fn error(&mut self, text: &[u8]) {
        self.line(b'-', text);
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        if self.is_full() {
            return;
        }
        self.out.push(kind);
        let start = self.out.len();
        self.out.extend_from_slice(text);
        for byte in &mut self.out[start..] {
            if matches!(*byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        self.out.extend_from_slice(b"\r\n");
    }

    /// An integer.
    pub fn integer(&mut self, number: i64) {
        if self.is_full() {
            return;
        }
        let mut digits = itoa::Buffer::new();
        self.out.push(b':');
        self.out.extend_from_slice(digits.format(number).as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// A count as an integer.
    pub fn count(&mut self, count: usize) {
        self.integer(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A bulk string.
    pub fn bulk(&mut self, bytes: &[u8]) {
        if self.is_full() {
            return;
        }
        bulk(bytes, self.out);
    }

    /// A number with a point, as a bulk string with the digits that Redis writes.
    #[doc(alias = "addReplyDouble")]
    pub fn double(&mut self, number: f64) {
        self.bulk(FloatText::new(number).as_bytes());
    }

    /// A bulk string, or the null bulk string.
    pub fn bulk_or_null(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.bulk(bytes),
            None => self.null_bulk(),
        }
    }

    /// `$-1`: no such value.
    pub fn null_bulk(&mut self) {
        if self.is_full() {
            return;
        }
        self.out.extend_from_slice(b"$-1\r\n");
    }

    /// `*-1`: a transaction that was not executed.
    pub fn null_array(&mut self) {
        if self.is_full() {
            return;
        }
        self.out.extend_from_slice(b"*-1\r\n");
    }

    /// The head of an array; `count` replies must follow.
    pub fn array(&mut self, count: usize) {
        if self.is_full() {
            return;
        }
        array_header(count, self.out);
    }

    /// Bytes written so far, to insert a head later with [`Self::insert_array`].
    #[must_use]
    pub fn position(&self) -> usize {
        self.out.len()
    }

    /// Puts the head of an array of `count` before what was written since `position`.
    pub fn insert_array(&mut self, position: usize, count: usize) {
        let mut head = Vec::with_capacity(16);
        array_header(count, &mut head);
        self.out.splice(position..position, head);
    }

    /// Puts a bulk string before what was written since `position`.
    pub fn insert_bulk(&mut self, position: usize, bytes: &[u8]) {
        let mut form = Vec::with_capacity(bytes.len() + 16);
        bulk(bytes, &mut form);
        self.out.splice(position..position, form);
    }

    /// The output itself, for replies that are ready.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// The same output for another writer.
    pub fn reborrow(&mut self) -> Reply<'_> {
        Reply { out: self.out, limit: self.limit }
    }

    /// The output buffer.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_appended_to_an_output_that_is_too_long() {
        let mut out = Vec::new();
        let mut reply = Reply::bounded(&mut out, 20);
        reply.array(1_000_000);
        reply.bulk(b"sixteen bytes ..");
        assert!(reply.is_full());
        for _ in 0..1_000 {
            let mut reply = reply.reborrow();
            reply.ok();
            reply.simple("PONG");
            reply.error(b"ERR");
            reply.integer(1);
            reply.bulk(b"value");
            reply.null_bulk();
            reply.null_array();
            reply.array(2);
        }
        assert_eq!(out.len(), b"*1000000\r\n$16\r\nsixteen bytes ..\r\n".len());
    }

    #[test]
    fn every_kind_of_reply() {
        let mut out = b"before".to_vec();
        let mut reply = Reply::new(&mut out);
        let start = reply.position();
        reply.ok();
        reply.simple("a\r\nb");
        reply.error(b"ERR a\nb");
        reply.integer(i64::MIN);
        reply.count(7);
        reply.bulk(b"\r\n\0");
        reply.bulk_or_null(None);
        reply.null_array();
        reply.array(0);
        reply.raw(b":1\r\n");
        reply.insert_bulk(start, b"0");
        reply.insert_array(start, 11);
        let expected =
            b"before*11\r\n$1\r\n0\r\n+OK\r\n+a  b\r\n-ERR a b\r\n:-9223372036854775808\r\n:7\r\n\
            $3\r\n\r\n\0\r\n$-1\r\n*-1\r\n*0\r\n:1\r\n";
        assert_eq!(out, expected.to_vec(), "{}", String::from_utf8_lossy(&out));
    }

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        let mut out = Vec::new();
        encode_command(&["SET", "", "a\r\nb"], &mut out);
        assert_eq!(out, b"*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\nb\r\n");
    }
}
