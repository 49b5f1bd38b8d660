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
            call.requests.push(Request::ResetStatistics);
            call.reply.ok();
        }
        (b"rewrite", 2) => {
            if call.executor.config.config_file.is_empty() {
                return Err(CommandError::text("ERR The server is running without a config file"));
            }
            call.requests.push(Request::RewriteConfig);
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
    let config = &mut call.executor.config;
    if config.appendonly && !was_on {
        // What is in memory could only get into the log by a rewrite, which does not exist yet.
        config.appendonly = false;
        return Err(CommandError::text("ERR Unable to turn on AOF. Check server logs."));
    }
    if !config.appendonly && was_on {
        call.requests.push(Request::AppendOnlyOff);
    }
    if config.appendfsync != policy {
        call.requests.push(Request::PolicyChanged);
    }
    if config.profile != profile {
        call.requests.push(Request::ProfileChanged);
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
pub(super) fn shutdown<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let save = match (call.argv.get(1), call.argv.len()) {
        (None, _) => ShutdownSave::Default,
        (Some(word), 2) if word.eq_ignore_ascii_case(b"NOSAVE") => ShutdownSave::NoSave,
        (Some(word), 2) if word.eq_ignore_ascii_case(b"SAVE") => ShutdownSave::Save,
        _ => return Err(CommandError::Syntax),
    };
    call.requests.push(Request::Shutdown { save });
    Ok(Change::None)
}
