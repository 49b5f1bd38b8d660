//! What must hold at every moment besides what failures leave.

use crate::aof::log::State as LogState;
use crate::engine::Engine;
use crate::rewrite::Stage;

use super::story::Violation;

/// The first invariant that does not hold. `is_calm`: nothing has failed so far and no child was
/// told to end.
pub(crate) fn check(engine: &Engine, is_calm: bool) -> Result<(), Violation> {
    let rewrite = engine.rewrite();
    if is_calm && rewrite.last_failed() {
        return Err(Violation::Invariant("a rewrite fails only if something has failed"));
    }
    if matches!(rewrite.stage(), Stage::Child { .. }) && engine.log().state() == LogState::On {
        buffers_agree(engine).map_err(Violation::Invariant)?;
    }
    Ok(())
}

/// Old log and rewrite buffer have the same bytes since the fork.
fn buffers_agree(engine: &Engine) -> Result<(), &'static str> {
    let (rewrite, log) = (engine.rewrite(), engine.log());
    let Some(forked_at) = rewrite.forked_at() else { return Ok(()) };
    let since_fork = log.ledger().appended().since(forked_at);
    let diff = rewrite.diff();
    if diff.sent_bytes() + diff.waiting_bytes() != since_fork {
        return Err("bytes of the old log since the fork are those sent and those left");
    }
    let mut left = Vec::new();
    for block in diff.blocks() {
        let sent = usize::try_from(block.sent_bytes).expect("small");
        left.extend_from_slice(&block.bytes[sent..]);
    }
    // What waits for the old log and was propagated after the fork waits, or has waited, for the
    // new one.
    let waits = log.buffer().bytes();
    let most = waits.len().min(left.len()).min(usize::try_from(since_fork).expect("small"));
    if waits[waits.len() - most..] != left[left.len() - most..] {
        return Err("no byte of aof_buf is in neither snapshot nor buffer");
    }
    Ok(())
}
