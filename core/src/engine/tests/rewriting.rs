//! Whole rewrites against a scripted outside, and after every event every crash that is possible
//! there.

mod edges;
mod info;
mod interruptions;
mod random;
mod rig;
mod traps;
mod whole;
