//! Effects as bytes.

use super::body::{Bad, Body, put_fingerprint, put_u32, put_u64};
use crate::effect::{CloseReason, Gate, HaltReason, Lane, OpenMode, Pipe, Work};
use crate::rewrite::names::FileName;
use crate::trace::record::EffectSummary;
use crate::units::{ChildId, ClientId, Errno, FileId, JobId, Lsn, Micros};

/// Writes an effect.
pub(crate) fn effect(effect: &EffectSummary, out: &mut Vec<u8>) {
    match *effect {
        EffectSummary::Write { file, bytes, offset, upto } => {
            out.push(1);
            put_u32(file.0, out);
            put_fingerprint(bytes, out);
            put_u64(offset, out);
            put_u64(upto.0, out);
        }
        EffectSummary::Read { file, offset, max_bytes } => {
            out.push(10);
            put_u32(file.0, out);
            put_u64(offset, out);
            put_u32(max_bytes, out);
        }
        EffectSummary::Submit { job, lane, work } => {
            out.push(2);
            put_u64(job.0, out);
            out.push(lane_code(lane));
            put_work(work, out);
        }
        EffectSummary::Append { job, lane, file, block, offset, upto } => {
            out.push(11);
            put_u64(job.0, out);
            out.push(lane_code(lane));
            put_u32(file.0, out);
            put_fingerprint(block, out);
            put_u64(offset, out);
            put_u64(upto.0, out);
        }
        EffectSummary::OpenPipes => out.push(12),
        EffectSummary::Fork => out.push(13),
        EffectSummary::PipeWrite { pipe, bytes } => {
            out.extend([14, pipe_code(pipe)]);
            put_fingerprint(bytes, out);
        }
        EffectSummary::ClosePipes => out.push(15),
        EffectSummary::Kill { child } => {
            out.push(16);
            put_u32(child.0, out);
        }
        EffectSummary::Send { client, bytes, replies, gate } => {
            out.push(3);
            put_u64(client.0, out);
            put_fingerprint(bytes, out);
            put_u32(replies, out);
            let (code, lsn) = match gate {
                Gate::Free => (0, Lsn(0)),
                Gate::AfterWrite(lsn) => (1, lsn),
                Gate::AfterSync(lsn) => (2, lsn),
            };
            out.push(code);
            put_u64(lsn.0, out);
        }
        EffectSummary::Close { client, reason } => {
            out.push(4);
            put_u64(client.0, out);
            out.push(close_code(reason));
        }
        EffectSummary::Pause { client } => {
            out.push(5);
            put_u64(client.0, out);
        }
        EffectSummary::Resume { client } => {
            out.push(6);
            put_u64(client.0, out);
        }
        EffectSummary::Sleep { micros } => {
            out.push(7);
            put_u64(micros, out);
        }
        EffectSummary::Deadline { at } => {
            out.push(20);
            put_u64(at.0, out);
        }
        EffectSummary::RewriteConfig => out.push(21),
        EffectSummary::Note(ref text) => {
            out.push(8);
            out.extend_from_slice(text.as_bytes());
        }
        EffectSummary::Halt(reason) => {
            out.push(9);
            let (code, value) = match reason {
                HaltReason::WriteFailed(errno) => (1, errno.0),
                HaltReason::SyncFailed(errno) => (2, errno.0),
                HaltReason::Shutdown { flushed } => (3, i32::from(flushed)),
            };
            out.push(code);
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

pub(super) fn read_effect(body: &mut Body<'_>) -> Result<EffectSummary, Bad> {
    Ok(match body.u8("effect")? {
        1 => EffectSummary::Write {
            file: FileId(body.u32("file")?),
            bytes: body.fingerprint()?,
            offset: body.u64("offset")?,
            upto: Lsn(body.u64("log position")?),
        },
        2 => EffectSummary::Submit {
            job: JobId(body.u64("job")?),
            lane: read_lane(body.u8("lane")?)?,
            work: read_work(body)?,
        },
        3 => {
            let client = ClientId(body.u64("client")?);
            let (bytes, replies) = (body.fingerprint()?, body.u32("replies")?);
            let gate = match (body.u8("gate")?, Lsn(body.u64("gate")?)) {
                (0, Lsn(0)) => Gate::Free,
                (1, lsn) => Gate::AfterWrite(lsn),
                (2, lsn) => Gate::AfterSync(lsn),
                _ => return Err("gate"),
            };
            EffectSummary::Send { client, bytes, replies, gate }
        }
        11 => EffectSummary::Append {
            job: JobId(body.u64("job")?),
            lane: read_lane(body.u8("lane")?)?,
            file: FileId(body.u32("file")?),
            block: body.fingerprint()?,
            offset: body.u64("offset")?,
            upto: Lsn(body.u64("log position")?),
        },
        12 => EffectSummary::OpenPipes,
        13 => EffectSummary::Fork,
        14 => EffectSummary::PipeWrite {
            pipe: read_pipe(body.u8("pipe")?)?,
            bytes: body.fingerprint()?,
        },
        15 => EffectSummary::ClosePipes,
        16 => EffectSummary::Kill { child: ChildId(body.u32("child")?) },
        4 => {
            let client = ClientId(body.u64("client")?);
            EffectSummary::Close { client, reason: read_close(body.u8("reason")?)? }
        }
        5 => EffectSummary::Pause { client: ClientId(body.u64("client")?) },
        6 => EffectSummary::Resume { client: ClientId(body.u64("client")?) },
        7 => EffectSummary::Sleep { micros: body.u64("duration")? },
        20 => EffectSummary::Deadline { at: Micros(body.u64("deadline")?) },
        21 => EffectSummary::RewriteConfig,
        8 => {
            let text = std::str::from_utf8(std::mem::take(&mut body.0)).map_err(|_| "note")?;
            EffectSummary::Note(text.to_owned())
        }
        9 => EffectSummary::Halt(match (body.u8("reason")?, body.i32("reason")?) {
            (1, errno) => HaltReason::WriteFailed(Errno(errno)),
            (2, errno) => HaltReason::SyncFailed(Errno(errno)),
            (3, 0) => HaltReason::Shutdown { flushed: false },
            (3, 1) => HaltReason::Shutdown { flushed: true },
            _ => return Err("reason"),
        }),
        10 => EffectSummary::Read {
            file: FileId(body.u32("file")?),
            offset: body.u64("offset")?,
            max_bytes: body.u32("length")?,
        },
        _ => return Err("effect"),
    })
}

const fn lane_code(lane: Lane) -> u8 {
    match lane {
        Lane::Inline => 0,
        Lane::Sync => 1,
        Lane::Slow => 2,
    }
}

const fn read_lane(code: u8) -> Result<Lane, Bad> {
    Ok(match code {
        0 => Lane::Inline,
        1 => Lane::Sync,
        2 => Lane::Slow,
        _ => return Err("lane"),
    })
}

pub(super) const fn pipe_code(pipe: Pipe) -> u8 {
    match pipe {
        Pipe::Data => 0,
        Pipe::Stop => 1,
        Pipe::Ack => 2,
        Pipe::Report => 3,
    }
}

pub(super) const fn read_pipe(code: u8) -> Result<Pipe, Bad> {
    Ok(match code {
        0 => Pipe::Data,
        1 => Pipe::Stop,
        2 => Pipe::Ack,
        3 => Pipe::Report,
        _ => return Err("pipe"),
    })
}

/// Which of the three kinds of name, and whose.
const fn name_code(name: FileName) -> (u8, u32) {
    match name {
        FileName::Log => (0, 0),
        FileName::Unfinished(child) => (1, child.0),
        FileName::Rewritten(child) => (2, child.0),
    }
}

fn put_name(name: FileName, out: &mut Vec<u8>) {
    let (code, child) = name_code(name);
    out.push(code);
    put_u32(child, out);
}

fn read_name(body: &mut Body<'_>) -> Result<FileName, Bad> {
    Ok(match (body.u8("name")?, body.u32("child")?) {
        (0, 0) => FileName::Log,
        (1, child) => FileName::Unfinished(ChildId(child)),
        (2, child) => FileName::Rewritten(ChildId(child)),
        _ => return Err("name"),
    })
}

const fn mode_code(mode: OpenMode) -> u8 {
    match mode {
        OpenMode::Append => 0,
        OpenMode::AppendOrCreate => 1,
        OpenMode::ReadOnly => 2,
    }
}

const fn read_mode(code: u8) -> Result<OpenMode, Bad> {
    Ok(match code {
        0 => OpenMode::Append,
        1 => OpenMode::AppendOrCreate,
        2 => OpenMode::ReadOnly,
        _ => return Err("mode"),
    })
}

fn put_work(work: Work, out: &mut Vec<u8>) {
    let (code, file, number) = match work {
        Work::Sync { file, upto } => (1, file, upto.0),
        Work::Truncate { file, length_bytes } => (2, file, length_bytes),
        Work::Close { file } => (3, file, 0),
        Work::Open { file, mode, .. } => (4, file, u64::from(mode_code(mode))),
        Work::Rename { file, .. } => (5, file, 0),
        Work::SyncDirectory => (6, FileId(0), 0),
        Work::Unlink { .. } => (7, FileId(0), 0),
    };
    out.push(code);
    put_u32(file.0, out);
    put_u64(number, out);
    match work {
        Work::Open { name, .. } | Work::Unlink { name } => put_name(name, out),
        Work::Rename { from, to, .. } => [from, to].into_iter().for_each(|it| put_name(it, out)),
        Work::Sync { .. } | Work::Truncate { .. } | Work::Close { .. } | Work::SyncDirectory => {}
    }
}

fn read_work(body: &mut Body<'_>) -> Result<Work, Bad> {
    let code = body.u8("work")?;
    let (file, number) = (FileId(body.u32("file")?), body.u64("work")?);
    Ok(match code {
        1 => Work::Sync { file, upto: Lsn(number) },
        2 => Work::Truncate { file, length_bytes: number },
        3 if number == 0 => Work::Close { file },
        4 => {
            let mode = read_mode(u8::try_from(number).map_err(|_| "mode")?)?;
            Work::Open { file, name: read_name(body)?, mode }
        }
        5 if number == 0 => Work::Rename { file, from: read_name(body)?, to: read_name(body)? },
        6 if number == 0 && file.0 == 0 => Work::SyncDirectory,
        7 if number == 0 && file.0 == 0 => Work::Unlink { name: read_name(body)? },
        _ => return Err("work"),
    })
}

const fn close_code(reason: CloseReason) -> u8 {
    match reason {
        CloseReason::Quit => 1,
        CloseReason::Protocol => 2,
        CloseReason::HeldTooLong => 3,
        CloseReason::OutputLimit => 4,
        CloseReason::Killed => 5,
        CloseReason::InputEnded => 6,
        CloseReason::CrossProtocol => 7,
    }
}

const fn read_close(code: u8) -> Result<CloseReason, Bad> {
    Ok(match code {
        1 => CloseReason::Quit,
        2 => CloseReason::Protocol,
        3 => CloseReason::HeldTooLong,
        4 => CloseReason::OutputLimit,
        5 => CloseReason::Killed,
        6 => CloseReason::InputEnded,
        7 => CloseReason::CrossProtocol,
        _ => return Err("reason"),
    })
}
