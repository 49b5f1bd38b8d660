//! RESP2: requests in, replies and log records out.
//!
//! - [`argv`]: one request as words that borrow the bytes they came in.
//! - [`decode`]: bytes of a client become requests, however they are cut into pieces.
//! - [`peek`]: the keys of requests that still wait, so that memory can be asked for them early.
//! - [`encode`]: commands for the log, and every kind of reply.

pub mod argv;
pub mod decode;
pub mod encode;
pub(crate) mod inline;
pub mod peek;

pub use argv::{Argv, OwnedArgv, Span};
pub use decode::{Decoded, Decoder, Limits, ProtocolError};
pub use encode::{Reply, encode_command};
pub use peek::KeysAhead;
