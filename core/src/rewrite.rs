//! The rewrite: the dataset becomes a new, short log while the old one goes on growing.
//!
//! # Who does what
//!
//! A forked child sees the dataset as it was at the fork. It writes the fewest commands that make
//! it ([`emit`]) into a file of its own, takes in what the parent sends meanwhile, and ends
//! ([`child`]). The parent goes on serving: every record since the fork goes to the old log, as
//! always, and once more into the rewrite buffer ([`diff`]), from where a pipe brings it to the
//! child. When the child has ended well, the parent appends the rest itself and lets the name of
//! the log lead to the new file ([`parent`]).
//!
//! Parent and child are two machines that share nothing but the bytes on the pipes. A host runs
//! the child in a forked process to its end; the simulated world moves it step by step.
//!
//! This is the design of Redis 3.0 to 6.2. Redis 7 splits the log into several files and needs
//! neither buffer nor pipes.

pub mod child;
pub mod diff;
pub mod emit;
pub mod mutation;
pub mod names;
pub mod parent;
pub mod stage;
pub mod switch;
pub mod trigger;

pub use parent::Rewrite;
pub use stage::Stage;
pub use trigger::Cause;

#[cfg(test)]
pub(crate) mod model;
