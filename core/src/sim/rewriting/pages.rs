//! On which page of memory a place of the dataset lies.

use crate::keyspace::WriteMark;
use crate::sim::rewriting::Parameters;

/// The pages of one dataset at a fork: those of each database behind one another, and free ones
/// behind the first database that has any, where its next keys go.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    page_slots: u32,
    /// First page and number of pages of each database.
    of_each: Vec<(u32, u32)>,
    total: u32,
}

impl Pages {
    pub(crate) fn of(mark: &WriteMark, parameters: &Parameters) -> Self {
        let page_slots = parameters.page_slots.max(1);
        let needed: Vec<u32> =
            mark.places_of_each().iter().map(|places| places.div_ceil(page_slots)).collect();
        let sum = needed.iter().fold(0_u32, |sum, pages| sum.saturating_add(*pages));
        let spare = parameters.pages.saturating_sub(sum);
        let first_used = needed.iter().position(|pages| *pages > 0).unwrap_or(0);
        let mut total = 0_u32;
        let mut of_each = Vec::with_capacity(needed.len());
        for (index, pages) in needed.into_iter().enumerate() {
            let pages = pages.saturating_add(if index == first_used { spare } else { 0 });
            of_each.push((total, pages));
            total = total.saturating_add(pages);
        }
        Self { page_slots, of_each, total }
    }

    pub(crate) const fn total(&self) -> u32 {
        self.total
    }

    /// The shared page of a place; none for memory that did not exist at the fork.
    pub(crate) fn of_place(&self, database: u8, slot: u32) -> Option<u32> {
        let (first, pages) = self.of_each.get(usize::from(database))?;
        let page = slot / self.page_slots;
        (page < *pages).then(|| first + page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keyspace::Keyspace;

    #[test]
    fn every_place_has_a_page_of_its_own_or_shares_it() {
        let mut keyspace = Keyspace::new(1);
        for key in 0..5_u8 {
            keyspace.db_mut(1).set_string(&[key], b"1");
        }
        keyspace.db_mut(4).set_string(b"x", b"1");
        let mark = keyspace.write_mark();
        let pages = Pages::of(&mark, &Parameters::default());
        assert_eq!(pages.total(), 32);
        assert_eq!(pages.of_place(1, 0), Some(0));
        assert_eq!(pages.of_place(1, 30), Some(30), "a free page");
        assert_eq!(pages.of_place(1, 31), None, "memory that is new");
        assert_eq!(pages.of_place(4, 0), Some(31));
        assert_eq!(pages.of_place(0, 0), None);
        let few = Parameters { page_slots: 4, pages: 1, ..Parameters::default() };
        let pages = Pages::of(&mark, &few);
        assert_eq!(pages.total(), 3);
        assert_eq!([0, 3, 4].map(|slot| pages.of_place(1, slot)), [Some(0), Some(0), Some(1)]);
        assert_eq!(pages.of_place(4, 0), Some(2));
        assert_eq!(pages.of_place(4, 4), None);
    }
}
