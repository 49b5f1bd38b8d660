//! The switch under every order of everything around it.
//!
//! # The question
//!
//! While a file takes the place of another, four parties move: the server's loop, its background
//! lanes, the child, the kernel. Each alone is easy. Whether an acknowledged write survives every
//! kill and every power cut is a question about all orders in which they can move, with every
//! failure at every place. This module asks it: the real [`crate::engine::Engine`] stands in a
//! small outside, and a search visits every state that the two can reach together.
//!
//! # How
//!
//! - [`disk`]: contents and names, each cached and durable on its own.
//! - [`child`]: what the parent can see of a child, in five stages.
//! - [`outside`]: performs effects; background work takes effect at one time and is told at
//!   another.
//! - [`story`]: what was executed, what was acknowledged, and what a failure would leave now.
//! - [`acts`]: what somebody can do in a state.
//! - [`switch`]: a state, and its moves. One move is one act with the effects that follow from
//!   it; a failing call inside is a move of its own.
//! - [`invariants`]: what must hold besides.
//! - [`search`]: breadth first, so that the way to a violation is a shortest one.
//!
//! Between any two effects, not only between moves, the process may be killed and the power cut.
//! What is found then is loaded with the real loader and judged by
//! [`crate::promise::check`]. States are told apart by [`crate::engine::Engine::digest`] and a
//! digest of the outside.
//!
//! # What is rejected
//!
//! A second, smaller model of the engine. One was made before there was an engine; it found the
//! order of the switch. It cannot say that this code keeps to it.
//!
//! # What is not covered
//!
//! Time is coarse: a move lets whole seconds pass, and only a few of them. The number of commands,
//! faults and changes of policy is bounded. Everything found inside these bounds is certain,
//! nothing is said about what lies outside.

mod acts;
mod child;
mod disk;
pub(crate) mod invariants;
mod outside;
pub(crate) mod search;
mod story;
mod switch;

mod tests;
