//! Helpers shared by the tests.

pub mod fixtures;
pub mod schedules;

#[cfg(not(target_arch = "wasm32"))]
pub mod client;
#[cfg(not(target_arch = "wasm32"))]
pub mod dataset;
#[cfg(not(target_arch = "wasm32"))]
pub mod fuse;
#[cfg(not(target_arch = "wasm32"))]
pub mod generate;
#[cfg(not(target_arch = "wasm32"))]
pub mod hostile;
#[cfg(not(target_arch = "wasm32"))]
pub mod needs;
#[cfg(not(target_arch = "wasm32"))]
pub mod proc;
#[cfg(not(target_arch = "wasm32"))]
pub mod process;
#[cfg(not(target_arch = "wasm32"))]
pub mod records;
#[cfg(not(target_arch = "wasm32"))]
pub mod server;
#[cfg(not(target_arch = "wasm32"))]
pub mod small_disk;
#[cfg(not(target_arch = "wasm32"))]
pub mod strace;
#[cfg(not(target_arch = "wasm32"))]
pub mod wait;
#[cfg(not(target_arch = "wasm32"))]
pub mod workload;
