//! A branch as bytes, so that another thread can run it again.
//!
//! A page computes what every step of a run would lose in a worker, and a worker shares no memory
//! with its page. What a branch is made of is small: settings, a script, and what was done at which
//! step. It goes over as bytes and is run again there; that gives the same steps, because a world
//! is a function of its settings and its inputs.
//!
//! Both sides are the same program, so the form has no version. It is no format for files.
//!
//! # Bounds
//! A worker takes bytes from anybody. Every number that decides how long a step takes or how much
//! memory it needs has its bounds in `bounds`, and bytes outside of them are refused. The settings
//! of a real run are far inside.
//!
//! # Rejected
//! A trace of the run: it tells what the server was asked and did, and nothing of writeback, of
//! faults that are still to strike, or of the future.

use std::sync::Arc;

use thiserror::Error;

use crate::resp::{Decoded, Decoder, Limits, OwnedArgv};
use crate::sim::crash::DiskModel;
use crate::sim::disk::{self, FailedPages};
use crate::sim::fact::Fault;
use crate::sim::rewriting;
use crate::sim::timeline::{Branch, begin, give};
use crate::sim::world::{Due, Input, Settings, StartFailed, World, settings_of};
use crate::trace::{Header, Reader, Record, Recorder};
use crate::units::{ClientId, Micros, Millis};

mod bounds;
mod fields;
mod pick;
#[cfg(test)]
mod tests;

use fields::{Fields, put_bytes, put_u64};

/// What a branch is made of.
#[derive(Clone, Debug)]
pub struct Run {
    settings: Settings,
    script: Vec<Due>,
    /// What was done at a step, in order.
    acts: Vec<(u64, Due)>,
}

/// Bytes that are no run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// They end too early, or are no value of that field.
    #[error("the run cannot be read: {field}")]
    Unreadable {
        /// Which field.
        field: &'static str,
    },
    /// A number that no run has.
    #[error("the run cannot be read: {field} is {found}, it must be {least} to {most}")]
    OutOfBounds {
        /// Which field, with its unit.
        field: &'static str,
        /// The number.
        found: u64,
        /// The smallest there may be.
        least: u64,
        /// The largest there may be.
        most: u64,
    },
}

const fn unreadable(field: &'static str) -> RunError {
    RunError::Unreadable { field }
}

impl Run {
    /// A run of this scenario, to which nobody does anything.
    #[must_use]
    pub const fn new(settings: Settings, script: Vec<Due>) -> Self {
        Self { settings, script, acts: Vec::new() }
    }

    /// The world before its first step.
    ///
    /// # Errors
    /// When the log cannot be loaded.
    pub fn begin(&self) -> Result<World, StartFailed> {
        begin(self.settings.clone(), &self.script)
    }

    /// Does what was done at this step.
    pub fn act(&self, world: &mut World, step: u64) {
        for (_, due) in self.acts.iter().filter(|(at, _)| *at == step) {
            give(world, due.clone());
        }
    }

    /// As bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_settings(&self.settings, &mut out);
        put_u64(self.script.len() as u64, &mut out);
        self.script.iter().for_each(|due| put_due(due, &mut out));
        for (step, due) in &self.acts {
            put_u64(*step, &mut out);
            put_due(due, &mut out);
        }
        out
    }

    /// Reads [`Self::to_bytes`] back.
    ///
    /// # Errors
    /// When the bytes are something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RunError> {
        let mut fields = Fields(bytes);
        let settings = read_settings(&mut fields)?;
        let mut script = Vec::new();
        for _ in 0..fields.within("script", bounds::INPUTS)? {
            script.push(read_due(&mut fields)?);
        }
        let mut acts = Vec::new();
        while !fields.0.is_empty() {
            if acts.len() as u64 >= *bounds::INPUTS.end() {
                return Err(unreadable("acts"));
            }
            acts.push((fields.u64("step")?, read_due(&mut fields)?));
        }
        Ok(Self { settings, script, acts })
    }
}

impl Branch {
    /// What it is made of.
    #[must_use]
    pub fn run(&self) -> Run {
        let (settings, script) = (self.settings.clone(), self.script.clone());
        Run { settings, script, acts: self.acts.clone() }
    }
}

fn put_settings(settings: &Settings, out: &mut Vec<u8>) {
    if let Some(trace) = &settings.trace {
        put_u64(1, out);
        put_bytes(trace.bytes(), out);
        return;
    }
    put_u64(0, out);
    // Smaller than its directive allows, so that a picture can show several.
    put_u64(settings.config.aof_rewrite_block_bytes, out);
    let mut config = settings.config.clone();
    config.aof_rewrite_block_bytes = crate::config::Config::default().aof_rewrite_block_bytes;
    let header = Header {
        config,
        seed: settings.seed,
        now: Millis(0),
        mono: Micros(0),
        loaded_bytes: 0,
        dataset_digest: 0,
    };
    put_bytes(Recorder::new(&header).bytes(), out);
    put_bytes(&settings.aof, out);
    put_u64(settings.stalled_syncs_micros.len() as u64, out);
    for (sync, micros) in &settings.stalled_syncs_micros {
        put_u64(*sync, out);
        put_u64(*micros, out);
    }
    put_u64(settings.clients.len() as u64, out);
    settings.clients.iter().for_each(|client| put_u64(client.0, out));
    put_disk(&settings.parameters, out);
    put_rewriting(&settings.rewriting, out);
}

fn read_settings(fields: &mut Fields<'_>) -> Result<Settings, RunError> {
    if fields.u64("kind")? == 1 {
        return settings_of(fields.bytes("trace")?).map_err(|_| unreadable("trace"));
    }
    let block_bytes = fields.within("block bytes", bounds::BYTES)?;
    let mut reader = Reader::new();
    reader.feed(fields.bytes("settings")?);
    let Ok(Some(Record::Header(header))) = reader.next_record() else {
        return Err(unreadable("settings"));
    };
    let Header { mut config, seed, .. } = *header;
    config.aof_rewrite_block_bytes = block_bytes;
    let aof = Arc::new(fields.bytes("log")?.to_vec());
    let mut stalled_syncs_micros = Vec::new();
    for _ in 0..fields.within("stalls", bounds::ENTRIES)? {
        let sync = fields.within("stalled sync", bounds::SYNCS)?;
        stalled_syncs_micros.push((sync, fields.within("stall micros", bounds::MICROS)?));
    }
    let mut clients = Vec::new();
    for _ in 0..fields.within("clients", bounds::ENTRIES)? {
        clients.push(ClientId(fields.u64("client")?));
    }
    let parameters = read_disk(fields)?;
    let rewriting = read_rewriting(fields)?;
    let (record, trace) = (false, None);
    Ok(Settings {
        config,
        seed,
        parameters,
        aof,
        stalled_syncs_micros,
        clients,
        rewriting,
        record,
        trace,
    })
}

fn put_disk(parameters: &disk::Parameters, out: &mut Vec<u8>) {
    let disk::Parameters {
        sync_base_micros,
        sync_per_kibibyte_micros,
        writeback_interval_micros,
        writeback_age_micros,
        names_age_micros,
        failed_pages,
    } = *parameters;
    put_u64(sync_base_micros, out);
    put_u64(sync_per_kibibyte_micros, out);
    put_u64(writeback_interval_micros, out);
    put_u64(writeback_age_micros, out);
    put_u64(names_age_micros, out);
    put_u64(u64::from(failed_pages == FailedPages::Kept), out);
}

fn read_disk(fields: &mut Fields<'_>) -> Result<disk::Parameters, RunError> {
    Ok(disk::Parameters {
        sync_base_micros: fields.within("sync micros", bounds::MICROS)?,
        sync_per_kibibyte_micros: fields.within("sync micros per KiB", bounds::PER_KIBIBYTE)?,
        writeback_interval_micros: fields.within("writeback interval", bounds::INTERVAL_MICROS)?,
        writeback_age_micros: fields.within("writeback age", bounds::MICROS)?,
        names_age_micros: fields.within("names age", bounds::MICROS)?,
        failed_pages: match fields.u64("failed pages")? {
            0 => FailedPages::Dropped,
            _ => FailedPages::Kept,
        },
    })
}

fn put_rewriting(parameters: &rewriting::Parameters, out: &mut Vec<u8>) {
    let rewriting::Parameters {
        pipe_bytes,
        write_bytes,
        read_diff_every_bytes,
        read_bytes,
        drain_limit_ms,
        silent_ms,
        fork_micros,
        write_micros,
        step_micros,
        hold,
        page_slots,
        pages,
        orphan_lives,
    } = *parameters;
    let whole = [pipe_bytes, write_bytes, read_diff_every_bytes, read_bytes, drain_limit_ms];
    let times = [fork_micros, write_micros, step_micros];
    whole.iter().chain(&times).for_each(|number| put_u64(*number, out));
    [silent_ms, page_slots, pages].iter().for_each(|number| put_u64((*number).into(), out));
    put_u64(orphan_lives.into(), out);
    put_u64(hold.is_some().into(), out);
    let (from, to) = hold.unwrap_or_default();
    put_u64(from.0, out);
    put_u64(to.0, out);
}

fn read_rewriting(fields: &mut Fields<'_>) -> Result<rewriting::Parameters, RunError> {
    Ok(rewriting::Parameters {
        pipe_bytes: fields.within("pipe bytes", bounds::BYTES)?,
        write_bytes: fields.within("write bytes", bounds::BYTES)?,
        read_diff_every_bytes: fields.within("bytes between reads", bounds::BYTES)?,
        read_bytes: fields.within("read bytes", bounds::BYTES)?,
        drain_limit_ms: fields.within("drain milliseconds", bounds::DRAIN_MS)?,
        fork_micros: fields.within("fork micros", bounds::MICROS)?,
        write_micros: fields.within("write micros", bounds::MICROS)?,
        step_micros: fields.within("step micros", bounds::MICROS)?,
        silent_ms: fields.u32_within("silent milliseconds", bounds::DRAIN_MS)?,
        page_slots: fields.u32_within("page slots", bounds::PAGES)?,
        pages: fields.u32_within("pages", bounds::PAGES)?,
        orphan_lives: fields.u64("orphan")? != 0,
        hold: {
            let held = fields.u64("hold")? != 0;
            let from = Micros(fields.within("hold micros", bounds::TIME)?);
            let to = Micros(fields.within("hold micros", bounds::TIME)?);
            held.then_some((from, to))
        },
    })
}

fn put_due(Due { at, input }: &Due, out: &mut Vec<u8>) {
    put_u64(at.0, out);
    let kind = match input {
        Input::Command { .. } => 0,
        Input::Disconnect { .. } => 1,
        Input::Shutdown => 2,
        Input::Fault(_) => 3,
        Input::Kill => 4,
        Input::KillChild => 5,
        Input::CutPower => 6,
        Input::Boot { .. } => 7,
        Input::Wait => 8,
    };
    put_u64(kind, out);
    match input {
        Input::Command { client, words } => {
            put_u64(client.0, out);
            put_bytes(words.as_bytes(), out);
        }
        Input::Disconnect { client } => put_u64(client.0, out),
        Input::Fault(fault) => put_bytes(fault.as_str().as_bytes(), out),
        Input::Boot { pick, model } => {
            put_bytes(model.as_str().as_bytes(), out);
            pick::put(pick, out);
        }
        Input::Shutdown | Input::Kill | Input::KillChild | Input::CutPower | Input::Wait => {}
    }
}

fn read_due(fields: &mut Fields<'_>) -> Result<Due, RunError> {
    let at = Micros(fields.within("time micros", bounds::TIME)?);
    let input = match fields.u64("input")? {
        0 => {
            let client = ClientId(fields.u64("client")?);
            let mut decoder = Decoder::new(Limits::default());
            let Decoded::Command { argv, .. } = decoder.decode(fields.bytes("words")?) else {
                return Err(unreadable("words"));
            };
            Input::Command { client, words: Arc::new(OwnedArgv::from(argv)) }
        }
        1 => Input::Disconnect { client: ClientId(fields.u64("client")?) },
        2 => Input::Shutdown,
        3 => Input::Fault(Fault::parse(fields.text("fault")?).ok_or(unreadable("fault"))?),
        4 => Input::Kill,
        5 => Input::KillChild,
        6 => Input::CutPower,
        7 => {
            let model = DiskModel::parse(fields.text("model")?).ok_or(unreadable("model"))?;
            let pick = pick::read(fields)?;
            Input::Boot { pick, model }
        }
        8 => Input::Wait,
        _ => return Err(unreadable("input")),
    };
    Ok(Due { at, input })
}
