//! Numbers, texts and bytes, one after the other.

/// A field that cannot be read; its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bad(pub(super) &'static str);

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
    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, Bad> {
        let (front, rest) = self.0.split_first_chunk().ok_or(Bad(field))?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*front))
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, Bad> {
        u32::try_from(self.u64(field)?).map_err(|_| Bad(field))
    }

    pub(super) fn bytes(&mut self, field: &'static str) -> Result<&'a [u8], Bad> {
        let length = usize::try_from(self.u64(field)?).map_err(|_| Bad(field))?;
        let (front, rest) = self.0.split_at_checked(length).ok_or(Bad(field))?;
        self.0 = rest;
        Ok(front)
    }

    pub(super) fn text(&mut self, field: &'static str) -> Result<&'a str, Bad> {
        std::str::from_utf8(self.bytes(field)?).map_err(|_| Bad(field))
    }
}
