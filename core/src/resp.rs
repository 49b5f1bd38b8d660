//! Being built.
/// Stub.
#[derive(Clone, Copy, Debug)]
pub struct Argv<'a>(&'a [u8]);
/// Stub.
#[derive(Clone, Copy, Debug)]
pub struct ProtocolError;
