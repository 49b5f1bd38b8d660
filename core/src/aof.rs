//! The append-only file, from `aof_buf` to the disk.
//!
//! Three steps, as the seeds name them: *append* (the engine puts the log form of a command into
//! [`buffer::Buffer`]), *write* (the whole buffer goes to the kernel in one `write(2)`), *sync*
//! (`fdatasync(2)` makes what the kernel has durable). [`policy`] decides when, [`log::Log`] does
//! it, one effect at a time; under `always`, [`group`] says whether more clients may share a sync.

pub mod buffer;
pub mod group;
pub mod log;
pub mod policy;

pub use log::Log;
