//! The power is cut, on real file systems.
//!
//! [`table`] cuts after operations that are written down here, and says what each file system
//! leaves: the models of `aof_core::sim::crash` are only worth something if they know each of these
//! images. `cargo test -p aof-tests --test native power_cut::table -- --nocapture` prints the table.

mod script;
mod table;
