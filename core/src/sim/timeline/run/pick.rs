//! The disk that a server was started from, as part of a run.

use super::bounds;
use super::fields::{Fields, put_u64};
use super::{RunError, unreadable};
use crate::sim::bytes::Edits;
use crate::sim::world::{ByHand, Pick};

/// What a disk changed by hand begins with; the disk that it was follows, which is none of these.
const BY_HAND: u64 = 4;

pub(super) fn put(pick: &Pick, out: &mut Vec<u8>) {
    let (kind, number) = match pick {
        Pick::Worst => (0, 0),
        Pick::Best => (1, 0),
        Pick::Length(length) => (2, *length),
        Pick::Example(group) => (3, *group as u64),
        Pick::ByHand(by_hand) => return put_by_hand(by_hand, out),
    };
    put_u64(kind, out);
    put_u64(number, out);
}

fn put_by_hand(ByHand { of, edits, load_truncated }: &ByHand, out: &mut Vec<u8>) {
    put_u64(BY_HAND, out);
    put(of, out);
    put_u64(edits.cut.is_some().into(), out);
    put_u64(edits.cut.unwrap_or_default(), out);
    put_u64(edits.flips.len() as u64, out);
    for (place, mask) in &edits.flips {
        put_u64(*place, out);
        put_u64((*mask).into(), out);
    }
    put_u64(load_truncated.map_or(0, |on| 1 + u64::from(on)), out);
}

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Pick, RunError> {
    match fields.u64("pick")? {
        BY_HAND => Ok(Pick::ByHand(Box::new(read_by_hand(fields)?))),
        kind => read_plain(kind, fields),
    }
}

fn read_plain(kind: u64, fields: &mut Fields<'_>) -> Result<Pick, RunError> {
    let number = fields.u64("pick")?;
    Ok(match kind {
        0 => Pick::Worst,
        1 => Pick::Best,
        2 => Pick::Length(number),
        3 => Pick::Example(usize::try_from(number).map_err(|_| unreadable("pick"))?),
        _ => return Err(unreadable("pick")),
    })
}

fn read_by_hand(fields: &mut Fields<'_>) -> Result<ByHand, RunError> {
    let kind = fields.u64("pick")?;
    let of = read_plain(kind, fields)?;
    let is_cut = fields.u64("cut")? != 0;
    let cut = fields.u64("cut")?;
    let mut flips = Vec::new();
    for _ in 0..fields.within("flips", bounds::FLIPS)? {
        let place = fields.u64("flip")?;
        flips.push((place, u8::try_from(fields.u64("flip")?).map_err(|_| unreadable("flip"))?));
    }
    let load_truncated = match fields.u64("load truncated")? {
        0 => None,
        1 => Some(false),
        2 => Some(true),
        _ => return Err(unreadable("load truncated")),
    };
    let edits = Edits { cut: is_cut.then_some(cut), flips };
    Ok(ByHand { of, edits, load_truncated })
}
