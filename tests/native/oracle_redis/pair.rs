//! Two servers that are given the same commands, compared by reply, by log and by dataset.

use std::fs;
use std::path::Path;

use aof_tests::client::{Answer, Client};
use aof_tests::records::{Record, records_after};
use aof_tests::server::{Launch, Server};
use aof_tests::wait;
use aof_tests::workload::{Command, words};

use super::compare::{Comparison, KnownDifference, Met, meet};
use super::forms;

/// One of the two, with a connection and the place up to which its log is read.
pub(crate) struct Side {
    /// The server.
    pub(crate) server: Server,
    client: Client,
    /// Another connection, which is never inside a transaction.
    control: Client,
    read_bytes: usize,
    database: u8,
}

impl Side {
    fn new(server: Server) -> Self {
        let (client, control) = (server.client(), server.client());
        Self { server, client, control, read_bytes: 0, database: 0 }
    }

    /// The records since the last time.
    pub(crate) fn new_records(&mut self) -> Vec<Record> {
        let control = &mut self.control;
        wait::until_true("aof_buf to be written", || control.info("aof_buffer_length") == "0");
        let log = fs::read(self.server.log()).expect("a log");
        let new = log.get(self.read_bytes..).expect("a log that only grows");
        self.read_bytes = log.len();
        records_after(new, &mut self.database)
    }

    fn reset(&mut self) {
        self.client = self.server.client();
        self.control.command("FLUSHALL");
        self.new_records();
    }
}

/// Both servers.
pub(crate) struct Pair {
    /// The one under test.
    pub(crate) ours: Side,
    /// The oracle.
    pub(crate) theirs: Side,
    known: Vec<KnownDifference>,
    comparison: Comparison,
    /// What is there before everything else.
    prelude: Vec<Command>,
}

/// The first difference.
#[derive(Debug)]
pub(crate) struct Difference {
    /// The last command that has to do with it, counted from 0.
    pub(crate) at: usize,
    /// What both said or wrote.
    pub(crate) what: String,
}

/// 7.0 logs what changed nothing.
const EMPTY_FLUSH: &str = "7.0 logs FLUSHDB of an empty database";

impl Pair {
    /// Starts both in folders of their own.
    pub(crate) fn start(ours: &Launch, theirs: &Launch, known: Vec<KnownDifference>) -> Self {
        let (ours, theirs) = (Side::new(ours.start()), Side::new(theirs.start()));
        let (comparison, prelude) = (Comparison::default(), Vec::new());
        Self { ours, theirs, known, comparison, prelude }
    }

    /// How often each known difference was met.
    pub(crate) fn met(&self) -> &Met {
        &self.comparison.met
    }

    /// Fails if a known difference is not met by its own example, or if the example shows no
    /// difference without it: an excuse that nobody needs may hide a fault one day.
    pub(crate) fn assert_every_known_difference_is_needed(&mut self) {
        for at in 0..self.known.len() {
            let (reason, example) = (self.known[at].reason, self.known[at].example);
            let commands: Vec<Command> = example.lines().map(words).collect();
            self.comparison.met.clear();
            if let Err(difference) = self.reset().and_then(|()| self.play(&commands)) {
                panic!("`{example}`, {reason}:\n{}", difference.what);
            }
            assert!(self.met().iter().any(|(met, _)| *met == reason), "not met: {reason}");
            let known = std::mem::take(&mut self.known);
            let played = self.reset().and_then(|()| self.play(&commands));
            assert!(played.is_err(), "not needed: {reason}");
            self.known = known;
        }
    }

    /// Gives both the commands, on the same connections as before, and compares replies and logs.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn play(&mut self, commands: &[Command]) -> Result<(), Difference> {
        let (ours, theirs) = self.ask(commands)?;
        for (at, command) in commands.iter().enumerate() {
            let (our, their) = (&ours[at], &theirs[at]);
            if !self.comparison.same(&self.known, command, our, their) {
                let what = format!("  aofd  {}\n  Redis {}", short(our), short(their));
                return Err(Difference { at, what });
            }
        }
        let (ours, theirs) = (self.ours.new_records(), self.theirs.new_records());
        let flushes = forms::compare(ours, theirs)
            .map_err(|what| Difference { at: commands.len().saturating_sub(1), what })?;
        if flushes > 0 {
            meet(&mut self.comparison.met, EMPTY_FLUSH, flushes);
        }
        Ok(())
    }

    /// Both at the same time.
    fn ask(&mut self, commands: &[Command]) -> Result<(Vec<Answer>, Vec<Answer>), Difference> {
        let (ours, theirs) = (&mut self.ours.client, &mut self.theirs.client);
        let (ours, theirs) = std::thread::scope(|scope| {
            let ours = scope.spawn(|| ours.pipeline(commands));
            let theirs = theirs.pipeline(commands);
            (ours.join().expect("the thread ends"), theirs)
        });
        let theirs = theirs.expect("Redis answers");
        let ours = ours.map_err(|error| {
            let text = error.to_string();
            let count = text.strip_prefix("after ").and_then(|rest| rest.split(' ').next());
            let at = count.and_then(|count| count.parse().ok()).unwrap_or(0);
            Difference { at, what: format!("  aofd gives no reply: {text}") }
        })?;
        Ok((ours, theirs))
    }

    /// Commands that both have had before everything else, one a line, after every reset.
    ///
    /// # Errors
    /// The first difference.
    pub(crate) fn begin_with(&mut self, prelude: &str) -> Result<(), Difference> {
        let commands = prelude.lines().map(words).filter(|command| !command.is_empty());
        self.prelude = commands.collect();
        self.reset()
    }

    /// Empties both, and begins with new connections.
    ///
    /// # Errors
    /// A difference in what comes before everything else.
    pub(crate) fn reset(&mut self) -> Result<(), Difference> {
        self.ours.reset();
        self.theirs.reset();
        self.comparison.forget_transaction();
        let prelude = self.prelude.clone();
        self.play(&prelude)
    }

    /// Whether the server under test still answers.
    pub(crate) fn is_alive(&mut self) -> bool {
        Client::connect(self.ours.server.port())
            .and_then(|mut client| client.call(&words("PING")))
            .is_ok()
    }

    /// Copies of both logs.
    pub(crate) fn copy_logs(&self, ours: &Path, theirs: &Path) {
        self.ours.server.copy_log(ours);
        self.theirs.server.copy_log(theirs);
    }
}

fn short(answer: &Answer) -> String {
    let text = format!("{:?}", answer.reply);
    match text.char_indices().nth(1500) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], answer.raw.len()),
        None => text,
    }
}

/// A command in words, long words cut.
pub(crate) fn shown(command: &Command) -> String {
    let words = command.iter().map(|word| {
        let start = word.get(..60).unwrap_or(word).escape_ascii().to_string();
        let more =
            if word.len() > 60 { format!("…({} bytes)", word.len()) } else { String::new() };
        format!("{start:?}{more}")
    });
    words.collect::<Vec<_>>().join(" ")
}
