//! The record of a run: every event, every effect, and what state each step led to.
//!
//! # What it is for
//! A run of the server can be taken to the page and stepped there; a schedule made in the page
//! becomes a test of the server. Neither sends its state: the events alone decide everything, so
//! the record holds the events as they were handled, and of effects and states only as much as is
//! needed to notice the first step at which two runs differ.
//!
//! # The form
//! Eight bytes of magic, a version, then records: length (4 bytes), kind (1 byte), body. Numbers
//! are little-endian and of fixed width, so a trace is the same bytes on every machine.
//!
//! | kind | body |
//! |---|---|
//! | 1 header | seed, clocks, process, length and digest of the loaded log, configuration as directives |
//! | 2 log | a piece of the log that was loaded, if the trace is to stand alone |
//! | 3 event | an event from outside |
//! | 4 answer | an event that an effect returned at once |
//! | 5 effect | its summary: kind, names, lengths, a hash of the bytes |
//! | 6 step | the digest of the engine after a step |
//!
//! The header comes first, then the pieces of the log. An effect follows what caused it, an answer
//! follows its effect.
//!
//! # Who does what
//! [`Recorder`] collects bytes that the host takes away and keeps: this crate does no I/O.
//! [`pump_recorded`] is [`crate::pump::pump`] with a recorder. [`Reader`] takes pieces of any size
//! and gives records. [`Replay`] runs the events on a new engine and compares.
//!
//! # Versions
//! 1 knew no addresses, no usage and no reading. 2 has them. 3 has rewrites.
//!
//! # What is not promised
//! A version of the format is read by the program that knows it; others say that they do not.
//! Replaying needs the same engine: after a change of behaviour an old trace shows where it first
//! matters.

pub mod read;
pub mod record;
pub mod replay;
mod wire;
pub mod write;

pub use read::{Reader, TraceError};
pub use record::{EffectSummary, Fingerprint, Header, Record, RecordedEvent, dataset_digest};
pub use replay::{Difference, Replay, ReplayFailure, ReplayReport, replay};
pub use write::{Recorder, pump_recorded, step_recorded};

/// The first bytes of a trace.
pub const MAGIC: [u8; 8] = *b"AOFTRACE";

/// The version of the format that this program writes and reads.
pub const VERSION: u32 = 3;

/// No record is longer: the largest request that a client may send, and room around it. A longer
/// length means that the file is no trace any more.
pub const RECORD_LIMIT_BYTES: u32 = 0x7fff_0000;

#[cfg(test)]
mod tests;
