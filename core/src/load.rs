//! A log becomes a dataset again.
//!
//! The third machine of this crate, beside the engine and the simulated world: the host reads the
//! file and feeds it piece by piece; one command is one step, so that the page can play recovery
//! back. It stands outside [`crate::pump`], because nothing that loads needs a gate, a reply or a
//! log.
//!
//! - [`scan`]: the grammar, byte by byte; what is strict, and why zeros are looked at twice.
//! - [`parse`]: pieces become commands with their words.
//! - [`replay`]: commands become a dataset; [`Loader`].
//! - [`mod@check`]: the same without a dataset; what `aof check` says.
//! - [`fault`]: what can be wrong, as data.
//!
//! # Stricter than Redis
//! Redis reads numbers with `strtol`: it takes blanks, a sign, leading zeros and even no digit at
//! all. Nothing writes such a log, so here they are malformed. In 5,000 damaged logs that was the
//! only way in which `redis-check-aof` 7.0 judged otherwise.
//!
//! # What is not promised
//! A log has no checksum. A byte that changed inside a payload loads as that byte.

pub mod check;
pub mod fault;
pub mod parse;
mod progress;
pub mod replay;
pub mod scan;

pub use check::{Check, Known, Report, Verdict, check};
pub use fault::{
    Broken, Class, LoadError, Malformation, Missing, OpenTransaction, Place, Problem, Tail,
    TailClass,
};
pub use parse::Parsed;
pub use replay::{LoadStep, Loaded, Loader, ReplayOutcome, Replayed};
pub use scan::Options;

#[cfg(test)]
mod tests;
