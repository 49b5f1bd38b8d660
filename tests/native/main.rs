//! Tests that need a real disk, a real server, or more than one crate.
#![cfg(not(target_arch = "wasm32"))]

mod client_libraries;
mod descriptors;
mod documents;
mod facts;
mod faults;
mod hostile;
mod kill9;
mod oracle_redis;
mod power_cut;
mod promises_native;
mod recorder;
mod recovery;
mod rewrite_commands;
mod rewrite_emission;
mod rewrites;
mod schedules;
mod server;
mod sockets;
mod system_calls;
mod tidy;
mod tools_aof;
mod tools_redis;
mod torture;
mod traces;
