//! Helpers shared by the tests.
#![cfg(not(target_arch = "wasm32"))]

pub mod client;
pub mod dataset;
pub mod needs;
pub mod process;
pub mod records;
pub mod server;
pub mod wait;
pub mod workload;
