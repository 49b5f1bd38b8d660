//! Bytes that need no allocation while they are few.

/// The most bytes that stand in the value itself.
const INLINE_BYTES: usize = 22;

/// An immutable byte string of 24 bytes: up to 22 bytes stand in it, more on the heap.
///
/// Most keys, and all integers, fit. It saves the allocation (16 bytes of overhead and a cache
/// miss) and costs 8 bytes more than a boxed slice.
#[derive(Clone)]
pub struct CompactBytes(Form);

#[derive(Clone)]
enum Form {
    Inline { length: u8, bytes: [u8; INLINE_BYTES] },
    Heap(Box<[u8]>),
}

impl CompactBytes {
    /// A copy of `bytes`.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self::inline(bytes).unwrap_or_else(|| Self(Form::Heap(bytes.into())))
    }

    /// Takes over `bytes` with their allocation where it is needed.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self::inline(&bytes).unwrap_or_else(|| Self(Form::Heap(bytes.into_boxed_slice())))
    }

    fn inline(bytes: &[u8]) -> Option<Self> {
        let length = u8::try_from(bytes.len()).ok()?;
        let mut buffer = [0; INLINE_BYTES];
        buffer.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self(Form::Inline { length, bytes: buffer }))
    }

    /// Copies `bytes` over its own, if both are on the heap and equally long. Returns whether it
    /// did.
    pub(super) fn overwrite(&mut self, bytes: &[u8]) -> bool {
        match &mut self.0 {
            Form::Heap(own) if own.len() == bytes.len() => {
                own.copy_from_slice(bytes);
                true
            }
            Form::Heap(_) | Form::Inline { .. } => false,
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Form::Heap(bytes) => bytes,
        }
    }

    /// What stands outside of the 24 bytes: 0, or the size of the allocation with the 8 bytes that
    /// an allocator adds.
    #[must_use]
    pub fn heap_bytes(&self) -> u64 {
        match &self.0 {
            Form::Inline { .. } => 0,
            Form::Heap(bytes) => (bytes.len() as u64 + 8).next_multiple_of(16),
        }
    }

    /// The bytes in a vector with room for `additional_bytes` more.
    pub(super) fn into_vec(self, additional_bytes: usize) -> Vec<u8> {
        match self.0 {
            Form::Inline { length, bytes } => {
                let length = usize::from(length);
                let mut vector = Vec::with_capacity(length + additional_bytes);
                vector.extend_from_slice(&bytes[..length]);
                vector
            }
            Form::Heap(bytes) => {
                let mut vector = bytes.into_vec();
                vector.reserve_exact(additional_bytes);
                vector
            }
        }
    }
}

impl Default for CompactBytes {
    fn default() -> Self {
        Self(Form::Inline { length: 0, bytes: [0; INLINE_BYTES] })
    }
}

impl core::ops::Deref for CompactBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for CompactBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for CompactBytes {}

impl core::fmt::Debug for CompactBytes {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "b\"{}\"", self.as_bytes().escape_ascii())
    }
}
