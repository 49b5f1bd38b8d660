//! SORT: the elements of a list, set or sorted set in another order, or others instead of them.
//!
//! Three places decide what happens. `BY pattern` takes the weight of an element from another key
//! (the element stands for the first `*`) or from a field of a hash (`key->field`); a pattern
//! without `*` means not to sort at all. `GET pattern` replies what such a pattern finds instead
//! of the element, `#` being the element itself. `STORE` makes a list of the reply.
//!
//! The elements are copied before anything is looked up, because a look may delete a key whose
//! time has come. Weights are compared as numbers, equal ones by their elements, or with `ALPHA`
//! as bytes. Redis compares by the locale there, which is that of C on nearly all servers, and
//! leaves open in which order equal weights come; here it is the list's own, or that of the bytes
//! where the source has no order, so that a stored result is the same when the log is replayed.

use core::cmp::Ordering;

use crate::command::{Call, CommandError};
use crate::number::{parse_float, parse_integer};
use crate::propagate::Change;
use crate::value::{ChunkLimit, CompactBytes, End, List, Value};

/// What SORT was asked for.
struct Options<'a> {
    descending: bool,
    alpha: bool,
    /// `BY` something without `*`: leave the order as it is.
    unsorted: bool,
    by: Option<Pattern<'a>>,
    get: Vec<Pattern<'a>>,
    start: i64,
    count: i64,
    store: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn parse(call: &Call<'a, '_>) -> Result<Self, CommandError> {
        let mut options = Self {
            descending: false,
            alpha: false,
            unsorted: false,
            by: None,
            get: Vec::new(),
            start: 0,
            count: -1,
            store: None,
        };
        let mut words = call.argv.skip(2);
        while let Some(word) = words.next() {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            if is(b"ASC") {
                options.descending = false;
            } else if is(b"DESC") {
                options.descending = true;
            } else if is(b"ALPHA") {
                options.alpha = true;
            } else if is(b"LIMIT") && words.len() >= 2 {
                let mut number = || {
                    let word = words.next().ok_or(CommandError::Syntax)?;
                    parse_integer(word).ok_or(CommandError::NotInteger)
                };
                (options.start, options.count) = (number()?, number()?);
            } else {
                let value = words.next().ok_or(CommandError::Syntax)?;
                if is(b"STORE") {
                    options.store = Some(value);
                } else if is(b"BY") {
                    let pattern = Pattern::parse(value);
                    options.unsorted |= !value_has_star(value);
                    options.by = Some(pattern);
                } else if is(b"GET") {
                    options.get.push(Pattern::parse(value));
                } else {
                    return Err(CommandError::Syntax);
                }
            }
        }
        Ok(options)
    }

    /// First place and number of the elements to reply, of `length`.
    fn window(&self, length: usize) -> (usize, usize) {
        let start = usize::try_from(self.start.max(0)).unwrap_or(usize::MAX).min(length);
        let most = length - start;
        (start, usize::try_from(self.count).map_or(most, |count| count.min(most)))
    }
}

/// Redis reads a pattern as a C string.
fn visible(pattern: &[u8]) -> &[u8] {
    pattern.split(|&byte| byte == 0).next().unwrap_or(&[])
}

fn value_has_star(pattern: &[u8]) -> bool {
    visible(pattern).contains(&b'*')
}

/// Where to look for something that belongs to an element.
enum Pattern<'a> {
    /// `#`: the element itself.
    Element,
    /// No `*`: there is nothing.
    Nothing,
    /// The key is `before`, the element, `after`.
    Key {
        before: &'a [u8],
        after: &'a [u8],
        /// A field of the hash there; without one it is a string.
        field: Option<&'a [u8]>,
    },
}

impl<'a> Pattern<'a> {
    #[doc(alias = "lookupKeyByPattern")]
    fn parse(pattern: &'a [u8]) -> Self {
        if pattern == b"#" {
            return Self::Element;
        }
        let Some(star) = visible(pattern).iter().position(|&byte| byte == b'*') else {
            return Self::Nothing;
        };
        let (before, after) = (&pattern[..star], &pattern[star + 1..]);
        let arrow = visible(after).windows(2).position(|pair| pair == b"->");
        // An arrow with nothing behind it belongs to the key.
        match arrow.filter(|&arrow| arrow + 2 < visible(after).len()) {
            Some(arrow) => {
                let field = Some(&after[arrow + 2..]);
                Self::Key { before, after: &after[..arrow], field }
            }
            None => Self::Key { before, after, field: None },
        }
    }

    /// What it finds for `element`.
    fn find(&self, call: &mut Call<'_, '_>, element: &[u8], stores: bool) -> Option<CompactBytes> {
        let (key, field) = match self {
            Self::Element => return Some(CompactBytes::new(element)),
            Self::Nothing => return None,
            Self::Key { before, after, field } => ([*before, element, *after].concat(), field),
        };
        let found = match (look(call, &key, stores)?, field) {
            (Value::String(string), None) => string.as_bytes(),
            (Value::Hash(hash), Some(field)) => hash.get(field)?,
            _ => return None,
        };
        Some(CompactBytes::new(found))
    }
}

/// What `key` holds. Only a command that reads counts hits and misses.
fn look<'c>(call: &'c mut Call<'_, '_>, key: &[u8], stores: bool) -> Option<&'c Value> {
    if !stores {
        return call.read(key);
    }
    call.expire_if_needed(key);
    call.db().get(key)
}

/// What an element is sorted by.
#[derive(Clone)]
enum Weight {
    Number(f64),
    /// None where `BY` found nothing, which comes first.
    Text(Option<CompactBytes>),
    /// The element's own bytes.
    Own,
}

struct Item {
    element: CompactBytes,
    weight: Weight,
}

#[doc(alias = "sortCommand")]
pub(super) fn sort<'a>(call: &mut Call<'a, '_>) -> Result<Change<'a>, CommandError> {
    let mut options = Options::parse(call)?;
    let stores = options.store.is_some();
    let source = look(call, call.word(1), stores);
    let has_order = !matches!(source, Some(Value::Set(_) | Value::SortedSet(_)));
    if options.unsorted && stores && matches!(source, Some(Value::Set(_))) {
        // A set has no order to leave as it is; what is stored must have one.
        (options.unsorted, options.alpha, options.by) = (false, true, None);
    }
    let (elements, sorted) = if options.unsorted {
        (unsorted_elements(source, &options)?, true)
    } else {
        (all_elements(source)?, false)
    };
    let elements = if sorted {
        elements
    } else {
        let items = weigh(call, elements, &options)?;
        let (start, count) = options.window(items.len());
        let items = in_order(items, &options, has_order);
        items.into_iter().skip(start).take(count).map(|item| item.element).collect()
    };
    match options.store {
        None => {
            reply(call, &elements, &options.get);
            Ok(Change::None)
        }
        Some(target) => Ok(store(call, target, &elements, &options.get)),
    }
}

fn all_elements(source: Option<&Value>) -> Result<Vec<CompactBytes>, CommandError> {
    Ok(match source {
        None => Vec::new(),
        Some(Value::List(list)) => list.iter().map(CompactBytes::new).collect(),
        Some(Value::Set(set)) => set.iter().map(|member| CompactBytes::new(&member)).collect(),
        Some(Value::SortedSet(sorted_set)) => {
            sorted_set.iter().map(|(member, _)| CompactBytes::new(member)).collect()
        }
        Some(Value::String(_) | Value::Hash(_)) => return Err(CommandError::WrongType),
    })
}

/// The elements of the window in the order of the source, or in the opposite one. A set has none
/// that could be turned around.
fn unsorted_elements(
    source: Option<&Value>,
    options: &Options<'_>,
) -> Result<Vec<CompactBytes>, CommandError> {
    Ok(match source {
        Some(Value::List(list)) => {
            let (start, count) = options.window(list.len());
            if options.descending {
                let elements = list.iter().rev().skip(start).take(count);
                elements.map(CompactBytes::new).collect()
            } else {
                list.iter_from(start).take(count).map(CompactBytes::new).collect()
            }
        }
        Some(Value::SortedSet(sorted_set)) => {
            let length = sorted_set.len();
            let (start, count) = options.window(length);
            if options.descending {
                let range = sorted_set.range(length - start - count, length - start);
                let mut elements: Vec<_> =
                    range.map(|(member, _)| CompactBytes::new(member)).collect();
                elements.reverse();
                elements
            } else {
                let range = sorted_set.range(start, start + count);
                range.map(|(member, _)| CompactBytes::new(member)).collect()
            }
        }
        _ => {
            let elements = all_elements(source)?;
            let (start, count) = options.window(elements.len());
            elements.into_iter().skip(start).take(count).collect()
        }
    })
}

/// Looks up what each element is sorted by.
fn weigh(
    call: &mut Call<'_, '_>,
    elements: Vec<CompactBytes>,
    options: &Options<'_>,
) -> Result<Vec<Item>, CommandError> {
    let stores = options.store.is_some();
    let mut is_number = true;
    let mut number = |text: &[u8]| {
        let number = parse_weight(text);
        is_number &= number.is_some();
        Weight::Number(number.unwrap_or(0.0))
    };
    let mut weigh = |element: CompactBytes| {
        let weight = match &options.by {
            None if options.alpha => Weight::Own,
            None => number(&element),
            Some(by) => {
                let found = by.find(call, &element, stores);
                match found {
                    found if options.alpha => Weight::Text(found),
                    Some(text) => number(&text),
                    None => Weight::Number(0.0),
                }
            }
        };
        Item { element, weight }
    };
    let items = elements.into_iter().map(&mut weigh).collect();
    if is_number {
        Ok(items)
    } else {
        Err(CommandError::text("ERR One or more scores can't be converted into double"))
    }
}

/// A weight as C's `strtod` reads it to the end: blanks in front are passed over, nothing at all
/// is 0, and what no double is near to is an error. Redis forgets to clear that error: after the
/// first one, every SORT by numbers fails there.
fn parse_weight(text: &[u8]) -> Option<f64> {
    let text = visible(text);
    if text.is_empty() {
        return Some(0.0);
    }
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r')).count();
    parse_float(&text[blanks..]).filter(|number| !number.is_subnormal())
}

fn in_order(mut items: Vec<Item>, options: &Options<'_>, has_order: bool) -> Vec<Item> {
    let compare = |one: &Item, other: &Item| {
        let own = one.element.cmp(&other.element);
        match (&one.weight, &other.weight) {
            (Weight::Number(one), Weight::Number(other)) => {
                one.partial_cmp(other).unwrap_or(Ordering::Equal).then(own)
            }
            (Weight::Text(one), Weight::Text(other)) => {
                let order = one.as_deref().cmp(&other.as_deref());
                if has_order { order } else { order.then(own) }
            }
            _ => own,
        }
    };
    items.sort_by(|one, other| {
        let order = compare(one, other);
        if options.descending { order.reverse() } else { order }
    });
    items
}

fn reply(call: &mut Call<'_, '_>, elements: &[CompactBytes], get: &[Pattern<'_>]) {
    call.reply.array(elements.len() * get.len().max(1));
    for element in elements {
        if get.is_empty() {
            call.reply.bulk(element);
        }
        for pattern in get {
            let found = pattern.find(call, element, false);
            call.reply.bulk_or_null(found.as_deref());
        }
    }
}

/// What is not found is stored as the empty string. Nothing to store deletes the target.
fn store<'a>(
    call: &mut Call<'a, '_>,
    target: &[u8],
    elements: &[CompactBytes],
    get: &[Pattern<'_>],
) -> Change<'a> {
    let limit = ChunkLimit::from_setting(call.executor.config.list_max_ziplist_size);
    let mut list = List::default();
    for element in elements {
        if get.is_empty() {
            list.push(element, End::Back, limit);
        }
        for pattern in get {
            let found = pattern.find(call, element, true).unwrap_or_default();
            list.push(&found, End::Back, limit);
        }
    }
    call.reply.count(list.len());
    if list.is_empty() {
        return if call.delete(target) { Change::Verbatim } else { Change::None };
    }
    call.db_mut().insert(target, Value::List(list));
    call.changed(target);
    Change::Verbatim
}
