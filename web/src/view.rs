//! What the page gets: the twins of `types.ts`, field for field. `core` knows no serde; everything
//! is copied here, so that a view never points into a world that moves on.

pub mod bytes;
pub mod crash;
pub mod log;
pub mod rewrite;
pub mod risk;
pub mod snapshot;
pub mod step;

use serde::{Serialize, Serializer};

use aof_core::units::Errno;

/// Bytes that become a `Uint8Array`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// `ErrnoView`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrnoView {
    /// The number.
    pub number: i32,
    /// Its name, such as `ENOSPC`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl From<Errno> for ErrnoView {
    fn from(errno: Errno) -> Self {
        let name = match errno.0 {
            2 => "ENOENT",
            4 => "EINTR",
            5 => "EIO",
            9 => "EBADF",
            11 => "EAGAIN",
            12 => "ENOMEM",
            13 => "EACCES",
            22 => "EINVAL",
            23 => "ENFILE",
            24 => "EMFILE",
            27 => "EFBIG",
            28 => "ENOSPC",
            30 => "EROFS",
            32 => "EPIPE",
            122 => "EDQUOT",
            _ => "errno",
        };
        Self { number: errno.0, name, text: errno.text() }
    }
}

/// `IoResult`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum IoResult {
    /// It went well.
    Taken {
        /// `true`.
        ok: bool,
        /// How many bytes.
        bytes: u64,
    },
    /// It failed.
    Failed {
        /// `false`.
        ok: bool,
        /// Why.
        errno: ErrnoView,
    },
}

impl IoResult {
    /// The twin of a call's result.
    #[must_use]
    pub fn of(result: Result<u64, Errno>) -> Self {
        match result {
            Ok(bytes) => Self::Taken { ok: true, bytes },
            Err(errno) => Self::Failed { ok: false, errno: errno.into() },
        }
    }
}

/// Text of bytes that may be anything.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    /// A value of megabytes is no text to read; the bytes themselves are in the log view.
    const MOST: usize = 4096;
    String::from_utf8_lossy(bytes.get(..MOST).unwrap_or(bytes)).into_owned()
}
