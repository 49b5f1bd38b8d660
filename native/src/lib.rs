//! The native host: real sockets, a real disk, real time.
//!
//! The engine in `core` decides; this crate performs. [`server`] is the event loop, [`host`] the
//! environment that turns effects into system calls, [`lanes`] the threads that wait for the disk.
//! No rule about persistence lives here.

pub mod admission;
pub mod apart;
pub mod boot;
pub mod cli;
pub mod clock;
pub mod config_file;
pub mod connection;
pub mod descriptors;
pub mod directory;
pub mod driver;
pub mod fork;
pub mod host;
pub mod lanes;
pub mod loading;
pub mod lock;
pub mod log_text;
pub mod logger;
pub mod net;
pub mod options;
pub mod power_cut;
pub mod ready;
pub mod record;
pub mod rewriting;
pub mod server;
pub mod signals;
pub mod socket;
pub mod start;
pub mod timer;
pub mod usage;
