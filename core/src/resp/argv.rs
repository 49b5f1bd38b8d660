//! One request as words, without copying them.

use crate::resp::decode::ProtocolError;
use crate::resp::encode::{array_header, bulk};
use crate::resp::inline::split_words;

/// Where one word lies in a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Length in bytes.
    pub length: usize,
}

impl Span {
    fn of(self, buffer: &[u8]) -> &[u8] {
        &buffer[self.start..self.start + self.length]
    }
}

/// The words of one request: a buffer and the places of the words in it. Free to copy.
#[derive(Clone, Copy, Debug)]
pub struct Argv<'a> {
    buffer: &'a [u8],
    spans: &'a [Span],
    canonical: Option<&'a [u8]>,
}

impl<'a> Argv<'a> {
    /// Words at `spans` of `buffer`.
    ///
    /// `canonical` is the request as [`crate::resp::encode_command`] would write it, when the
    /// caller has it: the log can then copy it in one piece.
    ///
    /// # Panics
    /// In debug builds, if a span leaves the buffer. In release builds such a span panics when
    /// its word is read.
    #[must_use]
    pub fn new(buffer: &'a [u8], spans: &'a [Span], canonical: Option<&'a [u8]>) -> Self {
        debug_assert!(
            spans
                .iter()
                .all(|span| span.start.checked_add(span.length).is_some_and(|e| e <= buffer.len())),
            "a span leaves the buffer of {} bytes",
            buffer.len()
        );
        Self { buffer, spans, canonical }
    }

    /// Number of words, the command's name included.
    #[must_use]
    pub fn len(self) -> usize {
        self.spans.len()
    }

    /// Whether there is no word at all. The decoder never hands out such a request.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.spans.is_empty()
    }

    /// Word `index`, if there are that many. Word 0 is the command's name.
    #[must_use]
    pub fn get(self, index: usize) -> Option<&'a [u8]> {
        self.spans.get(index).map(|span| span.of(self.buffer))
    }

    /// Word `index`, for callers that have checked the number of words (the arity).
    ///
    /// # Panics
    /// If there are not that many words.
    #[must_use]
    pub fn word(self, index: usize) -> &'a [u8] {
        self.spans[index].of(self.buffer)
    }

    /// The command's name as the client wrote it, empty if there is no word.
    #[must_use]
    pub fn name(self) -> &'a [u8] {
        self.get(0).unwrap_or(&[])
    }

    /// All words in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = &'a [u8]> + DoubleEndedIterator + Clone {
        self.spans.iter().map(move |span| span.of(self.buffer))
    }

    /// Words from `index` on, none if there are fewer.
    pub fn skip(
        self,
        index: usize,
    ) -> impl ExactSizeIterator<Item = &'a [u8]> + DoubleEndedIterator + Clone {
        let rest = self.spans.get(index..).unwrap_or(&[]);
        rest.iter().map(move |span| span.of(self.buffer))
    }

    /// The request's own bytes, when they are exactly what
    /// [`crate::resp::encode_command`] would write.
    #[must_use]
    pub fn canonical(self) -> Option<&'a [u8]> {
        self.canonical
    }
}

/// The words of one request with bytes of their own: queued transactions, scripts, tests.
///
/// The bytes are always canonical, so appending one to the log is one copy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OwnedArgv {
    encoded: Vec<u8>,
    spans: Vec<Span>,
}

impl OwnedArgv {
    /// Encodes `words`.
    #[must_use]
    pub fn from_words<W: AsRef<[u8]>>(words: &[W]) -> Self {
        Self::collect(words.len(), words.iter().map(AsRef::as_ref))
    }

    /// The memory that it takes, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let spans = self.spans.capacity() * size_of::<Span>();
        (self.encoded.capacity() + spans + size_of::<Self>()) as u64
    }

    /// The words of a line as a person types them: separated by blanks, no quotes.
    #[must_use]
    pub fn from_line(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        Self::from_words(&words)
    }

    /// The words of a line as `redis-cli` splits it, with its quotes and escapes.
    ///
    /// # Errors
    /// For quotes that do not close, or close in the middle of a word.
    pub fn from_quoted_line(line: &[u8]) -> Result<Self, ProtocolError> {
        let (mut words, mut spans) = (Vec::new(), Vec::new());
        split_words(line, &mut words, &mut spans)?;
        Ok(Self::collect(spans.len(), spans.iter().map(|span| span.of(&words))))
    }

    fn collect<'w>(count: usize, words: impl Iterator<Item = &'w [u8]>) -> Self {
        let mut encoded = Vec::new();
        let mut spans = Vec::with_capacity(count);
        array_header(count, &mut encoded);
        for word in words {
            bulk(word, &mut encoded);
            let end = encoded.len() - 2;
            spans.push(Span { start: end - word.len(), length: word.len() });
        }
        Self { encoded, spans }
    }

    /// The request, borrowed.
    #[must_use]
    pub fn as_argv(&self) -> Argv<'_> {
        Argv::new(&self.encoded, &self.spans, Some(&self.encoded))
    }

    /// The encoded request.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }
}

impl From<Argv<'_>> for OwnedArgv {
    fn from(argv: Argv<'_>) -> Self {
        Self::collect(argv.len(), argv.iter())
    }
}
