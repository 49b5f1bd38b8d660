//! `aof replay FILE`: runs the events of a trace on a new engine and compares every effect and
//! every state with the recorded ones.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadStep, Loader};
use aof_core::trace::{Header, Reader, Record, Replay, ReplayFailure, ReplayReport, TraceError};
use clap::Args;

/// Bytes of one read.
const READ_BYTES: usize = 1024 * 1024;

/// Runs a recorded trace again and compares every effect and every state.
///
/// Exit code 0: all are the same. 1: one is not, and it is named. 2: the trace cannot be read.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// A trace of `aofd --record` or of the page.
    file: PathBuf,
}

/// How far a replay has come.
enum Stage {
    /// Nothing was read.
    Empty,
    /// The log inside the trace is being loaded.
    Loading(Box<Header>, Box<Loader>),
    /// Events run.
    Running(Box<Replay>),
}

/// Replays the trace and prints what was compared.
///
/// # Errors
/// If the trace cannot be read or the answer cannot be printed.
pub fn run(arguments: &ReplayArguments, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let context = || format!("Can't read {}", arguments.file.display());
    let file = File::open(&arguments.file).with_context(context)?;
    let mut reader = Reader::new();
    let mut stage = Stage::Empty;
    let code = match replay(file, &mut reader, &mut stage) {
        Ok(()) => {
            writeln!(out, "{}", summary(stage.report()))?;
            if let Err(TraceError::Cut { offset, size_bytes }) = reader.finish() {
                writeln!(
                    out,
                    "The trace ends at {size_bytes} inside the record that begins at {offset}: \
                     the recording was cut there."
                )?;
            }
            ExitCode::SUCCESS
        }
        Err(Failure::Read(error)) => return Err(error).with_context(context),
        Err(Failure::Replay(failure)) => match *failure {
            ReplayFailure::Difference(difference) => {
                writeln!(out, "The runs differ. {difference}")?;
                writeln!(out, "Before that: {}", summary(stage.report()))?;
                ExitCode::FAILURE
            }
            failure => return Err(failure).with_context(context),
        },
    };
    out.flush()?;
    Ok(code)
}

/// Why a replay ended early.
enum Failure {
    Read(io::Error),
    Replay(Box<ReplayFailure>),
}

impl<E: Into<ReplayFailure>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Replay(Box::new(error.into()))
    }
}

fn replay(mut file: impl Read, reader: &mut Reader, stage: &mut Stage) -> Result<(), Failure> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let bytes = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Read(error)),
        };
        reader.feed(&buffer[..bytes]);
        while let Some(record) = reader.next_record()? {
            stage.take(&record, reader.records() - 1)?;
        }
    }
    if reader.records() == 0 {
        reader.finish()?;
    }
    stage.run()?;
    Ok(())
}

impl Stage {
    fn take(&mut self, record: &Record, number: u64) -> Result<(), Failure> {
        match (record, &mut *self) {
            (Record::Header(header), Self::Empty) => {
                let keyspace = Keyspace::new(header.seed);
                let mut executor = Executor::new(header.config.clone(), keyspace, header.seed);
                executor.set_load_time(header.now);
                *self = Self::Loading(header.clone(), Box::new(Loader::new(executor)));
            }
            (Record::Log(piece), Self::Loading(_, loader)) => {
                loader.feed(piece);
                while let LoadStep::Command(_) = loader.next_step()? {}
            }
            _ => self.run()?.apply(record, number)?,
        }
        Ok(())
    }

    /// Ends the loading, if it has not ended, and gives the running replay.
    fn run(&mut self) -> Result<&mut Replay, Failure> {
        *self = match std::mem::replace(self, Self::Empty) {
            Self::Loading(header, loader) => {
                let keyspace = loader.finish()?.executor.keyspace;
                Self::Running(Box::new(Replay::new(&header, keyspace)?))
            }
            other => other,
        };
        match self {
            Self::Running(replay) => Ok(replay),
            Self::Empty | Self::Loading(..) => Err(TraceError::Order { offset: 0 }.into()),
        }
    }

    fn report(&self) -> ReplayReport {
        match self {
            Self::Running(replay) => replay.report(),
            Self::Empty | Self::Loading(..) => ReplayReport::default(),
        }
    }
}

fn summary(report: ReplayReport) -> String {
    format!(
        "{} records replayed: {} events, {} effects and {} states are the same.",
        report.records, report.events, report.effects, report.digests
    )
}
