//! The tool `aof`: one file per command.

pub mod check;
pub mod replay;
