//! Random commands from templates.
//!
//! A template is a line: `LPUSH list {4 value }`.
//!
//! | part | becomes |
//! | --- | --- |
//! | a word in lower case | a random word of that kind, see [`slot`](words::Words::slot) |
//! | `=word` | the word as it stands |
//! | any other word | itself, in capitals, small letters or mixed: the log keeps the case |
//! | `[ … ]` | all of it or nothing |
//! | `( a / b / c )` | one of them |
//! | `< … >` | its parts in a random order |
//! | `{9 … }` | 1 to 9 times, each time anew |
//!
//! One command in thirty is then spoiled: a word too many or too few, or a strange word in the
//! place of another. A template that starts with `!` is never spoiled, because a spoiled one could
//! have a reply without a defined order, or a time that comes while the test runs.

pub mod families;
pub mod words;

use std::iter::Peekable;

use crate::workload::{Command, words as split};
use words::Words;

/// How a command of a type is made, and how often compared with the others.
pub type Templates = &'static [(u64, &'static str)];

/// The commands of one type, and what the test of it needs besides.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// What it is called in messages.
    pub name: &'static str,
    /// How its commands are made.
    pub templates: &'static [Templates],
    /// Commands that come first, one a line.
    pub prelude: &'static str,
    /// Whether there are transactions.
    pub transactions: bool,
    /// Databases that SELECT goes to.
    pub databases: &'static [u8],
}

/// A piece of a template.
#[derive(Debug)]
enum Part {
    Name(String),
    Exact(String),
    Slot(String),
    Optional(Vec<Part>),
    Choice(Vec<Vec<Part>>),
    Shuffled(Vec<Part>),
    Repeated(u64, Vec<Part>),
}

#[derive(Debug)]
struct Template {
    weight: u64,
    may_be_spoiled: bool,
    parts: Vec<Part>,
}

/// Makes the commands of a family, for ever.
#[derive(Debug)]
pub struct Generator {
    words: Words,
    templates: Vec<Template>,
    total_weight: u64,
    transactions: bool,
    databases: &'static [u8],
}

impl Generator {
    /// Commands that follow from `seed`, for a clock that says `now_ms`.
    ///
    /// # Panics
    /// If a template is malformed.
    #[must_use]
    pub fn new(family: &Family, seed: u64, now_ms: u64) -> Self {
        let templates: Vec<Template> = family
            .templates
            .iter()
            .flat_map(|templates| templates.iter())
            .map(|(weight, text)| parse(*weight, text))
            .collect();
        let total_weight = templates.iter().map(|template| template.weight).sum();
        let words = Words::new(seed, now_ms);
        let Family { transactions, databases, .. } = *family;
        Self { words, templates, total_weight, transactions, databases }
    }

    /// At least `count` more commands: transactions are whole.
    pub fn commands(&mut self, count: usize) -> Vec<Command> {
        let mut commands = Vec::with_capacity(count);
        while commands.len() < count {
            match self.words.random.below(60) {
                0 if !self.databases.is_empty() => {
                    let database = *self.words.random.one_of(self.databases);
                    commands.push(split(&format!("SELECT {database}")));
                }
                1 | 2 if self.transactions => self.transaction(&mut commands),
                _ => commands.push(self.command()),
            }
        }
        commands
    }

    fn transaction(&mut self, commands: &mut Vec<Command>) {
        let random = &mut self.words.random;
        if random.one_in(3) {
            let watched = self.words.slot("anykey");
            commands.push(vec![b"WATCH".to_vec(), watched]);
            // The connection's own write before MULTI makes the transaction fail.
            if self.words.random.one_in(3) {
                commands.push(self.command());
            }
            if self.words.random.one_in(4) {
                commands.push(split("UNWATCH"));
            }
        }
        commands.push(split("MULTI"));
        for _ in 0..self.words.random.below(6) {
            if !self.databases.is_empty() && self.words.random.one_in(8) {
                let database = *self.words.random.one_of(self.databases);
                commands.push(split(&format!("SELECT {database}")));
            }
            commands.push(self.command());
        }
        let end = if self.words.random.one_in(6) { "DISCARD" } else { "EXEC" };
        commands.push(split(end));
    }

    /// One command.
    pub fn command(&mut self) -> Command {
        let mut at = self.words.random.below(self.total_weight);
        let mut chosen = None;
        for template in &self.templates {
            if at < template.weight {
                chosen = Some(template);
                break;
            }
            at -= template.weight;
        }
        let Some(template) = chosen else { return split("PING") };
        let mut command = Command::new();
        expand(&template.parts, &mut self.words, &mut command);
        if template.may_be_spoiled && self.words.random.one_in(30) {
            spoil(&mut self.words, &mut command);
        }
        command
    }
}

fn expand(parts: &[Part], words: &mut Words, command: &mut Command) {
    for part in parts {
        match part {
            Part::Name(name) => command.push(words.cased(name)),
            Part::Exact(word) => command.push(word.clone().into_bytes()),
            Part::Slot(kind) => command.push(words.slot(kind)),
            Part::Optional(parts) => {
                if words.random.one_in(2) {
                    expand(parts, words, command);
                }
            }
            Part::Choice(choices) => {
                let choice = usize::try_from(words.random.below(choices.len() as u64));
                expand(&choices[choice.unwrap_or(0)], words, command);
            }
            Part::Shuffled(parts) => {
                let mut pieces: Vec<Command> = Vec::new();
                for part in parts {
                    let mut piece = Command::new();
                    expand(std::slice::from_ref(part), words, &mut piece);
                    let at = words.random.below(pieces.len() as u64 + 1);
                    pieces.insert(usize::try_from(at).unwrap_or(0), piece);
                }
                command.extend(pieces.into_iter().flatten());
            }
            Part::Repeated(most, parts) => {
                for _ in 0..=words.random.below(*most) {
                    expand(parts, words, command);
                }
            }
        }
    }
}

/// One word too many or too few, or another word. The name stays.
fn spoil(words: &mut Words, command: &mut Command) {
    let at = 1 + words.random.below(command.len() as u64);
    let at = usize::try_from(at).unwrap_or(1);
    match words.random.below(4) {
        0 if at < command.len() => {
            command.remove(at);
        }
        1 => {
            let word = words.slot("odd");
            command.insert(at, word);
        }
        2 => {
            command.pop().filter(|_| command.len() > 1);
        }
        _ if at < command.len() => command[at] = words.slot("odd"),
        _ => command.push(words.slot("odd")),
    }
    if command.is_empty() {
        *command = split("PING");
    }
}

fn parse(weight: u64, text: &str) -> Template {
    let (may_be_spoiled, body) = match text.strip_prefix('!') {
        Some(body) => (false, body),
        None => (true, text),
    };
    let mut tokens = body.split_whitespace().peekable();
    let parts = parse_parts(&mut tokens, text);
    assert!(tokens.next().is_none(), "template `{text}` closes what it did not open");
    Template { weight, may_be_spoiled, parts }
}

fn parse_parts<'a>(
    tokens: &mut Peekable<impl Iterator<Item = &'a str>>,
    template: &str,
) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some(token) = tokens.next_if(|token| !matches!(*token, "]" | ")" | ">" | "}" | "/")) {
        parts.push(match token {
            "[" => {
                let inner = parse_parts(tokens, template);
                close(tokens, "]", template);
                Part::Optional(inner)
            }
            "(" => {
                let mut choices = vec![parse_parts(tokens, template)];
                while tokens.next_if_eq(&"/").is_some() {
                    choices.push(parse_parts(tokens, template));
                }
                close(tokens, ")", template);
                Part::Choice(choices)
            }
            "<" => {
                let inner = parse_parts(tokens, template);
                close(tokens, ">", template);
                Part::Shuffled(inner)
            }
            _ => match (token.strip_prefix('{'), token.strip_prefix('=')) {
                (Some(count), _) => {
                    let most = count.parse().unwrap_or_else(|_| panic!("`{token}`: `{template}`"));
                    let inner = parse_parts(tokens, template);
                    close(tokens, "}", template);
                    Part::Repeated(most, inner)
                }
                (_, Some(word)) => Part::Exact(word.to_owned()),
                _ if token.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                    Part::Slot(token.to_owned())
                }
                _ => Part::Name(token.to_owned()),
            },
        });
    }
    parts
}

fn close<'a>(tokens: &mut impl Iterator<Item = &'a str>, end: &str, template: &str) {
    assert_eq!(tokens.next(), Some(end), "template `{template}`");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_template_is_well_formed_and_the_same_seed_gives_the_same() {
        for family in families::ALL {
            let mut generator = Generator::new(family, 7, 1_000_000_000_000);
            let commands = generator.commands(20_000);
            let again = Generator::new(family, 7, 1_000_000_000_000).commands(20_000);
            assert_eq!(commands, again, "{}", family.name);
            let mut names: Vec<String> = commands
                .iter()
                .map(|command| String::from_utf8_lossy(&command[0]).to_ascii_uppercase())
                .collect();
            names.sort();
            names.dedup();
            for (_, template) in family.templates.iter().flat_map(|templates| templates.iter()) {
                let name = template.trim_start_matches('!').split_whitespace().next();
                let name = name.unwrap_or_default().to_owned();
                assert!(
                    name == "(" || names.contains(&name),
                    "{}: `{name}` never came",
                    family.name
                );
            }
        }
    }

    /// What has no template has a test of its own: that of what is a matter of chance.
    #[test]
    fn every_command_of_a_type_is_compared_with_redis() {
        use aof_core::command::{COMMANDS, Family as Group};
        const CHANCE: &str = include_str!("../native/oracle_redis/chance.rs");
        let mut names: BTreeSet<String> = BTreeSet::new();
        for family in families::ALL {
            let commands = Generator::new(family, 7, 1_000_000_000_000).commands(20_000);
            let name = |command: &Command| String::from_utf8_lossy(&command[0]).to_uppercase();
            names.extend(commands.iter().map(name));
        }
        for command in COMMANDS {
            let server = matches!(command.family, Group::Connection | Group::Server);
            let name = command.upper_name();
            let drawn = [' ', '"'].map(|end| CHANCE.contains(&format!("\"{name}{end}")));
            assert!(server || drawn.contains(&true) || names.contains(&name), "{name} is nowhere");
        }
    }

    #[test]
    fn each_kind_of_part_does_what_the_table_says() {
        static LINES: Templates = &[(1, "!X < =1 =2 > [ =3 ] ( =4 / =5 ) {3 =6 }")];
        static FAMILY: Family = Family {
            name: "test",
            templates: &[LINES],
            prelude: "",
            transactions: false,
            databases: &[],
        };
        let mut generator = Generator::new(&FAMILY, 1, 0);
        let mut seen: Vec<String> = (0..500)
            .map(|_| {
                let words = generator.command();
                words[1..].iter().map(|word| String::from_utf8_lossy(word)).collect()
            })
            .collect();
        seen.sort();
        seen.dedup();
        let mut expected = Vec::new();
        for start in ["12", "21"] {
            for option in ["", "3"] {
                for choice in ["4", "5"] {
                    for end in ["6", "66", "666"] {
                        expected.push(format!("{start}{option}{choice}{end}"));
                    }
                }
            }
        }
        expected.sort();
        assert_eq!(seen, expected);
    }
}
