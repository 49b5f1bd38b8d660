//! Runs of the real server, recorded, for tests that have no server: those in a browser.
//!
//! Each has commands, transactions, keys that ended, changes of the policy, a stalled sync, and a
//! short write that was taken back. How to record them again stands in
//! `tests/native/system_calls.rs`.

/// Names and bytes.
pub const TRACES: [(&str, &[u8]); 6] = [
    ("hardened-always", include_bytes!("../fixtures/traces/hardened-always.trace")),
    ("hardened-everysec", include_bytes!("../fixtures/traces/hardened-everysec.trace")),
    ("hardened-no", include_bytes!("../fixtures/traces/hardened-no.trace")),
    ("redis-6.2-always", include_bytes!("../fixtures/traces/redis-6.2-always.trace")),
    ("redis-6.2-everysec", include_bytes!("../fixtures/traces/redis-6.2-everysec.trace")),
    ("redis-6.2-no", include_bytes!("../fixtures/traces/redis-6.2-no.trace")),
];
