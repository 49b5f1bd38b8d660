//! Numbers, texts and bytes, one after the other.

use std::ops::RangeInclusive;

use super::{RunError, unreadable};

pub(super) fn put_u64(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_u64(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// What is left to read.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, RunError> {
        let (front, rest) = self.0.split_first_chunk().ok_or(unreadable(field))?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*front))
    }

    /// A number that must be one of these.
    pub(super) fn within(
        &mut self,
        field: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Result<u64, RunError> {
        let found = self.u64(field)?;
        if bounds.contains(&found) {
            return Ok(found);
        }
        let (least, most) = bounds.into_inner();
        Err(RunError::OutOfBounds { field, found, least, most })
    }

    pub(super) fn u32_within(
        &mut self,
        field: &'static str,
        bounds: RangeInclusive<u64>,
    ) -> Result<u32, RunError> {
        u32::try_from(self.within(field, bounds)?).map_err(|_| unreadable(field))
    }

    pub(super) fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], RunError> {
        let length = usize::try_from(self.u64(field)?).map_err(|_| unreadable(field))?;
        let (front, rest) = self.0.split_at_checked(length).ok_or(unreadable(field))?;
        self.0 = rest;
        Ok(front)
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a str, RunError> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| unreadable(field))
    }
}
