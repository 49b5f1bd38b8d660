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
//! - [`check`]: the same without a dataset; what `aof check` says.
//! - [`fault`]: what can be wrong, as data.
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
