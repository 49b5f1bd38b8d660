//! A model of everything outside the engine: a disk that can fail, clients, a clock, and the power
//! plug.
//!
//! - [`disk`]: files, names, what is durable and what is not.
//! - [`crash`]: every image that a failure may leave, and what each of them recovers to.

pub mod crash;
pub mod disk;
