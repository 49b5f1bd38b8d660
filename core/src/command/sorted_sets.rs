//! ZADD, ZRANGE and their relatives.

mod add;
mod bounds;
mod combine;
mod pop;
mod random;
mod range;
mod read;
mod remove;

pub(super) use add::{zadd, zincrby};
pub(super) use combine::{zdiff, zdiffstore, zinter, zinterstore, zunion, zunionstore};
pub(super) use pop::{zpopmax, zpopmin};
pub(super) use random::zrandmember;
pub(super) use range::{
    zrange, zrangebylex, zrangebyscore, zrangestore, zrevrange, zrevrangebylex, zrevrangebyscore,
};
pub(super) use read::{zcard, zcount, zlexcount, zmscore, zrank, zrevrank, zscore};
pub(super) use remove::{zrem, zremrangebylex, zremrangebyrank, zremrangebyscore};

use crate::command::Call;
use crate::propagate::Change;
use crate::value::{PackingLimits, SortedSet, Value};

/// Until when a sorted set is packed.
fn limits(call: &Call<'_, '_>) -> PackingLimits {
    PackingLimits {
        members: call.executor.config.zset_max_ziplist_entries,
        member_bytes: call.executor.config.zset_max_ziplist_value,
        hash_seed: call.executor.keyspace.hash_seed(),
    }
}

/// Puts the result of a command with STORE at `key`, whatever was there, and replies with its
/// size. A result without members deletes the key. Logged as it came, because it must follow what
/// the sources hold when it is replayed; and not at all if there was nothing to delete.
fn store<'a>(call: &mut Call<'a, '_>, key: &[u8], result: SortedSet) -> Change<'a> {
    call.reply.count(result.len());
    if result.is_empty() {
        return if call.delete(key) { Change::Verbatim } else { Change::None };
    }
    call.db_mut().insert(key, Value::SortedSet(result));
    call.changed(key);
    Change::Verbatim
}

/// What changed `removed` members says to the log, after the key was looked after.
fn removed<'a>(call: &mut Call<'a, '_>, key: &[u8], removed: usize) -> Change<'a> {
    if removed == 0 {
        return Change::None;
    }
    call.collection_changed(key);
    Change::Verbatim
}
