//! Native tests.
#![cfg(not(target_arch = "wasm32"))]

mod recovery;
mod server;
mod traces;
