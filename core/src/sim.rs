//! A model of everything outside the engine: a disk that can fail, clients, a clock, and the power
//! plug.
//!
//! - [`disk`]: files, names, what is durable and what is not.
//! - [`machine`]: the disk with a clock and jobs; performs effects.
//! - [`pipes`]: between the server and its rewrite child.
//! - [`boot`]: a start on that machine, one step at a time.
//! - [`journal`]: what was asked, executed and acknowledged.
//! - [`world`]: all of it together; takes steps, fails, starts again.
//! - [`fact`]: what happened at a step.
//! - [`fields`]: what the engine's fields said after it.
//! - [`verdict`]: what each failure would take now.
//! - [`crash`]: every image that a failure may leave.
//! - [`recover`]: what each of them recovers to, and whether the promise is kept.
//! - [`operation`]: what a recorder saw a program do to the file system, laid onto a disk.
//! - [`rewriting`]: a rewrite as it can be looked at.
//! - [`schedule`]: who may move next, where a choice decides.
//! - [`timeline`]: branches of a run, and any step of them.
//! - [`scenario`]: runs that are written down.

pub mod boot;
pub mod bytes;
pub mod crash;
pub mod disk;
pub mod fact;
pub mod fields;
pub mod journal;
pub mod machine;
pub mod operation;
pub mod pipes;
pub mod recover;
pub mod rewriting;
pub mod scenario;
pub mod schedule;
pub mod timeline;
pub mod verdict;
pub mod world;
