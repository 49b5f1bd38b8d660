//! The templates of each type.
//!
//! What has no defined reply is left out: members drawn by chance have a test of their own
//! (`oracle_redis/chance.rs`), incomplete scans too, and commands by LEX work on keys of their own
//! whose members all have one score.

use super::{Family, Templates};
use crate::workload::DATABASES;

/// Every family.
pub const ALL: [&Family; 7] =
    [&STRINGS, &LISTS, &HASHES, &SETS, &SORTED_SETS, &KEYS, &TRANSACTIONS];

/// Strings and what every key has.
pub const STRINGS: Family = Family {
    name: "strings",
    templates: &[STRING, ANY_KEY, OF_OTHER_TYPES],
    prelude: TEXT,
    transactions: true,
    databases: &DATABASES,
};

/// Lists.
pub const LISTS: Family = Family {
    name: "lists",
    templates: &[LIST, LIST, LIST, ANY_KEY, OF_OTHER_TYPES],
    prelude: TEXT,
    transactions: false,
    databases: &[],
};

/// Hashes.
pub const HASHES: Family = Family {
    name: "hashes",
    templates: &[HASH, HASH, HASH, ANY_KEY, OF_OTHER_TYPES],
    prelude: TEXT,
    transactions: false,
    databases: &[],
};

/// Sets.
pub const SETS: Family = Family {
    name: "sets",
    templates: &[SET, SET, SET, ANY_KEY, OF_OTHER_TYPES],
    prelude: TEXT,
    transactions: false,
    databases: &[],
};

/// Sorted sets.
pub const SORTED_SETS: Family = Family {
    name: "sorted sets",
    templates: &[SORTED_SET, SORTED_SET, SORTED_SET, ANY_KEY, OF_OTHER_TYPES],
    prelude: TEXT,
    transactions: false,
    databases: &[],
};

/// SORT and what works on keys of every type. SORT by texts needs a text for every element, or
/// its order is not defined.
pub const KEYS: Family = Family {
    name: "keys",
    templates: &[SORT, ACROSS_TYPES, ANY_KEY, ANY_KEY, FILL],
    prelude: SORT_TEXTS,
    transactions: true,
    databases: &[],
};

/// Everything, in transactions and several databases.
pub const TRANSACTIONS: Family = Family {
    name: "transactions",
    templates: &[
        STRING,
        LIST,
        HASH,
        SET,
        SORTED_SET,
        ANY_KEY,
        ANY_KEY,
        ACROSS_TYPES,
        FLUSH,
        OF_OTHER_TYPES,
    ],
    prelude: TEXT,
    transactions: true,
    databases: &DATABASES,
};

/// A string that nobody changes, for commands whose reply would be a matter of chance if the type
/// were right.
const TEXT: &str = "SET text word";

/// Something of every type and nothing that empties a database, so that the end is not empty
/// whatever came before.
pub const FILLING: Family = Family {
    name: "filling",
    templates: &[FILL, OF_OTHER_TYPES],
    prelude: "",
    transactions: false,
    databases: &[],
};

const STRING: Templates = &[
    (30, "SET string value [ ( NX / XX / GET / KEEPTTL / XX GET ) ]"),
    (10, "!SET string value < ( EX seconds / PX millis / KEEPTTL ) [ ( NX / XX / GET ) ] >"),
    (6, "!SET string value < ( EXAT moment / PXAT momentmillis ) [ ( NX / XX / GET ) ] >"),
    (10, "GET string"),
    (4, "GETSET string value"),
    (4, "GETDEL string"),
    (6, "!GETEX string [ ( EX seconds / EXAT moment / PX millis / PXAT momentmillis / PERSIST ) ]"),
    (4, "SETNX string value"),
    (4, "!SETEX string seconds value"),
    (4, "!PSETEX string millis value"),
    (6, "MSET {3 string value }"),
    (4, "MSETNX {2 string value }"),
    (6, "MGET {4 anykey }"),
    (10, "APPEND string value"),
    (4, "STRLEN string"),
    (8, "( INCR / DECR ) string"),
    (14, "INCRBY string integer"),
    (8, "DECRBY string few"),
    (14, "INCRBYFLOAT string float"),
    (10, "SET string integer"),
    (1, "DECRBY string ( =9223372036854775807 / =-9223372036854775807 )"),
    (8, "( GETRANGE / SUBSTR ) string index index"),
    (8, "SETRANGE string ( index / few ) value"),
    (1, "APPEND string longvalue"),
];

const LIST: Templates = &[
    (30, "( LPUSH / RPUSH ) list {5 value }"),
    (6, "( LPUSHX / RPUSHX ) list {3 value }"),
    (14, "( LPOP / RPOP ) list [ count ]"),
    (2, "( LPOP / RPOP ) list few"),
    (10, "LRANGE list index index"),
    (3, "LRANGE list =0 =-1"),
    (6, "LLEN list"),
    (8, "LINDEX list index"),
    (10, "LSET list index value"),
    (10, "LINSERT list ( BEFORE / AFTER ) value value"),
    (8, "LREM list count value"),
    (5, "LTRIM list index index"),
    (8, "LMOVE list list ( LEFT / RIGHT ) ( LEFT / RIGHT )"),
    (6, "RPOPLPUSH list list"),
    (14, "LPOS list value < [ RANK count ] [ COUNT smallcount ] [ MAXLEN smallcount ] >"),
    (1, "RPUSH list {400 many }"),
    (1, "LPUSH list {200 manynumbers }"),
    (2, "RPUSH list longvalue"),
    (1, "LTRIM list =0 =300"),
];

const HASH: Templates = &[
    (30, "HSET hash {4 field value }"),
    (6, "HMSET hash {4 field value }"),
    (6, "HSETNX hash field value"),
    (10, "HGET hash field"),
    (8, "HMGET hash {4 field }"),
    (6, "HGETALL hash"),
    (16, "HDEL hash {5 field }"),
    (5, "HEXISTS hash field"),
    (5, "HLEN hash"),
    (4, "( HKEYS / HVALS ) hash"),
    (5, "HSTRLEN hash field"),
    (12, "HINCRBY hash field integer"),
    (12, "HINCRBYFLOAT hash field float"),
    (10, "HSET hash field integer"),
    (4, "!HSCAN hash =0 COUNT =100000 [ MATCH pattern ]"),
    (3, "!HSCAN =never ( =0 / odd ) [ odd ] [ odd ]"),
    (4, "!HRANDFIELD ( =never / =text ) [ count ] [ WITHVALUES ] [ odd ]"),
    (1, "HSET hash {150 many value }"),
    (1, "HDEL hash {150 many }"),
    (1, "HSET hash field longvalue"),
    (1, "HSET hash longvalue value"),
];

const SET: Templates = &[
    (30, "SADD set {5 member }"),
    (8, "SADD set {6 few }"),
    (12, "SREM set {4 member }"),
    (4, "SREM set {6 few }"),
    (5, "SMEMBERS set"),
    (5, "SISMEMBER set member"),
    (6, "SMISMEMBER set {4 member }"),
    (5, "SCARD set"),
    (8, "SMOVE set set member"),
    (12, "( SINTER / SUNION / SDIFF ) {3 set }"),
    (14, "( SINTERSTORE / SUNIONSTORE / SDIFFSTORE ) set {3 set }"),
    (4, "!SSCAN set =0 COUNT =100000 [ MATCH pattern ]"),
    (3, "!SSCAN =never ( =0 / odd ) [ odd ] [ odd ]"),
    (4, "!( SPOP / SRANDMEMBER ) ( =never / =text ) [ count ] [ odd ]"),
    (2, "!SPOP set =100000"),
    (1, "SADD set {300 many }"),
    (1, "SADD set {900 manynumbers }"),
    (1, "SREM set {900 manynumbers }"),
    (1, "SADD set longvalue"),
];

const SORTED_SET: Templates = &[
    (30, "ZADD zset {5 score member }"),
    (20, "ZADD zset < [ ( NX / XX ) ] [ ( GT / LT ) ] [ CH ] > {3 score member }"),
    (6, "ZADD zset < [ ( NX / XX ) ] [ ( GT / LT ) ] [ CH ] INCR > score member"),
    (3, "ZADD zset hardscore member"),
    (12, "ZREM zset {4 member }"),
    (6, "ZSCORE zset member"),
    (5, "ZMSCORE zset {4 member }"),
    (10, "ZINCRBY zset score member"),
    (2, "ZINCRBY zset float member"),
    (4, "ZCARD zset"),
    (6, "ZCOUNT zset border border"),
    (8, "( ZRANK / ZREVRANK ) zset member"),
    (8, "ZRANGE zset index index < [ REV ] [ WITHSCORES ] >"),
    (8, "ZRANGE zset border border < BYSCORE [ REV ] [ WITHSCORES ] [ LIMIT count count ] >"),
    (6, "!ZRANGE lex lexborder lexborder < BYLEX [ REV ] [ LIMIT count count ] >"),
    (6, "ZREVRANGE zset index index [ WITHSCORES ]"),
    (
        8,
        "( ZRANGEBYSCORE / ZREVRANGEBYSCORE ) zset border border < [ WITHSCORES ] [ LIMIT count count ] >",
    ),
    (6, "!( ZRANGEBYLEX / ZREVRANGEBYLEX ) lex lexborder lexborder [ LIMIT count count ]"),
    (5, "!ZLEXCOUNT lex lexborder lexborder"),
    (2, "!( ZRANGEBYLEX / ZREVRANGEBYLEX / ZLEXCOUNT ) =text lexborder lexborder"),
    (1, "ZREMRANGEBYLEX =never lexborder lexborder"),
    (10, "!ZADD lex {4 =0 member }"),
    (4, "!ZREM lex {3 member }"),
    (4, "ZREMRANGEBYRANK zset index index"),
    (4, "ZREMRANGEBYSCORE zset border border"),
    (3, "!ZREMRANGEBYLEX lex lexborder lexborder"),
    (6, "( ZPOPMIN / ZPOPMAX ) zset [ count ]"),
    (5, "ZRANGESTORE zset zset index index [ REV ]"),
    (5, "ZRANGESTORE zset zset border border < BYSCORE [ REV ] [ LIMIT count count ] >"),
    (3, "!ZRANGESTORE zset lex lexborder lexborder < BYLEX [ REV ] [ LIMIT count count ] >"),
    (
        8,
        "( ZUNION / ZINTER ) =2 zset ( zset / set ) < [ WEIGHTS weight weight ] [ AGGREGATE ( SUM / MIN / MAX ) ] [ WITHSCORES ] >",
    ),
    (3, "( ZUNION / ZINTER / ZDIFF ) ( =1 / =2 / =3 / odd ) {3 zset } [ WITHSCORES ]"),
    (
        8,
        "( ZUNIONSTORE / ZINTERSTORE ) zset =2 zset ( zset / set ) < [ WEIGHTS weight weight ] [ AGGREGATE ( SUM / MIN / MAX ) ] >",
    ),
    (3, "( ZUNIONSTORE / ZINTERSTORE ) zset =3 zset zset zset AGGREGATE ( MIN / MAX )"),
    (5, "ZDIFF =2 zset ( zset / set ) [ WITHSCORES ]"),
    (5, "ZDIFFSTORE zset =2 zset ( zset / set )"),
    (4, "!ZSCAN zset =0 COUNT =100000 [ MATCH pattern ]"),
    (3, "!ZSCAN =never ( =0 / odd ) [ odd ] [ odd ]"),
    (4, "!ZRANDMEMBER ( =never / =text ) [ count ] [ WITHSCORES ] [ odd ]"),
    (1, "ZADD zset {200 few many }"),
    (1, "ZADD zset {150 manynumbers many }"),
    (1, "ZREMRANGEBYRANK zset =50 =-1"),
    (1, "ZADD zset score longvalue"),
    (1, "!ZADD lex {150 =0 many }"),
];

/// What every key has, whatever its type.
const ANY_KEY: Templates = &[
    (8, "( DEL / UNLINK ) {2 anykey }"),
    (4, "EXISTS {3 anykey }"),
    (4, "TYPE anykey"),
    (4, "!EXPIRE anykey ( seconds / seconds / =0 / =-5 )"),
    (3, "!EXPIREAT anykey ( moment / moment / =1000 )"),
    (3, "!PEXPIRE anykey ( millis / millis / =0 / =-5000 )"),
    (3, "!PEXPIREAT anykey ( momentmillis / momentmillis / =1000000 )"),
    (3, "( TTL / PTTL ) anykey"),
    (4, "PERSIST anykey"),
    (5, "( RENAME / RENAMENX ) anykey anykey"),
    (1, "DBSIZE"),
    (1, "!KEYS ( =* / =s* / =*:1 / =[lh]*:? )"),
    (1, "!SCAN =0 COUNT =100000 < [ MATCH =*:* ] [ TYPE ( =list / =hash / =set / =zset ) ] >"),
];

/// Keys of other types come and go, so that types are wrong.
const OF_OTHER_TYPES: Templates = &[
    (3, "SET string value"),
    (2, "RPUSH list value"),
    (2, "HSET hash field value"),
    (2, "SADD set member"),
    (2, "ZADD zset score member"),
];

/// What moves keys of every type about and looks into them. OBJECT IDLETIME is not here: `aofd`
/// refuses it, because it keeps no access times.
const ACROSS_TYPES: Templates = &[
    (10, "COPY anykey anykey < [ DB database ] [ REPLACE ] >"),
    (6, "MOVE anykey database"),
    (4, "TOUCH {3 anykey }"),
    (6, "!OBJECT ENCODING anykey"),
    (2, "!OBJECT ( REFCOUNT / FREQ ) anykey"),
];

/// The log has FLUSHDB of a database that is not empty only.
const FLUSH: Templates = &[(1, "FLUSHDB [ ASYNC ]"), (1, "FLUSHALL [ SYNC ]")];

/// Enough in the keys that SORT is interesting. Nobody renames `sorted` and `ranked`, so theirs are
/// always a list and a sorted set. No element has a NUL: what the C library compares ends there.
/// No score is out of range: Redis's SORT would go on complaining about it, whatever it sorts.
const FILL: Templates = &[
    (6, "!RPUSH list {8 few }"),
    (6, "!SADD set {8 few }"),
    (6, "!ZADD zset {6 exactscore few }"),
    (6, "!SET string few"),
    (4, "!MSET {8 weightkey few }"),
    (4, "!HSET hash {6 few few }"),
    (4, "!RPUSH =sorted {6 few }"),
    (1, "!LTRIM =sorted =0 =30"),
    (1, "!ZADD =ranked {6 exactscore few }"),
    (6, "!( LPOP / RPOP / SCARD / ZCARD / HLEN ) anykey"),
];

/// Replies to SORT have a defined order only where the elements differ in what is compared, or
/// are the same.
const SORT: Templates = &[
    (8, "!SORT ( list / set / zset / hash / string ) < [ LIMIT index count ] [ ( ASC / DESC ) ] >"),
    (8, "!SORT ( list / set / zset ) < [ LIMIT index count ] [ ( ASC / DESC ) ] ALPHA >"),
    (8, "!SORT ( list / set / zset ) BY =weight:* < [ LIMIT index count ] [ ( ASC / DESC ) ] >"),
    (6, "!SORT ( list / set ) BY =weight:* {2 GET ( =# / =weight:* / =hash:1->* / =text:* ) }"),
    (6, "!SORT ( list / set / zset ) {2 GET ( =# / =weight:* / =hash:*->1 / =nothing ) }"),
    (4, "!SORT ( list / zset ) BY =nosort < [ ( ASC / DESC ) ] [ GET =# ] >"),
    (4, "!SORT ( =sorted / =ranked ) BY =nosort < [ LIMIT index count ] [ ( ASC / DESC ) ] >"),
    (6, "!SORT ( list / set / zset ) STORE list"),
    (6, "!SORT ( list / set / zset ) ALPHA [ GET =weight:* ] [ LIMIT =0 few ] STORE list"),
    (3, "!SORT ( list / set / zset ) BY =nosort STORE list"),
    (6, "!SORT =sorted BY =text:* ALPHA < [ ( ASC / DESC ) ] [ LIMIT few few ] >"),
    (3, "!SORT =sorted BY =texts->* ALPHA [ GET =texts->* ]"),
    (3, "SORT =never [ odd ] [ odd ]"),
    (2, "SORT =text odd odd"),
];

/// A text for each number below 20, none twice.
const SORT_TEXTS: &str = "
    SET text word
    MSET text:0 pear text:1 plum text:2 apple text:3 Apple text:4 fig text:5 kiwi text:6 date
    MSET text:7 lime text:8 lemon text:9 mango text:10 melon text:11 nut text:12 olive text:13 ugli
    MSET text:14 quince text:15 z text:16 zz text:17 A text:18 a text:19 aa
    HSET texts 0 pear 1 plum 2 apple 3 Apple 4 fig 5 kiwi 6 date 7 lime 8 lemon 9 mango 10 melon
    HSET texts 11 nut 12 olive 13 ugli 14 quince 15 z 16 zz 17 A 18 a 19 aa
";
