//! The fields of a record.

use crate::trace::record::Fingerprint;
use crate::units::Errno;

/// A field that cannot be read; its name.
pub(super) type Bad = &'static str;

pub(super) fn put_u32(value: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn put_u64(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&value.to_le_bytes());
}

pub(super) fn put_fingerprint(bytes: Fingerprint, out: &mut Vec<u8>) {
    put_u64(bytes.length_bytes, out);
    put_u64(bytes.hash, out);
}

pub(super) fn put_result(result: Result<u64, Errno>, out: &mut Vec<u8>) {
    match result {
        Ok(value) => {
            out.push(0);
            put_u64(value, out);
        }
        Err(errno) => {
            out.push(1);
            out.extend_from_slice(&errno.0.to_le_bytes());
        }
    }
}

/// What is left of a record's body.
pub(super) struct Body<'a>(pub(super) &'a [u8]);

impl<'a> Body<'a> {
    pub(super) fn take(&mut self, length: Option<usize>, field: Bad) -> Result<&'a [u8], Bad> {
        let (front, rest) =
            length.and_then(|length| self.0.split_at_checked(length)).ok_or(field)?;
        self.0 = rest;
        Ok(front)
    }

    pub(super) fn array<const N: usize>(&mut self, field: Bad) -> Result<[u8; N], Bad> {
        let (front, rest) = self.0.split_first_chunk::<N>().ok_or(field)?;
        self.0 = rest;
        Ok(*front)
    }

    pub(super) fn u8(&mut self, field: Bad) -> Result<u8, Bad> {
        self.array(field).map(u8::from_le_bytes)
    }

    pub(super) fn u16(&mut self, field: Bad) -> Result<u16, Bad> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, field: Bad) -> Result<u32, Bad> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(super) fn i32(&mut self, field: Bad) -> Result<i32, Bad> {
        self.array(field).map(i32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, field: Bad) -> Result<u64, Bad> {
        self.array(field).map(u64::from_le_bytes)
    }

    pub(super) fn u128(&mut self, field: Bad) -> Result<u128, Bad> {
        self.array(field).map(u128::from_le_bytes)
    }

    pub(super) fn fingerprint(&mut self) -> Result<Fingerprint, Bad> {
        Ok(Fingerprint { length_bytes: self.u64("length")?, hash: self.u64("hash")? })
    }

    pub(super) fn result(&mut self) -> Result<Result<u64, Errno>, Bad> {
        Ok(match self.u8("result")? {
            0 => Ok(self.u64("result")?),
            1 => Err(Errno(self.i32("result")?)),
            _ => return Err("result"),
        })
    }

    /// A result that says nothing but that it went well.
    pub(super) fn unit_result(&mut self) -> Result<Result<(), Errno>, Bad> {
        match self.result()? {
            Ok(0) => Ok(Ok(())),
            Ok(_) => Err("result"),
            Err(errno) => Ok(Err(errno)),
        }
    }

    pub(super) fn is_empty(&self, field: Bad) -> Result<(), Bad> {
        if self.0.is_empty() { Ok(()) } else { Err(field) }
    }
}
