//! Hashes: fields with values.
//!
//! Small ones are packed, field and value in turn; larger ones are a [`Rows`]. A field keeps its
//! position when its value changes.

use crate::digest::Digest;
use crate::value::packed::{self, Packed};
use crate::value::rows::{self, Rows};
use crate::value::table::Element;
use crate::value::{CompactBytes, Limits};

/// A hash.
#[derive(Clone, Debug)]
pub struct Hash(Form);

#[derive(Clone, Debug)]
enum Form {
    /// Field and value in turn.
    Packed(Packed),
    Table(Box<Rows<Field>>),
}

#[derive(Clone, Debug)]
struct Field {
    name: CompactBytes,
    value: CompactBytes,
}

impl Element for Field {
    const PLACE_BYTES: u64 = 48;

    fn key(&self) -> &[u8] {
        &self.name
    }

    fn heap_bytes(&self) -> u64 {
        self.name.heap_bytes() + self.value.heap_bytes()
    }
}

impl Hash {
    /// Number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Packed(packed) => packed.len() / 2,
            Form::Table(table) => table.len(),
        }
    }

    /// Whether there is no field. No key holds an empty hash.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `field`.
    #[must_use]
    pub fn get(&self, field: &[u8]) -> Option<&[u8]> {
        match &self.0 {
            Form::Packed(packed) => packed.get(find(packed, field)? + 1),
            Form::Table(table) => table.row(field).map(|row| row.value.as_bytes()),
        }
    }

    /// Gives `field` a value, and says whether the field is new.
    pub fn set(&mut self, field: &[u8], value: &[u8], limits: &Limits) -> bool {
        if let Form::Packed(packed) = &mut self.0 {
            let short = field.len().max(value.len()) <= limits.element_bytes;
            let at = if short { find(packed, field) } else { None };
            if let Some(index) = at {
                packed.replace(index + 1, value);
                return false;
            }
            if short && packed.len() / 2 < limits.elements {
                packed.push(field);
                packed.push(value);
                return true;
            }
        }
        let table = self.table(limits);
        let row = || Field { name: CompactBytes::new(field), value: CompactBytes::new(value) };
        let inserted = table.insert_with(field, row);
        if let Err(position) = inserted {
            table.update(position, |row| row.value = CompactBytes::new(value));
        }
        inserted.is_ok()
    }

    /// Takes out `field`, and says whether it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        match &mut self.0 {
            Form::Packed(packed) => {
                let at = find(packed, field);
                at.inspect(|&index| packed.remove(index, 2)).is_some()
            }
            Form::Table(table) => table.remove(field).is_some(),
        }
    }

    /// Field and value at `position`, below [`Self::len`], in the order of [`Self::iter`].
    #[must_use]
    pub fn at(&self, position: usize) -> Option<(&[u8], &[u8])> {
        match &self.0 {
            Form::Packed(_) => self.iter().nth(position),
            Form::Table(table) => table.get(position).map(|row| (&*row.name, &*row.value)),
        }
    }

    /// All fields with their values, in an order that depends on the operations alone.
    pub fn iter(&self) -> Iter<'_> {
        Iter(match &self.0 {
            Form::Packed(packed) => Elements::Packed(packed.iter()),
            Form::Table(table) => Elements::Table(table.iter()),
        })
    }

    /// The fields from `position` on, in the order of [`Self::iter`].
    pub(crate) fn iter_from(&self, position: usize) -> Iter<'_> {
        Iter(match &self.0 {
            Form::Packed(packed) => Elements::Packed(packed.iter_from(position * 2)),
            Form::Table(table) => Elements::Table(table.iter_from(position)),
        })
    }

    /// Visits about `count` fields from `cursor` on and returns the cursor to go on with, 0 at the
    /// end. A packed hash is visited as a whole. See [`Rows`] for what is promised.
    pub fn scan(&self, cursor: u64, count: u64, mut visit: impl FnMut(&[u8], &[u8])) -> u64 {
        match &self.0 {
            Form::Packed(_) => {
                self.iter().for_each(|(field, value)| visit(field, value));
                0
            }
            Form::Table(table) => table.scan(cursor, count, |row| visit(&row.name, &row.value)),
        }
    }

    /// Whether to find an element is to walk.
    #[must_use]
    pub const fn is_packed(&self) -> bool {
        matches!(self.0, Form::Packed(_))
    }

    /// The word for the form of the hash.
    #[must_use]
    pub const fn encoding(&self) -> &'static str {
        match &self.0 {
            Form::Packed(_) => "listpack",
            Form::Table(_) => "hashtable",
        }
    }

    /// What the hash holds on the heap of a machine of 64 bits, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        match &self.0 {
            Form::Packed(packed) => packed.size_bytes() as u64,
            Form::Table(table) => table.memory_bytes(),
        }
    }

    /// Adds form and fields in the order in which a client meets them.
    pub fn digest_into(&self, digest: &mut Digest) {
        digest.put_bool(matches!(self.0, Form::Table(_)));
        digest.put_count(self.len());
        for (field, value) in self.iter() {
            digest.put_bytes(field);
            digest.put_bytes(value);
        }
    }

    /// Adds the content: what two of them have in common that are equal to a client.
    pub fn content_digest_into(&self, digest: &mut Digest) {
        let mut sum: u128 = 0;
        for (field, value) in self.iter() {
            let mut one = Digest::new();
            one.put_bytes(field);
            one.put_bytes(value);
            sum = sum.wrapping_add(one.finish());
        }
        digest.put_count(self.len());
        digest.put_u128(sum);
    }

    /// The table, which a packed hash becomes.
    fn table(&mut self, limits: &Limits) -> &mut Rows<Field> {
        if let Form::Packed(_) = self.0 {
            let mut table = Rows::new(limits.hash_seed);
            for (field, value) in self.iter() {
                let row =
                    || Field { name: CompactBytes::new(field), value: CompactBytes::new(value) };
                let inserted = table.insert_with(field, row);
                debug_assert!(inserted.is_ok(), "a packed hash holds a field twice");
            }
            self.0 = Form::Table(Box::new(table));
        }
        match &mut self.0 {
            Form::Table(table) => table,
            Form::Packed(_) => unreachable!("it was turned into a table above"),
        }
    }
}

/// The index of `field` among the elements of a packed hash.
fn find(packed: &Packed, field: &[u8]) -> Option<usize> {
    packed.iter().step_by(2).position(|name| name == field).map(|pair| pair * 2)
}

impl Default for Hash {
    fn default() -> Self {
        Self(Form::Packed(Packed::new()))
    }
}

impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        let held = |(field, value): (&[u8], &[u8])| other.get(field) == Some(value);
        self.len() == other.len() && self.iter().all(held)
    }
}

impl Eq for Hash {}

/// The fields of a hash with their values.
#[derive(Clone, Debug)]
pub struct Iter<'a>(Elements<'a>);

#[derive(Clone, Debug)]
enum Elements<'a> {
    Packed(packed::Iter<'a>),
    Table(rows::Iter<'a, Field>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Elements::Packed(elements) => Some((elements.next()?, elements.next()?)),
            Elements::Table(rows) => rows.next().map(|row| (&*row.name, &*row.value)),
        }
    }
}

impl<'a> IntoIterator for &'a Hash {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
