//! CONFIG, MONITOR, TIME, SHUTDOWN.

use crate::command::{Call, CommandError};
use crate::config::directives;
use crate::execute::{Request, ShutdownSave};
use crate::propagate::Change;

pub(super) fn config<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let subcommand = call.word(1).to_ascii_lowercase();
    match (subcommand.as_slice(), call.argv.len()) {
        (b"get", 3) => {
            let config = &call.executor.config;
            let found: Vec<_> = directives::get(config, call.argv.word(2)).collect();
            call.reply.array(found.len() * 2);
            for (name, value) in found {
                call.reply.bulk(name.as_bytes());
                call.reply.bulk(value.as_bytes());
            }
        }
        (b"set", 4) => {
            set(call)?;
            call.reply.ok();
        }
        (b"resetstat", 2) => {
            call.executor.reset_statistics();
            call.ask(Request::ResetStatistics);
            call.reply.ok();
        }
        (b"rewrite", 2) => {
            if call.executor.config.config_file.is_empty() {
                return Err(CommandError::text("ERR The server is running without a config file"));
            }
            call.ask(Request::RewriteConfig);
            call.reply.ok();
        }
        (b"help", 2) => {
            super::introspection::help(
                &mut call.reply,
                "CONFIG",
                &[
                    "GET <pattern>",
                    "    Directives whose names match, with their values.",
                    "SET <directive> <value>",
                    "    Change a directive.",
                    "REWRITE",
                    "    Write the settings into the configuration file.",
                    "RESETSTAT",
                    "    Set the counters of INFO back to zero.",
                ],
            );
        }
        _ => return Err(call.unknown_subcommand()),
    }
    Ok(Change::None)
}

fn set(call: &mut Call<'_, '_>) -> Result<(), CommandError> {
    let (was_on, policy, profile) = {
        let config = &call.executor.config;
        (config.appendonly, config.appendfsync, config.profile)
    };
    directives::set(&mut call.executor.config, call.argv.word(2), call.argv.word(3))
        .map_err(|error| CommandError::Text(error.text().into()))?;
    let config = &call.executor.config;
    let changes = [
        (config.appendonly && !was_on, Request::AppendOnlyOn),
        (!config.appendonly && was_on, Request::AppendOnlyOff),
        (config.appendfsync != policy, Request::PolicyChanged),
        (config.profile != profile, Request::ProfileChanged),
    ];
    for (_, request) in changes.into_iter().filter(|(has_changed, _)| *has_changed) {
        call.ask(request);
    }
    Ok(())
}

/// `MONITOR`: from now on this client sees every command.
pub(super) fn monitor<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    if call.session.in_exec {
        return Err(CommandError::text("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    call.executor.monitors.add(call.session.id);
    call.reply.ok();
    Ok(Change::None)
}

/// Seconds and microseconds of the clock that events carry, which counts milliseconds.
pub(super) fn time<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    call.reply.array(2);
    call.reply.bulk(call.now.seconds().to_string().as_bytes());
    call.reply.bulk((call.now.0 % 1000 * 1000).to_string().as_bytes());
    Ok(Change::None)
}

/// The engine ends the process, so there is no reply.
///
/// While a child writes the file with which the log begins, what was acknowledged since the log was
/// turned on is in no log, so the server stays. Once no child is there, it may end.
#[doc(alias = "prepareForShutdown")]
pub(super) fn shutdown<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let save = match (call.argv.get(1), call.argv.len()) {
        (None, _) => ShutdownSave::Default,
        (Some(word), 2) if word.eq_ignore_ascii_case(b"NOSAVE") => ShutdownSave::NoSave,
        (Some(word), 2) if word.eq_ignore_ascii_case(b"SAVE") => ShutdownSave::Save,
        _ => return Err(CommandError::Syntax),
    };
    if call.facts.aof().writes_initial_log {
        call.ask(Request::ShutdownRefused);
        return Err(CommandError::text("ERR Errors trying to SHUTDOWN. Check logs."));
    }
    call.ask(Request::Shutdown { save });
    Ok(Change::None)
}
