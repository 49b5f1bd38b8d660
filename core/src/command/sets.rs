//! SADD, SINTER and their relatives.
