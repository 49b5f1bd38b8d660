//! LPUSH, LRANGE and their relatives.
