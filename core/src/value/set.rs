//! Sets: members without an order.
//!
//! A set has one of three forms. Integers alone are held as such, sorted, as long as they are
//! few; a few short members of any kind are packed; everything else is a [`Rows`]. A set never
//! goes back to a smaller form. Redis 6.2 has no second form: there a set of two words is a
//! table, which takes ten times as much.
//!
//! Integers and words are packed in the same kind of block, and the block says which it holds:
//! the value of a key has no room for a third variant.

mod integers;
mod member;

pub use member::Member;

use crate::digest::Digest;
use crate::number::parse_integer;
use crate::value::packed::{self, Packed};
use crate::value::rows::{self, Rows};
use crate::value::table::Element;
use crate::value::{CompactBytes, Limits};
use integers::Integers;

/// A set.
#[derive(Clone, Debug)]
pub struct Set(Form);

#[derive(Clone, Debug)]
enum Form {
    /// Members one after the other, or integers, see [`Integers::of`].
    Packed(Packed),
    Table(Box<Rows<CompactBytes>>),
}

/// A form, to read.
enum View<'a> {
    Integers(Integers<'a>),
    Packed(&'a Packed),
    Table(&'a Rows<CompactBytes>),
}

impl Element for CompactBytes {
    const PLACE_BYTES: u64 = 24;

    fn key(&self) -> &[u8] {
        self
    }

    fn heap_bytes(&self) -> u64 {
        Self::heap_bytes(self)
    }
}

impl Set {
    fn view(&self) -> View<'_> {
        match &self.0 {
            Form::Packed(packed) => {
                Integers::of(packed).map_or(View::Packed(packed), View::Integers)
            }
            Form::Table(table) => View::Table(table),
        }
    }

    /// Number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.view() {
            View::Integers(integers) => integers.len(),
            View::Packed(packed) => packed.len(),
            View::Table(table) => table.len(),
        }
    }

    /// Whether there is no member. No key holds an empty set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `member` is one.
    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self.view() {
            View::Integers(integers) => {
                parse_integer(member).is_some_and(|integer| integers.search(integer).is_ok())
            }
            View::Packed(packed) => find(packed, member).is_some(),
            View::Table(table) => table.find(member).is_some(),
        }
    }

    /// Puts `member` in, and says whether it is new.
    pub fn add(&mut self, member: &[u8], limits: &Limits) -> bool {
        let Form::Packed(packed) = &mut self.0 else {
            return self.add_to_table(member, limits);
        };
        let integer = parse_integer(member).filter(|_| limits.integers > 0);
        match (Integers::of(packed), integer) {
            (Some(integers), Some(integer)) => {
                let Err(index) = integers.search(integer) else { return false };
                if integers.len() < limits.integers {
                    *packed = integers::inserted(core::mem::take(packed), integer, index);
                    return true;
                }
                self.unpack_integers(limits);
            }
            (Some(_), None) => self.unpack_integers(limits),
            (None, Some(integer)) if packed.is_empty() => {
                *packed = integers::single(integer);
                return true;
            }
            (None, _) => {}
        }
        self.add_bytes(member, limits)
    }

    /// As [`Self::add`], to a set that holds no integers as such.
    fn add_bytes(&mut self, member: &[u8], limits: &Limits) -> bool {
        if let Form::Packed(packed) = &mut self.0 {
            let short = member.len() <= limits.element_bytes;
            if short && find(packed, member).is_some() {
                return false;
            }
            if short && packed.len() < limits.elements {
                packed.push(member);
                return true;
            }
        }
        self.add_to_table(member, limits)
    }

    fn add_to_table(&mut self, member: &[u8], limits: &Limits) -> bool {
        if let Form::Packed(_) = self.0 {
            self.0 = Form::Table(Box::new(self.to_table(limits)));
        }
        match &mut self.0 {
            Form::Table(table) => table.insert_with(member, || CompactBytes::new(member)).is_ok(),
            Form::Packed(_) => unreachable!("it was turned into a table above"),
        }
    }

    fn to_table(&self, limits: &Limits) -> Rows<CompactBytes> {
        let mut table = Rows::new(limits.hash_seed);
        for member in self {
            let inserted = table.insert_with(&member, || CompactBytes::new(&member));
            debug_assert!(inserted.is_ok(), "a set holds a member twice");
        }
        table
    }

    /// Integers become members like any others: packed if they are few, else a table.
    fn unpack_integers(&mut self, limits: &Limits) {
        // The one that is to come counts, too, so that it need not be unpacked once more.
        if self.len() < limits.elements && limits.element_bytes >= 20 {
            let mut packed = Packed::new();
            self.iter().for_each(|member| packed.push(&member));
            self.0 = Form::Packed(packed);
        } else {
            self.0 = Form::Table(Box::new(self.to_table(limits)));
        }
    }

    /// Takes `member` out, and says whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        let packed = match &mut self.0 {
            Form::Table(table) => return table.remove(member).is_some(),
            Form::Packed(packed) => packed,
        };
        let Some(integers) = Integers::of(packed) else {
            return find(packed, member).inspect(|&index| packed.remove(index, 1)).is_some();
        };
        let index = parse_integer(member).and_then(|integer| integers.search(integer).ok());
        if let Some(index) = index {
            *packed = integers::removed(core::mem::take(packed), index);
        }
        index.is_some()
    }

    /// The member at `position`, below [`Self::len`], in the order of [`Self::iter`].
    #[must_use]
    pub fn at(&self, position: usize) -> Option<Member<'_>> {
        match self.view() {
            View::Integers(integers) => integers.get(position).map(Member::of_integer),
            View::Packed(packed) => packed.get(position).map(Member::from),
            View::Table(table) => table.get(position).map(|row| Member::from(&**row)),
        }
    }

    /// All members, in an order that depends on the operations alone.
    pub fn iter(&self) -> Iter<'_> {
        Iter(match self.view() {
            View::Integers(integers) => Elements::Integers { integers, next: 0 },
            View::Packed(packed) => Elements::Packed(packed.iter()),
            View::Table(table) => Elements::Table(table.iter()),
        })
    }

    /// The members from `position` on, in the order of [`Self::iter`].
    pub(crate) fn iter_from(&self, position: usize) -> Iter<'_> {
        Iter(match self.view() {
            View::Integers(integers) => Elements::Integers { integers, next: position },
            View::Packed(packed) => Elements::Packed(packed.iter_from(position)),
            View::Table(table) => Elements::Table(table.iter_from(position)),
        })
    }

    /// Visits about `count` members from `cursor` on and returns the cursor to go on with, 0 at
    /// the end. A packed set is visited as a whole. See [`Rows`] for what is promised.
    pub fn scan(&self, cursor: u64, count: u64, mut visit: impl FnMut(&[u8])) -> u64 {
        match &self.0 {
            Form::Packed(_) => {
                self.iter().for_each(|member| visit(&member));
                0
            }
            Form::Table(table) => table.scan(cursor, count, |row| visit(row)),
        }
    }

    /// Whether to find an element is to walk.
    #[must_use]
    pub const fn is_packed(&self) -> bool {
        matches!(self.0, Form::Packed(_))
    }

    /// The word for the form of the set.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        match self.view() {
            View::Integers(_) => "intset",
            View::Packed(_) => "listpack",
            View::Table(_) => "hashtable",
        }
    }

    /// What the set holds on the heap of a machine of 64 bits, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        match &self.0 {
            Form::Packed(packed) => packed.size_bytes() as u64,
            Form::Table(table) => table.memory_bytes(),
        }
    }

    /// Adds form and members in the order in which a client meets them.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_u8(match self.view() {
            View::Integers(_) => 0,
            View::Packed(_) => 1,
            View::Table(_) => 2,
        });
        digest.put_count(self.len());
        self.iter().for_each(|member| digest.put_bytes(&member));
    }

    /// Adds the content: what two of them have in common that are equal to a client.
    pub fn content_digest_into(&self, digest: &mut Digest) {
        let mut sum: u128 = 0;
        for member in self {
            let mut one = Digest::new();
            one.put_bytes(&member);
            sum = sum.wrapping_add(one.finish());
        }
        digest.put_count(self.len());
        digest.put_u128(sum);
    }
}

/// The index of `member` among the elements of a packed set.
fn find(packed: &Packed, member: &[u8]) -> Option<usize> {
    packed.iter().position(|other| other == member)
}

impl Default for Set {
    fn default() -> Self {
        Self(Form::Packed(Packed::new()))
    }
}

impl PartialEq for Set {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|member| other.contains(&member))
    }
}

impl Eq for Set {}

/// The members of a [`Set`].
#[derive(Clone, Debug)]
pub struct Iter<'a>(Elements<'a>);

#[derive(Clone, Debug)]
enum Elements<'a> {
    Integers { integers: Integers<'a>, next: usize },
    Packed(packed::Iter<'a>),
    Table(rows::Iter<'a, CompactBytes>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        match &mut self.0 {
            Elements::Integers { integers, next } => {
                *next += 1;
                integers.get(*next - 1).map(Member::of_integer)
            }
            Elements::Packed(elements) => elements.next().map(Member::from),
            Elements::Table(rows) => rows.next().map(|row| Member::from(row.as_bytes())),
        }
    }
}

impl<'a> IntoIterator for &'a Set {
    type Item = Member<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
