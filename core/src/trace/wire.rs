//! Records as bytes. Each writer stands beside its reader; a new variant of an event or an effect
//! does not compile before it is here.

mod body;
mod effect;
mod event;

use crate::config::directives::{parse_text, to_text};
use crate::config::{Config, ProcessFacts};
use crate::trace::read::TraceError;
use crate::trace::record::{Header, Record};
use crate::units::{Micros, Millis};
use body::{Body, put_u32, put_u64};
use effect::read_effect;
use event::read_event;

pub(crate) use effect::effect;
pub(crate) use event::event;

pub(crate) const HEADER: u8 = 1;
pub(crate) const LOG: u8 = 2;
pub(crate) const EVENT: u8 = 3;
pub(crate) const ANSWER: u8 = 4;
pub(crate) const EFFECT: u8 = 5;
pub(crate) const STEP: u8 = 6;

/// In a header, before the directives, which begin with a letter: here follows `most_clients`.
/// Traces of the simulated world, which has room for everyone, are without it, and so are those
/// from before there was such a limit: nothing in them was refused for it.
const MOST_CLIENTS: u8 = 0;

/// Reads a record's kind and body. `offset` is where it begins.
pub(crate) fn record(bytes: &[u8], offset: u64) -> Result<Record, TraceError> {
    let damaged = |field| TraceError::Body { offset, field };
    let mut body = Body(bytes);
    let kind = body.u8("kind").map_err(damaged)?;
    let record = match kind {
        HEADER => Record::Header(Box::new(read_header(&mut body, offset)?)),
        LOG => Record::Log(std::mem::take(&mut body.0).to_vec()),
        EVENT => Record::Event(read_event(&mut body).map_err(damaged)?),
        ANSWER => Record::Answer(read_event(&mut body).map_err(damaged)?),
        EFFECT => Record::Effect(read_effect(&mut body).map_err(damaged)?),
        STEP => Record::Step(body.u128("digest").map_err(damaged)?),
        kind => return Err(TraceError::Kind { offset, kind }),
    };
    body.is_empty("length").map_err(damaged)?;
    Ok(record)
}

pub(crate) fn header(header: &Header, out: &mut Vec<u8>) {
    put_u64(header.seed, out);
    put_u64(header.now.0, out);
    put_u64(header.mono.0, out);
    put_u64(header.loaded_bytes, out);
    out.extend_from_slice(&header.dataset_digest.to_le_bytes());
    put_u32(header.config.process_id, out);
    for text in process_texts(&header.config) {
        put_u64(text.len() as u64, out);
        out.extend_from_slice(text.as_bytes());
    }
    if header.config.most_clients != u32::MAX {
        out.push(MOST_CLIENTS);
        put_u32(header.config.most_clients, out);
    }
    out.extend_from_slice(to_text(&header.config).as_bytes());
}

fn process_texts(config: &Config) -> [&str; 6] {
    let ProcessFacts { run_id, executable, system, allocator, multiplexing } = &config.process;
    [run_id, executable, system, allocator, multiplexing, &config.config_file]
}

fn read_header(body: &mut Body<'_>, offset: u64) -> Result<Header, TraceError> {
    let damaged = |field| TraceError::Body { offset, field };
    let seed = body.u64("seed").map_err(damaged)?;
    let now = Millis(body.u64("wall clock").map_err(damaged)?);
    let mono = Micros(body.u64("monotonic clock").map_err(damaged)?);
    let loaded_bytes = body.u64("loaded bytes").map_err(damaged)?;
    let dataset_digest = body.u128("dataset digest").map_err(damaged)?;
    let process_id = body.u32("process").map_err(damaged)?;
    let mut text = || -> Result<String, TraceError> {
        let length = body.u64("process").map_err(damaged)?;
        let bytes = body.take(usize::try_from(length).ok(), "process").map_err(damaged)?;
        Ok(std::str::from_utf8(bytes).map_err(|_| damaged("process"))?.to_owned())
    };
    let process = ProcessFacts {
        run_id: text()?,
        executable: text()?,
        system: text()?,
        allocator: text()?,
        multiplexing: text()?,
    };
    let config_file = text()?;
    let mut most_clients = u32::MAX;
    if body.0.first() == Some(&MOST_CLIENTS) {
        body.u8("most clients").map_err(damaged)?;
        most_clients = body.u32("most clients").map_err(damaged)?;
    }
    let mut config = Config { process_id, process, config_file, most_clients, ..Config::default() };
    parse_text(&mut config, "header", std::mem::take(&mut body.0))?;
    Ok(Header { config, seed, now, mono, loaded_bytes, dataset_digest })
}
