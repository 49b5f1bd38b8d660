//! HSET, HGETALL and their relatives.
