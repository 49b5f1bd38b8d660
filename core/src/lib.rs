//! The append-only file engine, and a world to watch it in.
//!
//! One machine, [`engine::Engine`], takes typed [`event::Event`]s and asks for typed
//! [`effect::Effect`]s; [`pump`] moves them. The server in `native` performs them with system
//! calls, the simulated world performs them on a model of a disk. Nothing in this crate does I/O,
//! reads a clock, draws a random number of its own, or prints.
//!
//! # Reading order
//!
//! The modules stand in the order in which a command meets them.

#![forbid(unsafe_code)]

// Words used everywhere.
pub mod config;
pub mod digest;
pub mod glob;
pub mod number;
pub mod profile;
pub mod random;
pub mod units;

// A request becomes a change of the dataset and bytes for the log.
pub mod command;
pub mod execute;
pub mod info;
pub mod keyspace;
pub mod propagate;
pub mod resp;
pub mod session;
pub mod value;

// Bytes of the log become bytes on a disk, and replies may leave.
pub mod aof;
pub mod client;
pub mod engine;
pub mod ledger;
pub mod rewrite;

// The boundary.
pub mod effect;
pub mod event;
pub mod note;
pub mod peer;
pub mod pump;
pub mod usage;

// A log becomes a dataset again.
pub mod load;
pub mod start;

// A model of everything outside, and what is promised about it.
pub mod explore;
pub mod promise;
pub mod sim;
pub mod trace;
