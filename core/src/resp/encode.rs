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

fn header(kind: u8, number: usize, out: &mut Vec<u8>) {
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
#[derive(Debug)]
pub struct Reply<'a>(&'a mut Vec<u8>);

impl<'a> Reply<'a> {
    /// Replies go to the end of `out`.
    #[must_use]
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self(out)
    }

    /// `+OK`.
    pub fn ok(&mut self) {
        self.0.extend_from_slice(b"+OK\r\n");
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
        self.0.push(kind);
        let start = self.0.len();
        self.0.extend_from_slice(text);
        for byte in &mut self.0[start..] {
            if matches!(*byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        self.0.extend_from_slice(b"\r\n");
    }

    /// An integer.
    pub fn integer(&mut self, number: i64) {
        let mut digits = itoa::Buffer::new();
        self.0.push(b':');
        self.0.extend_from_slice(digits.format(number).as_bytes());
        self.0.extend_from_slice(b"\r\n");
    }

    /// A count as an integer.
    pub fn count(&mut self, count: usize) {
        self.integer(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A bulk string.
    pub fn bulk(&mut self, bytes: &[u8]) {
        bulk(bytes, self.0);
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
        self.0.extend_from_slice(b"$-1\r\n");
    }

    /// `*-1`: a transaction that was not executed.
    pub fn null_array(&mut self) {
        self.0.extend_from_slice(b"*-1\r\n");
    }

    /// The head of an array; `count` replies must follow.
    pub fn array(&mut self, count: usize) {
        array_header(count, self.0);
    }

    /// Bytes written so far, to insert a head later with [`Self::insert_array`].
    #[must_use]
    pub fn position(&self) -> usize {
        self.0.len()
    }

    /// Puts the head of an array of `count` before what was written since `position`.
    pub fn insert_array(&mut self, position: usize, count: usize) {
        let mut head = Vec::with_capacity(16);
        array_header(count, &mut head);
        self.0.splice(position..position, head);
    }

    /// Puts a bulk string before what was written since `position`.
    pub fn insert_bulk(&mut self, position: usize, bytes: &[u8]) {
        let mut form = Vec::with_capacity(bytes.len() + 16);
        bulk(bytes, &mut form);
        self.0.splice(position..position, form);
    }

    /// The output itself, for replies that are ready.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The same output for another writer.
    pub fn reborrow(&mut self) -> Reply<'_> {
        Reply(self.0)
    }

    /// The output buffer.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
