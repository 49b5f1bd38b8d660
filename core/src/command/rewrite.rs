//! BGREWRITEAOF, and what its relatives say when a rewrite cannot start.

use crate::command::{Call, CommandError};
use crate::execute::Request;
use crate::propagate::Change;

/// What `BGREWRITEAOF` replies while a rewrite lives.
pub(crate) const IN_PROGRESS: &str =
    "ERR Background append only file rewriting already in progress";

/// What `BGREWRITEAOF` replies when pipes or child could not be made.
pub(crate) const CANNOT_REWRITE: &str = "ERR Can't execute an AOF background rewriting. Please \
                                         check the server logs for more information.";

/// What `CONFIG SET appendonly yes` replies then.
pub(crate) const CANNOT_TURN_ON: &str = "ERR Unable to turn on AOF. Check server logs.";

/// `BGREWRITEAOF`. Works with the log off, too: the file is then what is in memory now.
///
/// Redis has one child at a time and answers "scheduled" while another than a rewrite lives. Here
/// the only such child is one that was told to end and has not yet: Redis waits for it, with
/// everybody else.
#[doc(alias = "bgrewriteaofCommand")]
pub(super) fn bgrewriteaof<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let aof = call.facts.aof();
    let asked_before = call.requests.iter().any(|asked| asked.request == Request::Rewrite);
    if aof.rewrite_in_progress || asked_before {
        return Err(CommandError::text(IN_PROGRESS));
    }
    if aof.child_is_ending {
        call.ask(Request::ScheduleRewrite);
        call.reply.simple("Background append only file rewriting scheduled");
    } else {
        call.ask(Request::Rewrite);
        call.reply.simple("Background append only file rewriting started");
    }
    Ok(Change::None)
}
