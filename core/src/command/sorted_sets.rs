//! ZADD, ZRANGE and their relatives.
