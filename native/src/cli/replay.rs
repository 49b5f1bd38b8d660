//! `aof replay FILE`: runs the events of a trace on a new engine and compares every effect and
//! every state with the recorded ones.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use aof_core::execute::Executor;
use aof_core::keyspace::Keyspace;
use aof_core::load::{LoadStep, Loader};
use aof_core::trace::{Header, Reader, Record, Replay, ReplayFailure, ReplayReport, TraceError};
use clap::Args;

use super::source::Source;

/// The exit code for a trace that ends inside a record.
const CUT: u8 = 3;

/// Runs a recorded trace again and compares every effect and every state.
///
/// Exit code 0: all are the same. 1: one is not, and it is named. 2: the trace cannot be read.
/// 3: all are the same up to a record that claims to reach past the end of the file: the recording
/// was cut there, as a kill leaves it, or the length of that record is damaged.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  aofd --record run.trace        (stop it with Ctrl-C)
  aof replay run.trace")]
pub struct ReplayArguments {
    /// A trace of `aofd --record` or of the page.
    file: PathBuf,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
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
    let mut source = Source::open(&arguments.file, arguments.quiet)?;
    let mut reader = Reader::new();
    let mut stage = Stage::Empty;
    let code = match replay(&mut source, &mut reader, &mut stage) {
        Ok(()) => {
            writeln!(out, "{}", summary(stage.report()))?;
            match reader.finish() {
                Err(TraceError::Cut { offset, size_bytes }) => {
                    writeln!(
                        out,
                        "The trace ends at {size_bytes} inside the record that begins at \
                         {offset}: the recording was cut there, or the length of that record is \
                         damaged. What comes behind {offset} was not compared."
                    )?;
                    ExitCode::from(CUT)
                }
                Err(error) => return Err(error).with_context(context),
                Ok(()) => ExitCode::SUCCESS,
            }
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

fn replay(source: &mut Source, reader: &mut Reader, stage: &mut Stage) -> Result<(), Failure> {
    while let Some(piece) = source.next_piece().map_err(Failure::Read)? {
        reader.feed(piece);
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
