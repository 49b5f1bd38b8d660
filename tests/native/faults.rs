//! Calls that fail and disks that are full, under the server as it is: it refuses, halts or heals
//! as promised, and never lies.
//!
//! What "never lies" means is in [`story`]: a write that was answered `+OK` is there after a kill
//! and a restart, one that was refused is not, and the log is one that Redis takes.

mod full_disk;
mod injected;
mod starts;
mod story;
