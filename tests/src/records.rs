//! The records of a log, read by a parser that shares nothing with the one under test.

/// One record and the database it works in.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Its database, from the SELECT before it.
    pub database: u8,
    /// Its words.
    pub words: Vec<Vec<u8>>,
}

impl Record {
    /// The name of the command, in capitals.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.words.first().map(Vec::as_slice).unwrap_or_default();
        String::from_utf8_lossy(name).to_ascii_uppercase()
    }

    /// Whether it is the command of this name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name() == name
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "[{}]", self.database)?;
        for word in &self.words {
            let shown = word.get(..40).unwrap_or(word);
            write!(out, " {}", shown.escape_ascii())?;
            if shown.len() < word.len() {
                write!(out, "…{} bytes", word.len())?;
            }
        }
        Ok(())
    }
}

/// All commands of a log, SELECT among them.
///
/// # Panics
/// If it is no log: the message says where.
#[must_use]
pub fn commands(log: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let mut at = 0;
    let mut commands = Vec::new();
    while at < log.len() {
        let count = header(log, &mut at, b'*');
        commands.push((0..count).map(|_| payload(log, &mut at)).collect());
    }
    commands
}

fn header(log: &[u8], at: &mut usize, kind: u8) -> usize {
    assert_eq!(log.get(*at), Some(&kind), "at {at}");
    let rest = &log[*at + 1..];
    let end = rest.windows(2).position(|pair| pair == b"\r\n").expect("a line ends");
    *at += 1 + end + 2;
    std::str::from_utf8(&rest[..end]).ok().and_then(|text| text.parse().ok()).expect("a number")
}

fn payload(log: &[u8], at: &mut usize) -> Vec<u8> {
    let length = header(log, at, b'$');
    let word = log[*at..*at + length].to_vec();
    assert_eq!(&log[*at + length..*at + length + 2], b"\r\n", "after the payload at {at}");
    *at += length + 2;
    word
}

/// The records of a log, each with its database, SELECT itself left out.
///
/// # Panics
/// If it is no log.
#[must_use]
pub fn records(log: &[u8]) -> Vec<Record> {
    records_after(log, &mut 0)
}

/// The records of a part of a log before which `database` was selected; afterwards it is the one
/// that is selected at the end.
///
/// # Panics
/// If it is no log.
#[must_use]
pub fn records_after(log: &[u8], database: &mut u8) -> Vec<Record> {
    let mut records = Vec::new();
    for words in commands(log) {
        let record = Record { database: *database, words };
        if record.is("SELECT") {
            let text = String::from_utf8_lossy(&record.words[1]).into_owned();
            *database = text.parse().expect("the number of a database");
        } else {
            records.push(record);
        }
    }
    records
}
