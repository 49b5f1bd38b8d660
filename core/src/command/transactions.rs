//! MULTI, EXEC, DISCARD, WATCH, UNWATCH.

use crate::command::{Call, CommandError, lookup};
use crate::execute::run_admitted;
use crate::propagate::Change;
use crate::session::Transaction;

pub(super) fn multi<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    if call.session.transaction.is_some() {
        return Err(CommandError::text("ERR MULTI calls can not be nested"));
    }
    call.session.transaction = Some(Transaction::default());
    call.reply.ok();
    Ok(Change::None)
}

pub(super) fn discard<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    if call.session.transaction.take().is_none() {
        return Err(CommandError::text("ERR DISCARD without MULTI"));
    }
    call.executor.watches.release(call.session);
    call.reply.ok();
    Ok(Change::None)
}

/// Runs the queue as one unit, or not at all: not if a command was refused when it was queued,
/// and not if a watched key was changed or has expired since WATCH.
#[doc(alias = "execCommand")]
pub(super) fn exec<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let Some(transaction) = call.session.transaction.take() else {
        return Err(CommandError::text("ERR EXEC without MULTI"));
    };
    let stale = call.executor.watches.is_stale(call.session) || watches_expired(call);
    call.executor.watches.release(call.session);
    if transaction.dirty {
        return Err(CommandError::text(
            "EXECABORT Transaction discarded because of previous errors.",
        ));
    }
    if stale {
        call.reply.null_array();
        return Ok(Change::None);
    }
    call.reply.array(transaction.queue.len());
    call.log.begin_transaction();
    call.session.in_exec = true;
    for argv in &transaction.queue {
        // Only known commands are queued.
        if let Some(command) = lookup(argv.as_argv().name()) {
            run_admitted(&mut Call {
                command,
                argv: argv.as_argv(),
                now: call.now,
                loading: call.loading,
                executor: &mut *call.executor,
                session: &mut *call.session,
                facts: call.facts,
                reply: call.reply.reborrow(),
                log: call.log.reborrow(),
                requests: &mut *call.requests,
            });
        }
    }
    call.session.in_exec = false;
    call.log.end_transaction();
    Ok(Change::None)
}

#[doc(alias = "isWatchedKeyExpired")]
fn watches_expired(call: &Call<'_, '_>) -> bool {
    let keyspace = &call.executor.keyspace;
    call.session
        .watched
        .iter()
        .any(|watched| keyspace.db(watched.db).is_expired(&watched.key, call.now))
}

pub(super) fn watch<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    if call.session.transaction.is_some() {
        return Err(CommandError::text("ERR WATCH inside MULTI is not allowed"));
    }
    for key in call.argv.skip(1) {
        call.executor.watches.add(call.session, key);
    }
    call.reply.ok();
    Ok(Change::None)
}

pub(super) fn unwatch<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.executor.watches.release(call.session);
    call.reply.ok();
    Ok(Change::None)
}
