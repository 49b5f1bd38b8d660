//! What came back, compared with what was sent.
//!
//! The keys of each connection must be the keys after some number of its units, and that number
//! must be at least how many were promised. Anything less is what no policy allows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use aof_core::config::Policy;
use aof_core::profile::{ProfileName, Replies};
use aof_core::promise::Failure;

use super::client::{Client, Reply};
use super::workload::{Keys, Kind, Value, Writer};
use crate::cli::text;

#[cfg(test)]
mod tests;

/// What a policy lets a failure take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Nothing that was acknowledged.
    Nothing,
    /// What was acknowledged since the last restart, because a sync or a write was still to come.
    Recent,
}

/// The table of the README, as far as it can be seen from outside: nobody outside knows when a
/// sync ended or which write was put off. `profile` is `None` for a server that is not ours.
pub(super) fn allowed(failure: Failure, policy: Policy, profile: Option<ProfileName>) -> Allowed {
    // Redis answers before a write that a running sync puts off.
    let replies = profile.map_or(Replies::AtOnce, |name| name.profile().replies);
    match (failure, policy) {
        (_, Policy::Always) => Allowed::Nothing,
        (Failure::Killed, Policy::EverySec) if replies == Replies::AtOnce => Allowed::Recent,
        (Failure::Killed, _) => Allowed::Nothing,
        (Failure::PowerCut, _) => Allowed::Recent,
    }
}

/// What one connection has sent.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) writer: Writer,
    /// What was there after the last restart: no failure since then may take any of it.
    pub(super) base: u64,
    /// The keys after `base` units.
    pub(super) base_keys: Keys,
    /// Units that were acknowledged.
    pub(super) acknowledged: u64,
    /// Units that were sent.
    pub(super) sent: u64,
}

/// What came back of one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Units that are there.
    pub(super) units: u64,
    /// Their keys.
    pub(super) keys: Keys,
}

/// Why nothing can be said about how many units are there: none fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Torn {
    /// In words, with the key.
    pub(super) how: String,
}

/// Which prefix of the units was recovered.
pub(super) fn judge(sent: &Sent, found: &Keys) -> Result<Verdict, Torn> {
    let total = counter(sent.writer, found)?;
    let Some(numbers) = Writer::numbers_at(total) else {
        let how = format!("its counter is {total}, which no number of its units gives");
        return Err(Torn { how });
    };
    if *numbers.start() > sent.sent {
        let how = format!(
            "its counter is {total}: that takes {} units, and {} were sent",
            numbers.start(),
            sent.sent
        );
        return Err(Torn { how });
    }
    // A unit may change nothing, so that two numbers fit: the longer prefix is said to be there.
    let mut keys = sent.base_keys.clone();
    let mut done = sent.base;
    if *numbers.start() < done {
        keys = Keys::default();
        done = 0;
    }
    let mut fits = None;
    let mut nearest = None;
    loop {
        if numbers.contains(&done) {
            if keys == *found {
                fits = Some(Verdict { units: done, keys: keys.clone() });
            } else if nearest.is_none() {
                nearest = Some((done, keys.clone()));
            }
        }
        if done >= sent.sent || done >= *numbers.end() {
            break;
        }
        keys.apply(&sent.writer.unit(done));
        done += 1;
    }
    fits.ok_or_else(|| Torn { how: difference(nearest, found) })
}

fn counter(writer: Writer, found: &Keys) -> Result<u64, Torn> {
    match found.values.get(&writer.counter()) {
        None => Ok(0),
        Some(Value::Text(digits)) => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| Torn { how: format!("its counter is {}", text::quoted(digits)) }),
        Some(_) => Err(Torn { how: "its counter is no number".to_owned() }),
    }
}

/// The first key that is not as it is after the nearest number of units.
fn difference(nearest: Option<(u64, Keys)>, found: &Keys) -> String {
    let Some((number, keys)) = nearest else { return "no number of units fits".to_owned() };
    let names: BTreeSet<&String> = keys.values.keys().chain(found.values.keys()).collect();
    let differs = names.into_iter().find(|name| keys.values.get(*name) != found.values.get(*name));
    let name = differs.map_or("", String::as_str);
    let shown = |keys: &Keys| keys.values.get(name).map_or_else(|| "missing".to_owned(), show);
    format!(
        "no number of its units gives these keys; after {number} of them {name} is {}, and it is {}",
        shown(&keys),
        shown(found)
    )
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(bytes) => text::quoted(bytes),
        Value::List(list) => text::count(list.len() as u64, "element"),
        Value::Scores(pairs) | Value::Hash(pairs) => text::count(pairs.len() as u64, "member"),
        Value::Set(set) => text::count(set.len() as u64, "member"),
    }
}

/// Reads the keys of a connection.
///
/// # Errors
/// If the server answers something else than the types that were written.
pub(super) fn read(client: &mut Client, writer: Writer) -> io::Result<Keys> {
    let mut keys = Keys::default();
    for (name, kind) in writer.names() {
        let reply = match kind {
            Kind::Text => client.call(&["GET", &name])?,
            Kind::List => client.call(&["LRANGE", &name, "0", "-1"])?,
            Kind::Hash => client.call(&["HGETALL", &name])?,
            Kind::Set => client.call(&["SMEMBERS", &name])?,
            Kind::Scores => client.call(&["ZRANGE", &name, "0", "-1", "WITHSCORES"])?,
        };
        match value(kind, reply) {
            Ok(Some(value)) => {
                keys.values.insert(name, value);
            }
            Ok(None) => {}
            Err(reply) => {
                let said = format!("the server answers {} for {name}", reply.text());
                return Err(io::Error::other(said));
            }
        }
    }
    Ok(keys)
}

/// The value of a key, `None` for one that is not there.
fn value(kind: Kind, reply: Reply) -> Result<Option<Value>, Reply> {
    match (kind, reply) {
        (Kind::Text, Reply::Bulk(text)) => Ok(text.map(Value::Text)),
        (kind, Reply::Array(Some(elements))) if kind != Kind::Text => {
            let mut texts = VecDeque::new();
            for element in elements {
                match element {
                    Reply::Bulk(Some(text)) => texts.push_back(text),
                    other => return Err(other),
                }
            }
            if texts.is_empty() {
                return Ok(None);
            }
            Ok(Some(match kind {
                Kind::List => Value::List(texts),
                Kind::Set => Value::Set(texts.into_iter().collect()),
                Kind::Hash => Value::Hash(pairs(texts)),
                Kind::Scores => Value::Scores(pairs(texts)),
                Kind::Text => Value::Text(Vec::new()),
            }))
        }
        (_, reply) => Err(reply),
    }
}

fn pairs(texts: VecDeque<Vec<u8>>) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut texts = texts.into_iter();
    let mut pairs = BTreeMap::new();
    while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
        pairs.insert(name, value);
    }
    pairs
}
