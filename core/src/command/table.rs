//! All commands, in the order of their families. Arities, flags and key positions are those of
//! Redis 6.2, as its `COMMAND` shows them.

use super::{
    Command, Family, Flags, Keys, LogForm, Run, authentication, client, connection, counters,
    debug, expire, hashes, introspection, keys, lists, memory, object, rewrite, scan,
    scan_elements, server, set_algebra, sets, slowlog, sort, sorted_sets, strings, transactions,
};
use crate::value::{Hash, Set, SortedSet};

const WRITE: Flags = Flags::WRITE;
const GROW: Flags = Flags::WRITE.and(Flags::DENYOOM);
const READ: Flags = Flags::READONLY;
const FAST: Flags = Flags::FAST;
const RANDOM: Flags = Flags::RANDOM;
const MOVABLE: Flags = Flags::MOVABLE_KEYS;
const SORTED: Flags = Flags::SORT_FOR_SCRIPT;
const ALWAYS: Flags = Flags::LOADING.and(Flags::STALE);
const TRANSACTION: Flags = Flags::NOSCRIPT.and(ALWAYS).and(Flags::NEVER_QUEUED);
const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT).and(ALWAYS);

const fn row(
    name: &'static str,
    arity: i8,
    flags: Flags,
    keys: Keys,
    family: Family,
    run: Run,
) -> Command {
    let log = if flags.has(Flags::WRITE) { LogForm::AsSent } else { LogForm::Never };
    Command { name, arity, flags, keys, family, log, run }
}

impl Command {
    /// The same command, logged in one of these forms.
    const fn logged(mut self, forms: &'static [&'static str]) -> Self {
        self.log = LogForm::Rewritten(forms);
        self
    }
}

const fn string(name: &'static str, arity: i8, flags: Flags, run: Run) -> Command {
    row(name, arity, flags, Keys::ONE, Family::String, run)
}

const fn list(name: &'static str, arity: i8, flags: Flags, run: Run) -> Command {
    row(name, arity, flags, Keys::ONE, Family::List, run)
}

const fn sorted_set(name: &'static str, arity: i8, flags: Flags, run: Run) -> Command {
    row(name, arity, flags, Keys::ONE, Family::SortedSet, run)
}

const fn hash(name: &'static str, arity: i8, flags: Flags, run: Run) -> Command {
    row(name, arity, flags, Keys::ONE, Family::Hash, run)
}

const fn set(name: &'static str, arity: i8, flags: Flags, keys: Keys, run: Run) -> Command {
    row(name, arity, flags, keys, Family::Set, run)
}

const fn keyspace(name: &'static str, arity: i8, flags: Flags, keys: Keys, run: Run) -> Command {
    row(name, arity, flags, keys, Family::Keyspace, run)
}

const fn plain(name: &'static str, arity: i8, flags: Flags, family: Family, run: Run) -> Command {
    row(name, arity, flags, Keys::NONE, family, run)
}

/// The table.
pub static COMMANDS: &[Command] = &[
    // Strings.
    string("get", 2, READ.and(FAST), strings::get),
    string("set", -3, GROW, strings::set)
        .logged(&["set key value ...", "SET key value PXAT milliseconds"]),
    string("setnx", 3, GROW.and(FAST), strings::setnx),
    string("setex", 4, GROW, strings::setex).logged(&["SET key value PXAT milliseconds"]),
    string("psetex", 4, GROW, strings::psetex).logged(&["SET key value PXAT milliseconds"]),
    string("getset", 3, GROW.and(FAST), strings::getset).logged(&["SET key value"]),
    string("getdel", 2, WRITE.and(FAST), strings::getdel).logged(&["DEL key"]),
    string("getex", -2, WRITE.and(FAST), strings::getex).logged(&[
        "PEXPIREAT key milliseconds",
        "PERSIST key",
        "DEL key",
    ]),
    string("append", 3, GROW.and(FAST), strings::append),
    string("strlen", 2, READ.and(FAST), strings::strlen),
    string("getrange", 4, READ, strings::getrange),
    string("substr", 4, READ, strings::getrange),
    string("setrange", 4, GROW, strings::setrange),
    row("mget", -2, READ.and(FAST), Keys::ALL, Family::String, strings::mget),
    row("mset", -3, GROW, Keys::PAIRS, Family::String, strings::mset),
    row("msetnx", -3, GROW, Keys::PAIRS, Family::String, strings::msetnx),
    string("incr", 2, GROW.and(FAST), counters::incr),
    string("decr", 2, GROW.and(FAST), counters::decr),
    string("incrby", 3, GROW.and(FAST), counters::incrby),
    string("decrby", 3, GROW.and(FAST), counters::decrby),
    string("incrbyfloat", 3, GROW.and(FAST), counters::incrbyfloat)
        .logged(&["SET key value KEEPTTL"]),
    // Lists.
    list("lpush", -3, GROW.and(FAST), lists::lpush),
    list("rpush", -3, GROW.and(FAST), lists::rpush),
    list("lpushx", -3, GROW.and(FAST), lists::lpushx),
    list("rpushx", -3, GROW.and(FAST), lists::rpushx),
    list("lpop", -2, WRITE.and(FAST), lists::lpop),
    list("rpop", -2, WRITE.and(FAST), lists::rpop),
    list("lrange", 4, READ, lists::lrange),
    list("llen", 2, READ.and(FAST), lists::llen),
    list("lindex", 3, READ, lists::lindex),
    list("lset", 4, GROW, lists::lset),
    list("linsert", 5, GROW, lists::linsert),
    list("lrem", 4, WRITE, lists::lrem),
    list("ltrim", 4, WRITE, lists::ltrim),
    row("lmove", 5, GROW, Keys::TWO, Family::List, lists::lmove),
    row("rpoplpush", 3, GROW, Keys::TWO, Family::List, lists::rpoplpush),
    list("lpos", -3, READ, lists::lpos),
    // Hashes.
    hash("hset", -4, GROW.and(FAST), hashes::hset),
    hash("hsetnx", 4, GROW.and(FAST), hashes::hsetnx),
    hash("hget", 3, READ.and(FAST), hashes::hget),
    hash("hmset", -4, GROW.and(FAST), hashes::hmset),
    hash("hmget", -3, READ.and(FAST), hashes::hmget),
    hash("hincrby", 4, GROW.and(FAST), hashes::hincrby),
    hash("hincrbyfloat", 4, GROW.and(FAST), hashes::hincrbyfloat).logged(&["HSET key field value"]),
    hash("hdel", -3, WRITE.and(FAST), hashes::hdel),
    hash("hlen", 2, READ.and(FAST), hashes::hlen),
    hash("hstrlen", 3, READ.and(FAST), hashes::hstrlen),
    hash("hkeys", 2, READ.and(SORTED), hashes::hkeys),
    hash("hvals", 2, READ.and(SORTED), hashes::hvals),
    hash("hgetall", 2, READ.and(RANDOM), hashes::hgetall),
    hash("hexists", 3, READ.and(FAST), hashes::hexists),
    hash("hrandfield", -2, READ.and(RANDOM), hashes::hrandfield),
    hash("hscan", -3, READ.and(RANDOM), scan_elements::scan::<Hash>),
    // Sets.
    set("sadd", -3, GROW.and(FAST), Keys::ONE, sets::sadd),
    set("srem", -3, WRITE.and(FAST), Keys::ONE, sets::srem),
    set("smove", 4, WRITE.and(FAST), Keys::TWO, sets::smove),
    set("sismember", 3, READ.and(FAST), Keys::ONE, sets::sismember),
    set("smismember", -3, READ.and(FAST), Keys::ONE, sets::smismember),
    set("scard", 2, READ.and(FAST), Keys::ONE, sets::scard),
    set("spop", -2, WRITE.and(RANDOM).and(FAST), Keys::ONE, sets::spop)
        .logged(&["SREM key member", "DEL key"]),
    set("srandmember", -2, READ.and(RANDOM), Keys::ONE, sets::srandmember),
    set("sinter", -2, READ.and(SORTED), Keys::ALL, set_algebra::sinter),
    set("sinterstore", -3, GROW, Keys::ALL, set_algebra::sinterstore),
    set("sunion", -2, READ.and(SORTED), Keys::ALL, set_algebra::sunion),
    set("sunionstore", -3, GROW, Keys::ALL, set_algebra::sunionstore),
    set("sdiff", -2, READ.and(SORTED), Keys::ALL, set_algebra::sdiff),
    set("sdiffstore", -3, GROW, Keys::ALL, set_algebra::sdiffstore),
    set("smembers", 2, READ.and(SORTED), Keys::ONE, sets::smembers),
    set("sscan", -3, READ.and(RANDOM), Keys::ONE, scan_elements::scan::<Set>),
    // Sorted sets.
    sorted_set("zadd", -4, GROW.and(FAST), sorted_sets::zadd),
    sorted_set("zincrby", 4, GROW.and(FAST), sorted_sets::zincrby),
    sorted_set("zrem", -3, WRITE.and(FAST), sorted_sets::zrem),
    sorted_set("zremrangebyscore", 4, WRITE, sorted_sets::zremrangebyscore),
    sorted_set("zremrangebyrank", 4, WRITE, sorted_sets::zremrangebyrank),
    sorted_set("zremrangebylex", 4, WRITE, sorted_sets::zremrangebylex),
    sorted_set("zpopmin", -2, WRITE.and(FAST), sorted_sets::zpopmin),
    sorted_set("zpopmax", -2, WRITE.and(FAST), sorted_sets::zpopmax),
    sorted_set("zscore", 3, READ.and(FAST), sorted_sets::zscore),
    sorted_set("zmscore", -3, READ.and(FAST), sorted_sets::zmscore),
    sorted_set("zcard", 2, READ.and(FAST), sorted_sets::zcard),
    sorted_set("zcount", 4, READ.and(FAST), sorted_sets::zcount),
    sorted_set("zlexcount", 4, READ.and(FAST), sorted_sets::zlexcount),
    sorted_set("zrank", 3, READ.and(FAST), sorted_sets::zrank),
    sorted_set("zrevrank", 3, READ.and(FAST), sorted_sets::zrevrank),
    sorted_set("zrange", -4, READ, sorted_sets::zrange),
    sorted_set("zrevrange", -4, READ, sorted_sets::zrevrange),
    sorted_set("zrangebyscore", -4, READ, sorted_sets::zrangebyscore),
    sorted_set("zrevrangebyscore", -4, READ, sorted_sets::zrevrangebyscore),
    sorted_set("zrangebylex", -4, READ, sorted_sets::zrangebylex),
    sorted_set("zrevrangebylex", -4, READ, sorted_sets::zrevrangebylex),
    row("zrangestore", -5, GROW, Keys::TWO, Family::SortedSet, sorted_sets::zrangestore),
    row("zunion", -3, READ.and(MOVABLE), Keys::NONE, Family::SortedSet, sorted_sets::zunion),
    row("zinter", -3, READ.and(MOVABLE), Keys::NONE, Family::SortedSet, sorted_sets::zinter),
    row("zdiff", -3, READ.and(MOVABLE), Keys::NONE, Family::SortedSet, sorted_sets::zdiff),
    sorted_set("zunionstore", -4, GROW.and(MOVABLE), sorted_sets::zunionstore),
    sorted_set("zinterstore", -4, GROW.and(MOVABLE), sorted_sets::zinterstore),
    sorted_set("zdiffstore", -4, GROW.and(MOVABLE), sorted_sets::zdiffstore),
    sorted_set("zscan", -3, READ.and(RANDOM), scan_elements::scan::<SortedSet>),
    sorted_set("zrandmember", -2, READ.and(RANDOM), sorted_sets::zrandmember),
    // Keys of any type.
    keyspace("del", -2, WRITE, Keys::ALL, keys::del),
    keyspace("unlink", -2, WRITE.and(FAST), Keys::ALL, keys::del),
    keyspace("exists", -2, READ.and(FAST), Keys::ALL, keys::exists),
    keyspace("type", 2, READ.and(FAST), Keys::ONE, keys::type_of),
    keyspace("rename", 3, WRITE, Keys::TWO, keys::rename),
    keyspace("renamenx", 3, WRITE.and(FAST), Keys::TWO, keys::renamenx),
    keyspace("move", 3, WRITE.and(FAST), Keys::ONE, keys::move_key),
    keyspace("copy", -3, GROW, Keys::TWO, keys::copy),
    keyspace("touch", -2, READ.and(FAST), Keys::ALL, keys::touch),
    keyspace("object", -2, READ.and(RANDOM), Keys::SECOND, object::object),
    keyspace(
        "sort",
        -2,
        GROW.and(Flags::MOVABLE_KEYS).and(Flags::DANGEROUS),
        Keys::ONE,
        sort::sort,
    ),
    keyspace("randomkey", 1, READ.and(RANDOM), Keys::NONE, keys::randomkey),
    keyspace("dbsize", 1, READ.and(FAST), Keys::NONE, keys::dbsize),
    keyspace("flushdb", -1, WRITE.and(Flags::DANGEROUS), Keys::NONE, keys::flushdb),
    keyspace("flushall", -1, WRITE.and(Flags::DANGEROUS), Keys::NONE, keys::flushall),
    keyspace(
        "keys",
        2,
        READ.and(Flags::SORT_FOR_SCRIPT).and(Flags::DANGEROUS),
        Keys::NONE,
        scan::keys,
    ),
    keyspace("scan", -2, READ.and(RANDOM), Keys::NONE, scan::scan),
    keyspace("expire", 3, WRITE.and(FAST), Keys::ONE, expire::expire)
        .logged(&["PEXPIREAT key milliseconds", "DEL key"]),
    keyspace("pexpire", 3, WRITE.and(FAST), Keys::ONE, expire::pexpire)
        .logged(&["PEXPIREAT key milliseconds", "DEL key"]),
    keyspace("expireat", 3, WRITE.and(FAST), Keys::ONE, expire::expireat)
        .logged(&["PEXPIREAT key milliseconds", "DEL key"]),
    keyspace("pexpireat", 3, WRITE.and(FAST), Keys::ONE, expire::pexpireat)
        .logged(&["PEXPIREAT key milliseconds", "DEL key"]),
    keyspace("ttl", 2, READ.and(FAST).and(RANDOM), Keys::ONE, expire::ttl),
    keyspace("pttl", 2, READ.and(FAST).and(RANDOM), Keys::ONE, expire::pttl),
    keyspace("persist", 2, WRITE.and(FAST), Keys::ONE, expire::persist),
    keyspace("select", 2, ALWAYS.and(FAST), Keys::NONE, connection::select),
    // Transactions.
    plain("multi", 1, TRANSACTION.and(FAST), Family::Transaction, transactions::multi),
    plain("exec", 1, TRANSACTION, Family::Transaction, transactions::exec),
    plain("discard", 1, TRANSACTION.and(FAST), Family::Transaction, transactions::discard),
    row("watch", -2, TRANSACTION.and(FAST), Keys::ALL, Family::Transaction, transactions::watch),
    plain(
        "unwatch",
        1,
        Flags::NOSCRIPT.and(ALWAYS).and(FAST),
        Family::Transaction,
        transactions::unwatch,
    ),
    // The connection.
    plain("ping", -1, Flags::STALE.and(FAST), Family::Connection, connection::ping),
    plain("echo", 2, FAST, Family::Connection, connection::echo),
    plain(
        "quit",
        -1,
        ALWAYS.and(FAST).and(Flags::NEVER_QUEUED),
        Family::Connection,
        connection::quit,
    ),
    plain(
        "hello",
        -1,
        Flags::NOSCRIPT.and(ALWAYS).and(FAST).and(Flags::NO_AUTH),
        Family::Connection,
        authentication::hello,
    ),
    plain(
        "auth",
        -2,
        Flags::NOSCRIPT.and(ALWAYS).and(FAST).and(Flags::NO_AUTH),
        Family::Connection,
        authentication::auth,
    ),
    plain("reset", 1, TRANSACTION.and(FAST), Family::Connection, connection::reset),
    plain("client", -2, ADMIN.and(RANDOM), Family::Connection, client::client),
    plain("command", -1, ALWAYS.and(RANDOM), Family::Connection, introspection::command),
    // The server.
    plain(
        "info",
        -1,
        ALWAYS.and(RANDOM).and(Flags::DANGEROUS),
        Family::Server,
        introspection::info,
    ),
    plain(
        "bgrewriteaof",
        1,
        Flags::ADMIN.and(Flags::NOSCRIPT),
        Family::Server,
        rewrite::bgrewriteaof,
    ),
    plain("config", -2, ADMIN, Family::Server, server::config),
    plain("debug", -2, ADMIN, Family::Server, debug::debug),
    plain("time", 1, ALWAYS.and(FAST).and(RANDOM), Family::Server, server::time),
    plain("memory", -2, READ.and(RANDOM).and(MOVABLE), Family::Server, memory::memory),
    plain("monitor", 1, ADMIN, Family::Server, server::monitor),
    plain("slowlog", -2, Flags::ADMIN.and(ALWAYS).and(RANDOM), Family::Server, slowlog::slowlog),
    plain("shutdown", -1, ADMIN, Family::Server, server::shutdown),
];
